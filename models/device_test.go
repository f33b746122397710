package models_test

import (
	"strings"
	"testing"

	"example.com/gatehouse/models"
)

// OWASP Injection Prevention: the header is untrusted input, and the name
// stands in security alerts, pages and the log (ASVS 16.4.1).
func TestDeviceName_SaysOnlyNamesFromTheList(t *testing.T) {
	const (
		mac    = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
		iPhone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
	)
	for agent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                              "Firefox on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                    "Firefox on Windows",
		mac + "Chrome/140.0.0.0 Safari/537.36":                                                                                                "Chrome on macOS",
		mac + "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0":                                                                                  "Edge on macOS",
		mac + "Chrome/140.0.0.0 Safari/537.36 OPR/120.0.0.0":                                                                                  "Opera on macOS",
		iPhone + "Version/18.5 Mobile/15E148 Safari/604.1":                                                                                    "Safari on iOS",
		iPhone + "CriOS/140.0.0.0 Mobile/15E148 Safari/604.1":                                                                                 "Chrome on iOS",
		"Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36": "Samsung Browser on Android",
		"Mozilla/5.0 (X11; CrOS x86_64 16181.61.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36":                     "Chrome on ChromeOS",

		"": "an unknown browser",
		"Your account is hacked Call support 0800 1234567":                        "an unknown browser",
		"Your account is hacked Call support 0800 1234567/1.0":                    "an unknown browser",
		mac + "Chrome/140 Safari/537.36 Your account is hacked Call support/0800": "an unknown browser on macOS",
		"Mozilla/5.0 (Your account is hacked; Call 0800) Firefox/1":               "Firefox",
		"Mozilla/5.0 (X11; Linux Call 0800) Firefox/Call-0800":                    "Firefox",
		"Fire\u200bfox/1.0":               "an unknown browser",
		"\u202eFirefox/1.0":               "an unknown browser",
		"Evil\r\nX/1.0":                   "an unknown browser",
		"\xff\xfe/1.0":                    "an unknown browser",
		strings.Repeat("é", 500) + "/1.0": "an unknown browser",
		"curl/8.5.0":                      "an unknown browser",
	} {
		if got := models.DeviceName(agent); got != want {
			t.Errorf("%q is called %q, want %q", agent, got, want)
		}
		if got := models.KnownDeviceName(want); got != want {
			t.Errorf("the stored name %q is shown as %q", want, got)
		}
	}
}

// ASVS 15.2.2: how much of the header is parsed is not the client's to choose.
func TestDeviceName_ReadsTheFirstKilobyte(t *testing.T) {
	pairs := strings.Repeat("a/1 ", 8000)
	if got := models.DeviceName(pairs + "Firefox/140.0"); got != "an unknown browser" {
		t.Errorf("a name after 32 kB: got %q, want an unknown browser", got)
	}
	long := testing.AllocsPerRun(10, func() { models.DeviceName(pairs) })
	short := testing.AllocsPerRun(10, func() { models.DeviceName(pairs[:1<<10]) })
	if long > short {
		t.Errorf("32 kB: got %v allocations, want the %v of 1 kB", long, short)
	}
}
