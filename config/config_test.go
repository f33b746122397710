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

// production is everything that production needs.
var production = []string{
	"APP_ENV=production", "APP_URL=https://app.example.com", "DATABASE_URL=sqlite:data/app.db",
	"SECRET_KEY=3f9c1a7be2d8460599b1c2d3e4f5a6b7", "SMTP_URL=smtps://user:p%40ss@mail.example.com:465", "MAIL_FROM=Acme <hello@example.com>",
}

func TestDevelopmentNeedsNoSettings(t *testing.T) {
	t.Chdir(t.TempDir())
	c := mustLoad(t)
	if c.Production || c.AppURL.String() != "http://localhost:3000" || c.Listen != "127.0.0.1:3000" || c.PasswordMin != 15 || !c.RateLimit ||
		c.SessionIdle != 24*time.Hour || c.SessionMax != 168*time.Hour || c.RememberMax != 720*time.Hour || c.ResetTTL != 30*time.Minute || c.StepUpTTL != 10*time.Minute {
		t.Errorf("%+v", c)
	}
	if again := mustLoad(t); !slices.Equal(again.SecretKeys, c.SecretKeys) || len(c.SecretKeys[0]) != 64 {
		t.Errorf("the key was %q and is %q", c.SecretKeys, again.SecretKeys)
	}
	if info, err := os.Stat("data/secret.key"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file is %v (%v)", info.Mode(), err)
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

func TestFirstStartsAtOnceAgreeOnTheirKey(t *testing.T) {
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
		t.Errorf("the keys are %q", keys)
	}
}

func TestProductionStartsWithEverythingSet(t *testing.T) {
	c, err := Load(production)
	if err != nil {
		t.Fatal(err)
	}
	if !c.Production || !c.HTTPS() || c.SMTPURL.Port() != "465" || c.MailFrom.Address != "hello@example.com" {
		t.Errorf("%+v", c)
	}
}

func TestProductionNamesEveryFaultAtOnce(t *testing.T) {
	_, err := Load([]string{"APP_ENV=production", "RATE_LIMIT=off", "APP_URL=http://app.example.com", "SECRET_KEY=short", "PASSWORD_MIN=4"})
	var faults Faults
	if !errors.As(err, &faults) {
		t.Fatal(err)
	}
	for _, name := range []string{"RATE_LIMIT", "APP_URL", "SECRET_KEY", "PASSWORD_MIN", "DATABASE_URL", "SMTP_URL", "MAIL_FROM"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named in:\n%v", name, err)
		}
	}
}

func TestEveryFaultSaysWhatToDo(t *testing.T) {
	for _, fault := range []struct{ setting, says string }{
		{"APP_ENV=prod", "development or production"},
		{"APP_URL=app.example.com", "https://app.example.com"},
		{"APP_URL=https://app.example.com/path", "without a path"},
		{"APP_URL=https://user@app.example.com", "origin"},
		{"APP_URL=https://bücher.example", "xn--"},
		{"APP_NAME=a\nb", "line breaks"},
		{"PORT=http", "PORT"},
		{"PORT=99999", "PORT"},
		{"SESSION_IDLE=a day", "SESSION_IDLE"},
		{"SESSION_IDLE=-1h", "1m"},
		{"SESSION_MAX=9999h", "SESSION_MAX"},
		{"REMEMBER_MAX=99999h", "REMEMBER_MAX"},
		{"RESET_TTL=48h", "RESET_TTL"},
		{"STEP_UP_TTL=2h", "STEP_UP_TTL"},
		{"PASSWORD_MIN=7", "8"},
		{"PASSWORD_MIN=ten", "PASSWORD_MIN"},
		{"TRUSTED_PROXIES=10.0.0.0/8,proxy", `"proxy"`},
		{"TRUSTED_PROXIES=0.0.0.0/0", "half the internet"},
		{"TRUSTED_PROXIES=0.0.0.0/1,128.0.0.0/1", "half the internet"},
		{"APP_NAME=" + strings.Repeat("x", 61), "60 bytes"},
		{"SMTP_URL=smtp://mail.example.com:99999", "smtp://"},
		{"SECRET_KEY=" + strings.Repeat("abcdefgh", 4), "random"},
		{"SECRET_KEY=please-change-this-secret-0123456789", "random"},
		{"SMTP_URL=mail.example.com:587", "smtp://"},
		{"MAIL_FROM=Acme", "hello@example.com"},
		{"DATABASE_URL=mysql://x", "postgres://"},
		{"SECRET_KEY=" + strings.Repeat("a", 40), "random"},
		{"SECRET_KEY=3f9c1a7be2d8460599b1c2d3e4f5a6b7,short", "number 2"},
		{"RATE_LIMIT=no", "on or off"},
	} {
		_, err := Load(append(slices.Clone(production), fault.setting))
		if err == nil || !strings.Contains(err.Error(), fault.says) {
			t.Errorf("%q: %v does not say %q", fault.setting, err, fault.says)
		}
	}
}

func TestAFaultyAddressDoesNotShowItsPassword(t *testing.T) {
	_, err := Load(append(slices.Clone(production), "SMTP_URL=http://user:hunter2@mail.example.com"))
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
}

func TestTheSchemesOwnPortIsNoPartOfAnOrigin(t *testing.T) {
	c, err := Load(append(slices.Clone(production), "APP_URL=https://App.Example.com:443/"))
	if err != nil || c.AppURL.String() != "https://app.example.com" {
		t.Errorf("%v (%v)", c.AppURL, err)
	}
}

func TestSecretKeysRotate(t *testing.T) {
	c, err := Load(append(slices.Clone(production), "SECRET_KEY=ffffffffffffffffffffffffffff00112233445566778899, 3f9c1a7be2d8460599b1c2d3e4f5a6b7"))
	if err != nil || len(c.SecretKeys) != 2 || c.SecretKeys[1] != "3f9c1a7be2d8460599b1c2d3e4f5a6b7" {
		t.Errorf("%q (%v)", c.SecretKeys, err)
	}
}

func TestASettingWithNothingInItIsNotSet(t *testing.T) {
	if _, err := Load(append(slices.Clone(production), "APP_NAME=", "SMTP_URL=")); err == nil || !strings.Contains(err.Error(), "SMTP_URL is not set") {
		t.Error(err)
	}
}

func TestAKeyThatCannotBeKeptIsAFault(t *testing.T) {
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

func TestMailComesFromTheApplicationByName(t *testing.T) {
	for setting, want := range map[string]string{"MAIL_FROM=": "Acme, Inc.", "MAIL_FROM=hello@example.com": "Acme, Inc.", "MAIL_FROM=Ada <ada@example.com>": "Ada"} {
		if c, err := Load([]string{"APP_NAME=Acme, Inc.", setting}); err != nil || c.MailFrom.Name != want {
			t.Errorf("with %s mail comes from %s (%v)", setting, c.MailFrom, err)
		}
	}
}
