package mail

import (
	"fmt"
	"html"
	"math"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("CET", 3600))

// everyMessage returns each message, with made-up content.
func everyMessage(l Messages) (all []Message) {
	sample := Sample{To: "ada@example.com", Token: "T0ken_-x", Incident: seen("2001:db8::7", "Firefox on Linux"), ConfirmTTL: time.Hour, ResetTTL: time.Hour}
	for _, preview := range Previews() {
		all = append(all, preview(l, sample))
	}
	return append(all, l.MoreAlerts(sample.To, manyAlerts, sample.Incident))
}

// The kind of a message is the name of its method, as tables write names.
func TestLaw_EveryMessageHasAPreview(t *testing.T) {
	kinds := map[string]bool{}
	for _, m := range everyMessage(messages) {
		kinds[m.Kind] = true
	}
	for method := range reflect.TypeFor[Messages]().Methods() {
		if method.Type.In(method.Type.NumIn()-1) == reflect.TypeFor[Content]() {
			continue // Write and Alert, which the others call
		}
		kind := strings.ToLower(regexp.MustCompile("([a-z])([A-Z])").ReplaceAllString(method.Name, "${1}_${2}"))
		if method.Type.NumOut() == 1 && method.Type.Out(0) == reflect.TypeFor[Message]() && !kinds[kind] {
			t.Errorf("Messages.%s has no preview of the kind %s: write a Preview next to it and name it in Previews (mail/preview.go)", method.Name, kind)
		}
	}
}

// manyAlerts is one line of every kind.
var manyAlerts = Fold(Fold(Fold(nil,
	Alert{"A passkey was added: Bitwarden.", noon, "2001:db8::7", "Firefox on Linux"}),
	Alert{"Somebody has logged in to your Acme account on a device that we have not seen you use before.", noon, "192.0.2.7", "Chrome on iOS"}),
	Alert{"Somebody has logged in to your Acme account on a device that we have not seen you use before.", noon.Add(time.Minute), "192.0.2.8", "x"})

func seen(ip, device string) Incident {
	return Incident{At: noon, IP: ip, Device: device, Token: "T0ken_-x", Life: 7 * 24 * time.Hour}
}

func TestEveryMessageIsFitToBeSentAndReadInTheDark(t *testing.T) {
	for _, m := range everyMessage(messages) {
		if err := m.check(); err != nil {
			t.Errorf("%s: %v", m.Kind, err)
		}
		_, dark, _ := strings.Cut(m.HTML, "@media (prefers-color-scheme: dark)")
		dark, _, _ = strings.Cut(dark, "@media")
		contains(t, dark, ".card { background-color: "+darkCard)
		contains(t, dark, ".ink { color: "+darkInk)
	}
}

// Readers are asked to trust one button. A second link would also be one that
// attackers could copy.
func TestLaw_EveryMessageHasOneLinkToTheConfiguredAddress(t *testing.T) {
	const advice = "a message has one link, that of its button: put others on the page that it leads to"
	for _, m := range everyMessage(messages) {
		links := regexp.MustCompile(`(?:href|src)="([^"]*)"`).FindAllStringSubmatch(m.HTML, -1)
		inText := regexp.MustCompile(`\S*(?:://|www\.)\S*`).FindAllString(m.Text, -1)
		switch {
		case len(links) != 1 || len(inText) != 1:
			t.Errorf("%s: got the links %v in the HTML and %v in the text; %s", m.Kind, links, inText, advice)
		case html.UnescapeString(links[0][1]) != inText[0] || !strings.HasPrefix(inText[0], "https://app.example.com/"):
			t.Errorf("%s: got a link to %s in the HTML and to %s in the text, want one below https://app.example.com", m.Kind, links[0][1], inText[0])
		}
	}
}

// What was done to an account is told with when, from where and on what device, and with the link for when it was not its owner.
func TestItem17AnAlertTellsWhenWhereAndOnWhatDevice(t *testing.T) {
	alerts := 0
	for _, m := range everyMessage(messages) {
		if !strings.Contains(m.Text, "/security-alert?") && !strings.Contains(m.Text, "/email/undo?") {
			continue
		}
		alerts++
		for _, fact := range []string{Moment(noon), "2001:db8::7", "Firefox on Linux"} {
			contains(t, m.Text, fact)
			contains(t, m.HTML, fact)
		}
	}
	if alerts < 5 {
		t.Errorf("%d letters are alerts", alerts)
	}
}

func TestTheTextSaysWhatTheHTMLSays(t *testing.T) {
	tags := regexp.MustCompile(`(?s)<style>.*?</style>|<[^>]*>`)
	words := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	for _, m := range everyMessage(messages) {
		page := words(html.UnescapeString(tags.ReplaceAllString(m.HTML, " ")))
		body, _, _ := strings.Cut(m.Text, "\n--\n")
		for paragraph := range strings.SplitSeq(body, "\n\n") {
			paragraph = words(strings.Trim(strings.ReplaceAll(paragraph, "=====", ""), "=:\n"))
			for _, part := range strings.Split(paragraph, "    ") {
				if part = words(strings.NewReplacer("When:", "When", "What:", "What", "From:", "From", "IP address:", "IP address", "Device:", "Device").Replace(part)); !strings.Contains(page, part) {
					t.Errorf("%s: the HTML lacks %q", m.Kind, part)
				}
			}
		}
	}
}

func TestTheTextIsWrappedWithoutBreakingTheLink(t *testing.T) {
	for _, m := range everyMessage(NewMessages("The Society for Analytical Engines", &url.URL{Scheme: "https", Host: "a-rather-long-name.of-an-application.example.com"})) {
		for line := range strings.Lines(m.Text) {
			if line = strings.TrimRight(line, "\n"); utf8.RuneCountInString(line) > textWidth && !strings.HasPrefix(line, "https://") {
				t.Errorf("%s: a line of %d columns: %s", m.Kind, utf8.RuneCountInString(line), line)
			}
		}
	}
}

// OWASP Injection Prevention: an alert's reader trusts every word of it, and
// the User-Agent header is the attacker's to write.
func TestAlert_NamesOnlyDevicesFromTheList(t *testing.T) {
	for device, want := range map[string]string{
		"Firefox on Linux":         "Firefox on Linux",
		"Safari on iOS":            "Safari on iOS",
		"Chrome":                   "Chrome",
		"Hacked on macOS":          "an unknown browser on macOS",
		"Firefox on your accounts": "Firefox",
		"":                         "an unknown browser",
		"Your account is hacked Call support 0800": "an unknown browser",
		"Firefox\u202e on Linux":                   "an unknown browser on Linux",
		"Fire\u200bfox on Linux":                   "an unknown browser on Linux",
		"x\r\nBcc: eve@example.com":                "an unknown browser",
	} {
		got := messages.PasswordChanged("a@example.com", seen("192.0.2.7", device))
		contains(t, got.Text, "Device:     "+want+"\n")
		contains(t, got.HTML, ">"+want+"</td>")
	}
	contains(t, messages.PasswordChanged("a@example.com", seen("evil.example", "x")).Text, "IP address: unknown\n")
	contains(t, messages.PasswordChanged("a@example.com", seen("fe80::1%call-0800", "x")).Text, "IP address: fe80::1\n")
	contains(t, messages.PasswordChanged("a@example.com", seen("192.0.2.7", "x")).Text, "When:       March 1, 2026 at 11:00 UTC\n")
}

func TestNamesAreEscaped(t *testing.T) {
	m := NewMessages(`A&B "C"`, &url.URL{Scheme: "https", Host: "x.example"}).ConfirmAddress("a@example.com", "t", time.Hour)
	contains(t, m.HTML, "A&amp;B &#34;C&#34;")
}

func TestNothingIsEscapedTwice(t *testing.T) {
	for _, m := range everyMessage(messages) {
		lacks(t, m.HTML, "&amp;")
	}
}

func TestATokenIsEscapedInTheLink(t *testing.T) {
	m := messages.ResetPassword("a@example.com", `a+b/c&d="><x`, time.Hour)
	contains(t, m.Text, "?token=a%2Bb%2Fc%26d%3D%22%3E%3Cx\n")
	lacks(t, m.HTML, "<x")
}

func TestALifeIsSaidInItsLargestUnit(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Minute: "1 minute", 30 * time.Minute: "30 minutes", 90 * time.Minute: "90 minutes", time.Hour: "1 hour",
		24 * time.Hour: "24 hours", 36 * time.Hour: "36 hours", 48 * time.Hour: "2 days", 7 * 24 * time.Hour: "7 days",
	} {
		if got := Lasting(d); got != want {
			t.Errorf("%s is said as %q, not %q", d, got, want)
		}
	}
}

func TestItem66AMessageThatCouldForgeHeadersIsRefused(t *testing.T) { // ASVS 1.3.11
	for what, spoil := range map[string]func(*Message){
		"a line break in the subject":         func(m *Message) { m.Subject = "Hi\r\nBcc: eve@example.com" },
		"a lone line feed in the subject":     func(m *Message) { m.Subject = "Hi\nBcc: eve@example.com" },
		"a line separator in the subject":     func(m *Message) { m.Subject = "Hi\u2028Bcc: eve@example.com" },
		"a NUL in the subject":                func(m *Message) { m.Subject = "Hi\x00" },
		"an endless subject":                  func(m *Message) { m.Subject = strings.Repeat("x", 201) },
		"no subject":                          func(m *Message) { m.Subject = "" },
		"a line break in the address":         func(m *Message) { m.To = "ada@example.com\r\nBcc: eve@example.com" },
		"a line break after the address":      func(m *Message) { m.To = "ada@example.com\n" },
		"two addresses":                       func(m *Message) { m.To = "ada@example.com, eve@example.com" },
		"an address with a name":              func(m *Message) { m.To = "Ada <ada@example.com>" },
		"a quoted local part":                 func(m *Message) { m.To = `"ada eve"@example.com` },
		"an address with a parameter":         func(m *Message) { m.To = "ada@example.com> NOTIFY=NEVER" },
		"an address with a comment":           func(m *Message) { m.To = "ada@example.com(eve)" },
		"no address":                          func(m *Message) { m.To = "" },
		"an endless address":                  func(m *Message) { m.To = strings.Repeat("a", 250) + "@example.com" },
		"no HTML":                             func(m *Message) { m.HTML = "" },
		"no text":                             func(m *Message) { m.Text = "" },
		"more than a mailbox takes":           func(m *Message) { m.HTML = strings.Repeat("x", maxBody) },
		"an address that is not valid UTF-8":  func(m *Message) { m.To = "ad\xff@example.com" },
		"something that could not be written": func(m *Message) { m.err = fmt.Errorf("no paper") },
	} {
		m := reset("ada@example.com")
		spoil(&m)
		if m.check() == nil {
			t.Errorf("%s is accepted", what)
		}
	}
}

func TestTheButtonCanBeReadInEveryScheme(t *testing.T) { // WCAG 1.4.3
	for _, pair := range [][2]string{
		{"#ffffff", accent}, {inkColor, cardColor}, {inkColor, canvasColor}, {softColor, cardColor}, {softColor, canvasColor},
		{darkInk, darkCard}, {darkInk, darkCanvas}, {darkSoft, darkCard}, {darkSoft, darkCanvas},
	} {
		if ratio := contrast(pair[0], pair[1]); ratio < 4.5 {
			t.Errorf("%s on %s has a contrast of %.2f", pair[0], pair[1], ratio)
		}
	}
}

// contrast is WCAG 2.2's contrast ratio of two colors written #rrggbb.
func contrast(a, b string) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(color string) float64 {
	var channels [3]uint8
	fmt.Sscanf(color, "#%02x%02x%02x", &channels[0], &channels[1], &channels[2])
	var sum float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		c := float64(channels[i]) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
