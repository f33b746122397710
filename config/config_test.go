package config

import (
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// production has every setting that production requires.
var production = []string{
	"APP_ENV=production", "APP_URL=https://app.example.com", "DATABASE_URL=sqlite:data/app.db",
	"SECRET_KEY=3f9c1a7be2d8460599b1c2d3e4f5a6b7", "SMTP_URL=smtps://user:p%40ss@mail.example.com:465",
	"MAIL_FROM=Acme <hello@example.com>",
	"TRUSTED_PROXIES=127.0.0.1",
}

func TestDevelopment_NeedsNoSettings(t *testing.T) {
	t.Chdir(t.TempDir())
	c := mustLoad(t)
	if c.Production || c.AppURL.String() != "http://localhost:3000" || c.Listen != "127.0.0.1:3000" ||
		c.PasswordMin != 15 || !c.RateLimit ||
		c.SessionIdle != 24*time.Hour || c.SessionMax != 168*time.Hour || c.RememberMax != 720*time.Hour ||
		c.ResetTTL != 30*time.Minute || c.ReauthTTL != 10*time.Minute {
		t.Errorf("%+v", c)
	}
	if again := mustLoad(t); !slices.Equal(again.SecretKeys, c.SecretKeys) || len(c.SecretKeys[0]) != 64 {
		t.Errorf("the second start: got key %q, want %q", again.SecretKeys, c.SecretKeys)
	}
	if info, err := os.Stat("data/secret.key"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("data/secret.key: got mode %v (%v), want 0600", info.Mode(), err)
	}
}

func mustLoad(t *testing.T) Config {
	t.Helper()
	c, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.KeepSecret(); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestKeepSecret_GivesParallelStartsTheSameKey(t *testing.T) {
	t.Chdir(t.TempDir())
	keys := make([]string, 20)
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() {
			if c, err := Load(nil); err == nil && c.KeepSecret() == nil {
				keys[i] = c.SecretKeys[0]
			}
		})
	}
	all.Wait()
	slices.Sort(keys)
	if keys = slices.Compact(keys); len(keys) != 1 || keys[0] == "" {
		t.Errorf("got keys %q, want one", keys)
	}
}

func TestProduction_StartsWithEverySetting(t *testing.T) {
	c, err := Load(production)
	if err != nil {
		t.Fatal(err)
	}
	if !c.Production || !c.HTTPS() || c.SMTPURL.Port() != "465" || c.MailFrom.Address != "hello@example.com" {
		t.Errorf("%+v", c)
	}
}

func TestProduction_ReportsEveryFaultAtOnce(t *testing.T) {
	_, err := Load([]string{"APP_ENV=production", "RATE_LIMIT=off", "APP_URL=http://app.example.com",
		"SECRET_KEY=short", "PASSWORD_MIN=4"})
	var faults Faults
	if !errors.As(err, &faults) {
		t.Fatal(err)
	}
	for _, name := range []string{"RATE_LIMIT", "APP_URL", "SECRET_KEY", "PASSWORD_MIN", "DATABASE_URL", "SMTP_URL",
		"MAIL_FROM", "TRUSTED_PROXIES"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %s named in it", err, name)
		}
	}
}

func TestFault_SaysWhatToDo(t *testing.T) {
	for _, fault := range []struct{ setting, says string }{
		{"APP_ENV=prod", "development or production"},
		{"APP_ENV=Production", "development or production"},
		{"APP_URL=app.example.com", "https://app.example.com"},
		{"APP_URL=https://app.example.com/path", "without a path"},
		{"APP_URL=https://app.example.com?x=y", "without a path"},
		{"APP_URL=https://user@app.example.com", "origin"},
		{"APP_URL=https://bücher.example", "xn--"},
		{"APP_URL=https://", "origin"},
		{"APP_URL=https://:443", "origin"},
		{"APP_URL=https://app.example.com:", "origin"},
		{"APP_URL=https://app.example.com:99999", "origin"},
		{"APP_URL=https://app.example.com:0", "origin"},
		{"APP_URL=https://app.example.com:08443", "origin"},
		{"APP_URL=https://*.example.com", "origin"},
		{"APP_URL=https://127.1", "origin"},
		{"APP_URL=https://0x7f.1.", "origin"},
		{"APP_URL=https://[0:0::1]", "origin"},
		{"APP_URL=https://[fe80::1%25eth0]", "origin"},
		{"APP_URL=https://" + strings.Repeat("a", 254), "origin"},
		{"APP_NAME=a\nb", "printable"},
		{"APP_NAME=a\tb", "printable"},
		{"APP_NAME=a\x00b", "printable"},
		{"APP_NAME=a\u2028b", "printable"},
		{"APP_NAME=\xff", "printable"},
		{"APP_NAME=<b>", "without <"},
		{"APP_NAME=" + strings.Repeat("x", 61), "60 bytes"},
		{"HOST=[::1]", "HOST"},
		{"HOST=127.0.0.1:3000", "HOST"},
		{"HOST=local host", "HOST"},
		{"PORT=http", "PORT"},
		{"PORT=99999", "PORT"},
		{"PORT=-1", "PORT"},
		{"PORT=0", "1 to 65535"},
		{"SESSION_IDLE=a day", "SESSION_IDLE"},
		{"SESSION_IDLE=-1h", "1m"},
		{"SESSION_IDLE=24", "SESSION_IDLE"},
		{"SESSION_MAX=9999h", "SESSION_MAX"},
		{"SESSION_MAX=99999999999h", "SESSION_MAX"},
		{"REMEMBER_MAX=99999h", "REMEMBER_MAX"},
		{"CONFIRM_TTL=0s", "CONFIRM_TTL"},
		{"RESET_TTL=48h", "RESET_TTL"},
		{"STEP_UP_TTL=2h", "STEP_UP_TTL"},
		{"PASSWORD_MIN=7", "8"},
		{"PASSWORD_MIN=-15", "8"},
		{"PASSWORD_MIN=65", "64"},
		{"PASSWORD_MIN=ten", "PASSWORD_MIN"},
		{"PASSWORD_MIN=99999999999999999999", "PASSWORD_MIN"},
		{"TRUSTED_PROXIES=", "the word none"},
		{"TRUSTED_PROXIES=none,10.0.0.1", `"none"`},
		{"TRUSTED_PROXIES=10.0.0.0/8,proxy", `"proxy"`},
		{"TRUSTED_PROXIES=10.0.0.0/8,", `""`},
		{"TRUSTED_PROXIES=10.0.0.0/33", `"10.0.0.0/33"`},
		{"TRUSTED_PROXIES=0.0.0.0/0", "half the internet"},
		{"TRUSTED_PROXIES=0.0.0.0/1,10.0.0.0/8", "half the internet"},
		{"TRUSTED_PROXIES=::ffff:0.0.0.0/96", "half the internet"},
		{"TRUSTED_PROXIES=::ffff:0.0.0.0/90", "10.0.0.0/8"},
		{"SMTP_URL=mail.example.com:587", "smtp://"},
		{"SMTP_URL=smtp://mail.example.com:99999", "smtp://"},
		{"SMTP_URL=smtp://:587", "smtp://"},
		{"SMTP_URL=smtp://mail.example.com:", "smtp://"},
		{"SMTP_URL=smtp://user:1234#x@mail.example.com", "%23"},
		{"SMTP_URL=smtp://user:1234?x@mail.example.com", "%23"},
		{"SMTP_URL=smtp://mail.example.com/inbox", "smtp://"},
		{"SMTP_URL=smtp://user@mail.example.com", "smtp://user:password"},
		{"SMTP_HELO=box", "app.example.com"},
		{"SMTP_HELO=[box]", "app.example.com"},
		{"SMTP_HELO=192.0.2.1", "[192.0.2.1]"},
		{"SMTP_HELO=app.example.com\r\nRSET", "app.example.com"},
		{"SMTP_URL=smtp://:apikey@mail.example.com", "smtp://user:password"},
		{"MAIL_FROM=Acme", "hello@example.com"},
		{"MAIL_FROM=hello@bücher.example", "xn--"},
		{"MAIL_FROM=\xff <hello@example.com>", "hello@example.com"},
		{"MAIL_FROM=a@example.com, b@example.com", "hello@example.com"},
		{"MAIL_FROM=" + strings.Repeat("a", 250) + "@example.com", "hello@example.com"},
		{"DATABASE_URL=mysql://x", "postgres://"},
		{"DATABASE_URL=sqlite:", "sqlite:data/app.db"},
		{"DATABASE_URL=sqlite::memory:", "sqlite:data/app.db"},
		{"DATABASE_URL=postgres://u:p@h:port/x", "DATABASE_URL"},
		{"DATABASE_URL=postgres://u:p@h/x?sslmode=on", "sslmode"},
		{"DATABASE_URL=postgres://u:p@h/x?sslmode=require", "sslmode=verify-full"},
		{"DATABASE_URL=postgres://u:p@h/x?sslmode=prefer", "sslmode=disable"},
		{"DATABASE_URL=postgres://u:p@h/x?sslmode=allow", "sslmode=verify-full"},
		{"SECRET_KEY=" + strings.Repeat("abcdefgh", 4), "random"},
		{"SECRET_KEY=please-change-this-secret-0123456789", "random"},
		{"SECRET_KEY=" + strings.Repeat("a", 40), "random"},
		{"SECRET_KEY=3f9c1a7be2d8460599b1c2d3e4f5a6b7,short", "number 2"},
		{"SECRET_KEY=3f9c1a7be2d8460599b1c2d3e4f5a6b7,", "number 2"},
		{"RATE_LIMIT=no", "on or off"},
		{"TEMPL_DEV_MODE=true", "remove it in production"},
	} {
		_, err := Load(append(slices.Clone(production), fault.setting))
		if err == nil || !strings.Contains(err.Error(), fault.says) {
			t.Errorf("%q: got %v, want an error that says %q", fault.setting, err, fault.says)
		}
		if faults, ok := errors.AsType[Faults](err); ok && len(faults) != 1 {
			t.Errorf("%q: got %d messages, want 1: %q", fault.setting, len(faults), faults)
		}
	}
}

func TestLoad_AcceptsValidSettings(t *testing.T) {
	for _, setting := range []string{
		"APP_URL=https://app.example.com:8443", "APP_URL=https://[2001:db8::1]:8443", "APP_URL=https://192.0.2.1/",
		"APP_URL=https://xn--bcher-kva.example",
		"APP_NAME=Bücher & Söhne, 書店", "HOST=::1", "HOST=::", "HOST=fe80::1%eth0", "HOST=localhost", "PORT=65535",
		"PASSWORD_MIN=64", "PASSWORD_MIN= 8 ",
		"TRUSTED_PROXIES=none", "TRUSTED_PROXIES= 10.0.0.0/8 , ::1", "SMTP_URL=smtp://mail",
		"SMTP_URL=smtps://user:p%23ss@[2001:db8::1]:465/",
		"DATABASE_URL=postgres://u:p@h1,h2/x", "DATABASE_URL=postgres://u:p@h/x?sslmode=disable",
		"DATABASE_URL=postgres://u:p@localhost/x?sslmode=require",
	} {
		if _, err := Load(append(slices.Clone(production), setting)); err != nil {
			t.Errorf("%q: got %v, want no error", setting, err)
		}
	}
}

func TestDevelopment_DerivesAppURLFromPort(t *testing.T) {
	if c, err := Load([]string{"PORT=3001"}); err != nil || c.AppURL.String() != "http://localhost:3001" {
		t.Errorf("got %s (%v), want http://localhost:3001", c.AppURL, err)
	}
	if c, err := Load([]string{"PORT=3001", "APP_URL=http://localhost:3000"}); err != nil ||
		c.AppURL.String() != "http://localhost:3000" {
		t.Errorf("behind a proxy: got %s (%v), want http://localhost:3000", c.AppURL, err)
	}
}

// ASVS 5.0 V13.4.2: debug modes are off in production. With the settings of
// production but without APP_ENV, the program must not start as a development
// site that strangers can reach.
func TestDevelopment_RefusesAForgottenAppEnv(t *testing.T) {
	_, err := Load(production[1:])
	if err == nil || !strings.Contains(err.Error(), "set APP_ENV=production") {
		t.Errorf("without APP_ENV got %v, want an error that says to set APP_ENV=production", err)
	}
}

func TestDevelopment_RefusesAPublicAppURL(t *testing.T) {
	for _, site := range []string{
		"http://app.example.com", "http://192.0.2.1:3000", "http://[2001:db8::1]:3000", "http://100.64.0.1",
		"http://localhost.example.com",
		"http://example.com.", "http://notlocalhost.com", "http://evil-local.net", "http://8.8.8.8",
		"https://localhost:3000", "https://192.168.1.7",
	} {
		if _, err := Load([]string{"APP_URL=" + site}); err == nil ||
			!strings.Contains(err.Error(), "set APP_ENV=production") {
			t.Errorf("development at %s gives %v, want an error that says to set APP_ENV=production", site, err)
		}
	}
}

func TestDevelopment_StartsOnThisMachineAndPrivateNetworks(t *testing.T) {
	for _, site := range []string{
		"http://localhost:3000", "http://LOCALHOST", "http://localhost.:3000", "http://shop.localhost:3000",
		"http://127.0.0.1:3000", "http://[::1]:3000", "http://0.0.0.0:3000",
		"http://192.168.1.7:3000", "http://10.0.0.7", "http://172.16.0.7", "http://169.254.1.1",
		"http://[fd00::7]:3000",
		"http://laptop:3000", "http://laptop.local:3000", "http://shop.test", "http://shop.internal",
		"http://laptop.home.arpa",
	} {
		if _, err := Load([]string{"APP_URL=" + site}); err != nil {
			t.Errorf("development at %s: %v", site, err)
		}
	}
}

// Peers are compared in IPv4 form if they have one.
func TestTrustedProxies_AcceptsIPv4InIPv6Form(t *testing.T) {
	for setting, want := range map[string]string{"::ffff:10.0.0.0/104": "10.0.0.0/8", "::ffff:10.0.0.1": "10.0.0.1/32",
		"fe80::1%eth0": "fe80::1/128", "10.1.2.3/8": "10.0.0.0/8"} {
		if c, err := Load([]string{"TRUSTED_PROXIES=" + setting}); err != nil || c.TrustedProxies[0].String() != want {
			t.Errorf("%s: got %s (%v), want %s", setting, c.TrustedProxies, err, want)
		}
	}
}

// RFC 6265bis 4.1.3.2 defines the prefix for https. Cookie names must be tokens
// (RFC 9110 5.6.2).
func TestCookiePrefix_DiffersByProductAndPort(t *testing.T) {
	for settings, want := range map[[2]string]string{
		{"APP_NAME=Acme Shop", "APP_URL=http://localhost:3001"}: "acmeshop-3001-",
		{"APP_NAME=Acme Shop", "APP_URL=http://laptop"}:         "acmeshop-80-",
		{"APP_NAME=書店", "PORT=3002"}:                            "3002-",
	} {
		c, err := Load(settings[:])
		if err != nil || c.CookiePrefix() != want {
			t.Errorf("%q: the prefix is %q, want %q (%v)", settings, c.CookiePrefix(), want, err)
		}
	}
	c, err := Load(append(slices.Clone(production), "APP_URL=https://app.example.com:8443"))
	if err != nil || c.CookiePrefix() != "__Host-" {
		t.Errorf("the prefix is %q in production, want __Host- (%v)", c.CookiePrefix(), err)
	}
}

func TestFault_OmitsThePassword(t *testing.T) {
	_, err := Load(append(slices.Clone(production), "SMTP_URL=http://user:hunter2@mail.example.com"))
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
}

func TestAppURL_DropsTheDefaultPort(t *testing.T) {
	c, err := Load(append(slices.Clone(production), "APP_URL=https://App.Example.com:443/"))
	if err != nil || c.AppURL.String() != "https://app.example.com" {
		t.Errorf("got %v (%v), want https://app.example.com", c.AppURL, err)
	}
}

func TestSecretKeys_AreSeparatedByCommas(t *testing.T) {
	c, err := Load(append(slices.Clone(production),
		"SECRET_KEY=ffffffffffffffffffffffffffff00112233445566778899, 3f9c1a7be2d8460599b1c2d3e4f5a6b7"))
	if err != nil || len(c.SecretKeys) != 2 || c.SecretKeys[1] != "3f9c1a7be2d8460599b1c2d3e4f5a6b7" {
		t.Errorf("got %q (%v), want two keys", c.SecretKeys, err)
	}
}

func TestLoad_TreatsEmptyAsUnset(t *testing.T) {
	if _, err := Load(append(slices.Clone(production), "APP_NAME=", "SMTP_URL=")); err == nil ||
		!strings.Contains(err.Error(), "SMTP_URL is not set") {
		t.Error(err)
	}
}

func TestKeepSecret_ReportsAnUnwritableFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("data", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.KeepSecret(); err == nil || !strings.Contains(err.Error(), "set SECRET_KEY") {
		t.Error(err)
	}
}

func TestMailFrom_DefaultsToTheNameOfTheApplication(t *testing.T) {
	for setting, want := range map[string]string{"MAIL_FROM=": "Acme, Inc.",
		"MAIL_FROM=hello@example.com": "Acme, Inc.", "MAIL_FROM=Ada <ada@example.com>": "Ada"} {
		if c, err := Load([]string{"APP_NAME=Acme, Inc.", setting}); err != nil || c.MailFrom.Name != want {
			t.Errorf("%s: got %s (%v), want the name %s", setting, c.MailFrom, err, want)
		}
	}
}

// A school may have more than 30 registrations an hour from one IP address.
func TestLimitsPerAddress_AreSettingsWithinBounds(t *testing.T) {
	c, err := Load([]string{"SIGNUPS_PER_ADDRESS=300", "LOGIN_FAILURES_PER_ADDRESS=10", "MAILS_PER_ADDRESS=10000"})
	if err != nil || c.SignUpsPerAddress != 300 || c.LoginFailuresPerAddress != 10 || c.MailsPerAddress != 10000 {
		t.Errorf("got %d, %d, %d (%v)", c.SignUpsPerAddress, c.LoginFailuresPerAddress, c.MailsPerAddress, err)
	}
	c, err = Load(nil)
	if err != nil || c.SignUpsPerAddress != 30 || c.LoginFailuresPerAddress != 100 || c.MailsPerAddress != 30 {
		t.Errorf("the defaults: got %d, %d, %d (%v)", c.SignUpsPerAddress, c.LoginFailuresPerAddress,
			c.MailsPerAddress, err)
	}
	for _, name := range []string{"SIGNUPS_PER_ADDRESS", "LOGIN_FAILURES_PER_ADDRESS", "MAILS_PER_ADDRESS"} {
		for value, want := range map[string]string{
			"9": "a number from 10 to 10000", "10001": "a number from 10 to 10000", "-1": "a number from 10 to 10000",
			"many": "a whole number",
		} {
			if _, err := Load([]string{name + "=" + value}); err == nil || !strings.Contains(err.Error(), name) ||
				!strings.Contains(err.Error(), want) {
				t.Errorf("%s=%s: got %v, want a fault that says %s", name, value, err, want)
			}
		}
	}
}

// RFC 5321 4.1.3: an IP address is written in brackets.
func TestSMTPHelo_IsTheHostOfAppURLUnlessSet(t *testing.T) {
	for setting, want := range map[string]string{
		"APP_URL=https://app.example.com:8443": "app.example.com",
		"APP_URL=http://192.168.1.7:3000":      "[192.168.1.7]",
		"APP_URL=http://[::1]:3000":            "[IPv6:::1]",
		"SMTP_HELO=mail.example.com":           "mail.example.com",
		"SMTP_HELO=[192.0.2.1]":                "[192.0.2.1]",
		"SMTP_HELO=[IPv6:2001:db8::1]":         "[IPv6:2001:db8::1]",
	} {
		settings := []string{setting}
		if strings.HasPrefix(setting, "APP_URL=https") {
			settings = append(slices.Clone(production), setting)
		}
		c, err := Load(settings)
		if err != nil || c.SMTPHelo != want {
			t.Errorf("%s: EHLO %q, want %q (%v)", setting, c.SMTPHelo, want, err)
		}
	}
}
