// Package config reads the environment into one struct. It reports every
// invalid setting at once.
package config

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/caarlos0/env/v11"

	"example.com/gatehouse/models/dsn"
)

// Config has the checked settings. Durations are written as in Go ("30m",
// "720h").
type Config struct {
	Production     bool
	AppName        string
	AppURL         *url.URL // scheme and host only
	Listen         string   // host:port
	DatabaseURL    string
	SecretKeys     []string // the first signs, all verify; in development empty until KeepSecret
	SMTPURL        *url.URL // nil: mail goes to the development mailbox
	SMTPHelo       string   // the name that the program gives the mail server
	MailFrom       *mail.Address
	TrustedProxies []netip.Prefix
	RateLimit      bool
	SessionIdle    time.Duration
	SessionMax     time.Duration
	RememberMax    time.Duration
	ConfirmTTL     time.Duration
	ResetTTL       time.Duration
	ReauthTTL      time.Duration
	PasswordMin    int

	// Limits per IP address. Package auth declares the rules that they belong
	// to.
	SignUpsPerAddress       int // an hour
	LoginFailuresPerAddress int // in 15 minutes
	MailsPerAddress         int // an hour, for each kind of mail that visitors can request

	TermsVersion string // of the terms that users must accept, "" for none // feature:terms
}

// HTTPS reports whether browsers reach the application over https. Cookie names
// and HSTS depend on it.
func (c Config) HTTPS() bool { return c.AppURL.Scheme == "https" }

// CookiePrefix returns the prefix of all cookie names. Over https it is __Host-
// (RFC 6265bis 4.1.3.2). Over http, in development only, it is made from the
// product's name and the port. Cookies do not distinguish ports, so two clones
// on localhost would otherwise log each other out.
func (c Config) CookiePrefix() string {
	if c.HTTPS() {
		return "__Host-"
	}
	product := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(c.AppName))
	return strings.TrimPrefix(product+"-"+cmp.Or(c.AppURL.Port(), "80")+"-", "-")
}

type environment struct {
	AppEnv         string        `env:"APP_ENV" envDefault:"development"`
	AppName        string        `env:"APP_NAME" envDefault:"Gatehouse"`
	AppURL         string        `env:"APP_URL"` // defaults to http://localhost with PORT
	Host           string        `env:"HOST" envDefault:"127.0.0.1"`
	Port           uint16        `env:"PORT" envDefault:"3000"`
	DatabaseURL    string        `env:"DATABASE_URL" envDefault:"sqlite:data/app.db"`
	SecretKey      string        `env:"SECRET_KEY"`
	SMTPURL        string        `env:"SMTP_URL"`
	SMTPHelo       string        `env:"SMTP_HELO"` // defaults to the host of APP_URL
	MailFrom       string        `env:"MAIL_FROM" envDefault:"hello@localhost"`
	TrustedProxies []string      `env:"TRUSTED_PROXIES"`
	RateLimit      string        `env:"RATE_LIMIT" envDefault:"on"`
	SessionIdle    time.Duration `env:"SESSION_IDLE" envDefault:"24h"`
	SessionMax     time.Duration `env:"SESSION_MAX" envDefault:"168h"`
	RememberMax    time.Duration `env:"REMEMBER_MAX" envDefault:"720h"`
	ConfirmTTL     time.Duration `env:"CONFIRM_TTL" envDefault:"24h"`
	ResetTTL       time.Duration `env:"RESET_TTL" envDefault:"30m"`
	ReauthTTL      time.Duration `env:"STEP_UP_TTL" envDefault:"10m"`
	PasswordMin    int           `env:"PASSWORD_MIN" envDefault:"15"`
	SignUps        int           `env:"SIGNUPS_PER_ADDRESS" envDefault:"30"`
	LoginFailures  int           `env:"LOGIN_FAILURES_PER_ADDRESS" envDefault:"100"`
	Mails          int           `env:"MAILS_PER_ADDRESS" envDefault:"30"`
	TermsVersion   string        `env:"TERMS_VERSION"` // feature:terms
}

// Load reads and checks the environment, "NAME=value" strings as os.Environ
// returns them. An empty variable counts as unset. The error is a Faults.
func Load(environ []string) (Config, error) {
	set := map[string]string{}
	for name, value := range env.ToMap(environ) {
		if value = strings.TrimSpace(value); value != "" {
			set[name] = value
		}
	}
	var raw environment
	var faults Faults
	if err := env.ParseWithOptions(&raw, env.Options{Environment: set}); err != nil {
		faults.parse(err, set)
		// An unreadable setting is reported once. The default takes its place
		// while the other settings are checked.
		if err := env.ParseWithOptions(&raw, env.Options{Environment: set}); err != nil {
			return Config{}, Faults{err.Error()}
		}
	}
	c := Config{
		Production:  raw.AppEnv == "production",
		AppName:     raw.AppName,
		Listen:      net.JoinHostPort(raw.Host, fmt.Sprint(raw.Port)),
		DatabaseURL: raw.DatabaseURL,
		RateLimit:   raw.RateLimit != "off",
		SessionIdle: raw.SessionIdle,
		SessionMax:  raw.SessionMax,
		RememberMax: raw.RememberMax,
		ConfirmTTL:  raw.ConfirmTTL,
		ResetTTL:    raw.ResetTTL,
		ReauthTTL:   raw.ReauthTTL,
		PasswordMin: raw.PasswordMin,

		SignUpsPerAddress:       raw.SignUps,
		LoginFailuresPerAddress: raw.LoginFailures,
		MailsPerAddress:         raw.Mails,

		TermsVersion: raw.TermsVersion, // feature:terms
	}
	faults.check(raw.AppEnv == "development" || raw.AppEnv == "production",
		"APP_ENV is %q; it must be development or production", raw.AppEnv)
	faults.check(raw.RateLimit == "on" || raw.RateLimit == "off",
		"RATE_LIMIT is %q; it must be on or off", raw.RateLimit)
	faults.check(raw.PasswordMin >= 8 && raw.PasswordMin <= 64, "PASSWORD_MIN is %d; it must be a number from 8 to 64",
		raw.PasswordMin)
	faults.check(printable(raw.AppName) && !strings.ContainsAny(raw.AppName, "<>") && len(raw.AppName) <= 60,
		"APP_NAME is %q; it must be at most 60 bytes of printable text without < or >", raw.AppName)
	faults.check(raw.Port > 0, "PORT is 0; it must be a number from 1 to 65535")
	faults.check(validListenHost(raw.Host), "HOST is %q; it must be an address or a name without brackets or a port, "+
		"such as 127.0.0.1 or ::1", raw.Host)
	faults.check(plainTerms(raw.TermsVersion), "TERMS_VERSION is %q; it must be at most 40 printable characters without <, > or #, such as 2026-12-01", raw.TermsVersion) // feature:terms
	c.checkDurations(&faults)
	c.checkLimits(&faults)
	c.AppURL = parseAppURL(cmp.Or(raw.AppURL, fmt.Sprintf("http://localhost:%d", max(raw.Port, 1))), &faults)
	c.MailFrom = parseMailFrom(raw.MailFrom, c.AppName, &faults)
	c.SMTPURL = parseSMTPURL(raw.SMTPURL, &faults)
	c.SMTPHelo = parseHelo(raw.SMTPHelo, c.AppURL, &faults)
	c.TrustedProxies = parseProxies(raw.TrustedProxies, &faults)
	database, err := dsn.Parse(raw.DatabaseURL)
	faults.check(err == nil, "%v", err)
	switch raw.AppEnv {
	case "production":
		c.checkProduction(set, database, &faults)
	case "development":
		c.checkDevelopment(&faults)
	}
	c.SecretKeys = secretKeys(raw.SecretKey, &faults)
	if len(faults) > 0 {
		return Config{}, faults
	}
	return c, nil
}

// Faults are messages about settings that prevent the start. Each says what to
// do.
type Faults []string

func (f Faults) Error() string {
	return "invalid settings:\n  - " + strings.Join(f, "\n  - ")
}

func (f *Faults) check(ok bool, format string, args ...any) {
	if !ok {
		*f = append(*f, fmt.Sprintf(format, args...))
	}
}

// kinds describes the values of a setting by its type.
var kinds = map[reflect.Type]string{
	reflect.TypeFor[uint16]():        "a number up to 65535",
	reflect.TypeFor[int]():           "a whole number",
	reflect.TypeFor[time.Duration](): "a time such as 30m or 24h",
}

// parse reports the settings that cannot be parsed and removes them from set.
func (f *Faults) parse(err error, set map[string]string) {
	var all env.AggregateError
	if !errors.As(err, &all) {
		*f = append(*f, err.Error())
		return
	}
	for _, e := range all.Errors {
		var field env.ParseError
		if errors.As(e, &field) {
			name := variables[field.Name]
			*f = append(*f, fmt.Sprintf("%s is %q; it must be %s", name, set[name],
				cmp.Or(kinds[field.Type], "of another kind")))
			delete(set, name)
			continue
		}
		*f = append(*f, e.Error())
	}
}

// printable reports whether a text can be shown on a page and in the subject of
// a mail as it is.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

func (c Config) checkDurations(faults *Faults) {
	for _, d := range []struct {
		name  string
		value time.Duration
		max   time.Duration
	}{
		{"SESSION_IDLE", c.SessionIdle, 30 * 24 * time.Hour},
		{"SESSION_MAX", c.SessionMax, 30 * 24 * time.Hour}, // NIST SP 800-63B-4 2.1.3: 30 days at AAL1
		{"REMEMBER_MAX", c.RememberMax, 400 * 24 * time.Hour},
		// RFC 6265bis 5.5: browsers keep a cookie for at most 400 days
		{"CONFIRM_TTL", c.ConfirmTTL, 7 * 24 * time.Hour},
		{"RESET_TTL", c.ResetTTL, 24 * time.Hour}, // OWASP Forgot Password Cheat Sheet
		{"STEP_UP_TTL", c.ReauthTTL, time.Hour},   // NIST SP 800-63B-4 2.2.3: idle timeout at AAL2
	} {
		faults.check(d.value >= time.Minute && d.value <= d.max, "%s is %s; it must be between 1m and %s", d.name,
			d.value, d.max)
	}
}

// The bounds of a limit per IP address. One wrong password in a hundred must
// not close the login for a small office, and checking 10,000 passwords in 15
// minutes takes more than half of a core.
const (
	leastPerAddress = 10
	mostPerAddress  = 10_000
)

func (c Config) checkLimits(faults *Faults) {
	for _, l := range []struct {
		name  string
		value int
	}{
		{"SIGNUPS_PER_ADDRESS", c.SignUpsPerAddress},
		{"LOGIN_FAILURES_PER_ADDRESS", c.LoginFailuresPerAddress},
		{"MAILS_PER_ADDRESS", c.MailsPerAddress},
	} {
		faults.check(l.value >= leastPerAddress && l.value <= mostPerAddress,
			"%s is %d; it must be a number from %d to %d", l.name, l.value, leastPerAddress, mostPerAddress)
	}
}

func (c Config) checkProduction(set map[string]string, database dsn.Database, faults *Faults) {
	for _, name := range []string{"APP_URL", "DATABASE_URL", "SECRET_KEY", "SMTP_URL", "MAIL_FROM"} {
		faults.check(set[name] != "", "%s is not set; production requires it", name)
	}
	// Behind a proxy that is not named here, all users share one IP address.
	// One attacker would then close the login for all of them.
	faults.check(set["TRUSTED_PROXIES"] != "", "TRUSTED_PROXIES is not set; production requires the addresses of the "+
		"proxies in front, "+
		"or the word none if browsers connect directly")
	faults.check(!database.Unverified(), "DATABASE_URL or PGSSLMODE uses TLS to another machine without verifying "+
		"its certificate; "+
		"write sslmode=verify-full, with sslrootcert=FILE if the authority is your own, "+
		"or sslmode=disable on a private network without TLS")
	faults.check(c.RateLimit, "RATE_LIMIT is off; turn it off in development only")
	// templ would read the text of pages from the temporary folder, where every
	// user of the machine may write.
	faults.check(set["TEMPL_DEV_MODE"] == "", "TEMPL_DEV_MODE is set; only tools/dev.sh sets it, so remove it in "+
		"production")
	if set["APP_URL"] != "" && c.AppURL != nil {
		faults.check(c.AppURL.Scheme == "https", "APP_URL is %q; in production it must begin with https://", c.AppURL)
	}
}

// checkDevelopment refuses an APP_URL that strangers can reach. Development
// shows all mail, including reset links, so a forgotten APP_ENV would give away
// accounts.
func (c Config) checkDevelopment(faults *Faults) {
	if c.AppURL == nil {
		return
	}
	faults.check(c.AppURL.Scheme == "http" && PrivateHost(c.AppURL.Hostname()),
		"APP_URL is %q, but APP_ENV is development, which shows all mail on a page; set APP_ENV=production, or for "+
			"development an APP_URL "+
			"of http:// and localhost, a private address, or a name that ends in .localhost, .local, .test, "+
			".internal or .home.arpa", c.AppURL)
}

// minSecret is the minimum length of a SECRET_KEY in bytes: the 256 bits of the
// HMAC and AES keys that are derived from it.
const minSecret = 32

func secretKeys(value string, faults *Faults) []string {
	if value == "" {
		return nil
	}
	var keys []string
	for i, key := range strings.Split(value, ",") {
		key = strings.TrimSpace(key)
		faults.check(len(key) >= minSecret, "SECRET_KEY number %d has %d bytes; create one of %d or more with: "+
			"openssl rand -hex 32", i+1, len(key), minSecret)
		faults.check(len(key) < minSecret || varied(key),
			"SECRET_KEY number %d is too regular to be random; create one with: openssl rand -hex 32", i+1)
		keys = append(keys, key)
	}
	return keys
}

// varied reports whether a key looks random. It refuses typed and copied keys:
// few distinct characters, a repeated word, "change" or "example". It refuses
// one random key in a million.
func varied(key string) bool {
	seen := map[rune]bool{}
	for _, r := range key {
		seen[r] = true
	}
	repeats := strings.Contains((key + key)[1:2*len(key)-1], key)
	lower := strings.ToLower(key)
	return len(seen) >= 8 && !repeats && !strings.Contains(lower, "change") && !strings.Contains(lower, "secret") &&
		!strings.Contains(lower, "example")
}

// KeepSecret creates a secret key if the settings have none, in development
// only, and stores it in data/secret.key for later starts.
func (c *Config) KeepSecret() error {
	if len(c.SecretKeys) > 0 {
		return nil
	}
	key, err := developmentKey(filepath.Join("data", "secret.key"))
	if err != nil {
		return Faults{fmt.Sprintf("the development key in data/secret.key can be neither read nor created (%v); set "+
			"SECRET_KEY", err)}
	}
	c.SecretKeys = []string{key}
	return nil
}

// developmentKey returns the key stored in path, and creates it if there is
// none. First starts at the same time agree on one key.
func developmentKey(path string) (string, error) {
	if data, err := os.ReadFile(path); err == nil && len(data) >= minSecret {
		return string(data), nil
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	random := make([]byte, 32)
	rand.Read(random)
	draft := path + "." + hex.EncodeToString(random[:4])
	if err := os.WriteFile(draft, []byte(hex.EncodeToString(random)), 0o600); err != nil {
		return "", err
	}
	defer os.Remove(draft)
	// Unlike a rename, a link fails if another start created the file first.
	if err := os.Link(draft, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	data, err := os.ReadFile(path)
	if err == nil && len(data) < minSecret {
		err = errors.New("the file has fewer than 32 bytes; delete it")
	}
	return string(data), err
}

// variables maps the fields of environment to the names of their variables.
var variables = func() map[string]string {
	names := map[string]string{}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[environment]()) {
		names[field.Name] = field.Tag.Get("env")
	}
	return names
}()
