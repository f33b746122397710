// Package config reads the environment into one struct and names every fault in it at once.
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

// Config is the environment, checked. Durations are Go's ("30m", "720h").
type Config struct {
	Production     bool
	AppName        string
	AppURL         *url.URL // scheme and host alone
	Listen         string   // host:port
	DatabaseURL    string
	SecretKeys     []string // the first signs, all verify; none in development until KeepSecret
	SMTPURL        *url.URL // nil: mail stays in the development mailbox
	SMTPHelo       string   // what the mail server is told this host is called
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

	// Limits per address, whose rules are in package auth.
	SignUpsPerAddress       int // an hour
	LoginFailuresPerAddress int // in 15 minutes
	MailsPerAddress         int // an hour, of each kind that anyone can ask for

	TermsVersion string // of the terms that are to be accepted, "" for none // feature:terms
}

// HTTPS says whether browsers reach the application over https, which decides the cookies' names and HSTS.
func (c Config) HTTPS() bool { return c.AppURL.Scheme == "https" }

// CookiePrefix returns what the names of all cookies begin with. Over https it
// is __Host- (RFC 6265bis 4.1.3.2). Over http, in development alone, it is the
// product and the port: cookies know no ports, so clones on localhost would
// overwrite each other's and log each other out.
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
	AppURL         string        `env:"APP_URL"` // http://localhost and PORT where it is not set
	Host           string        `env:"HOST" envDefault:"127.0.0.1"`
	Port           uint16        `env:"PORT" envDefault:"3000"`
	DatabaseURL    string        `env:"DATABASE_URL" envDefault:"sqlite:data/app.db"`
	SecretKey      string        `env:"SECRET_KEY"`
	SMTPURL        string        `env:"SMTP_URL"`
	SMTPHelo       string        `env:"SMTP_HELO"` // the host of APP_URL where it is not set
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

// Load reads and checks environ ("NAME=value" lines, as os.Environ gives them). A variable that is set but empty
// counts as unset. The error is a Faults.
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
		// What cannot be read is named once; all else is looked at beside its default.
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
	faults.check(raw.AppEnv == "development" || raw.AppEnv == "production", "APP_ENV is %q; it is development or production", raw.AppEnv)
	faults.check(raw.RateLimit == "on" || raw.RateLimit == "off", "RATE_LIMIT is %q; it is on or off", raw.RateLimit)
	faults.check(raw.PasswordMin >= 8 && raw.PasswordMin <= 64, "PASSWORD_MIN is %d; it is a number from 8 to 64", raw.PasswordMin)
	faults.check(printable(raw.AppName) && !strings.ContainsAny(raw.AppName, "<>") && len(raw.AppName) <= 60, "APP_NAME is %q; it is at most 60 bytes of printable text without < or >", raw.AppName)
	faults.check(raw.Port > 0, "PORT is 0; it is a number from 1 to 65535")
	faults.check(validListenHost(raw.Host), "HOST is %q; it is an address or a name without brackets or a port, such as 127.0.0.1 or ::1", raw.Host)
	faults.check(plainTerms(raw.TermsVersion), "TERMS_VERSION is %q; it is at most 40 printable characters without <, > or #, such as 2026-12-01", raw.TermsVersion) // feature:terms
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

// Faults are the settings that keep the application from starting, each a sentence that says what to do.
type Faults []string

func (f Faults) Error() string {
	return "the settings are not right:\n  - " + strings.Join(f, "\n  - ")
}

func (f *Faults) check(ok bool, format string, args ...any) {
	if !ok {
		*f = append(*f, fmt.Sprintf(format, args...))
	}
}

// kinds is what settings of a type are.
var kinds = map[reflect.Type]string{
	reflect.TypeFor[uint16]():        "a number up to 65535",
	reflect.TypeFor[int]():           "a whole number",
	reflect.TypeFor[time.Duration](): "a time such as 30m or 24h",
}

// parse names what cannot be read, and takes it out of set.
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
			*f = append(*f, fmt.Sprintf("%s is %q; it is %s", name, set[name], cmp.Or(kinds[field.Type], "not of that kind")))
			delete(set, name)
			continue
		}
		*f = append(*f, e.Error())
	}
}

// printable says whether a text can stand in a page and in the subject of a mail as it is.
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
		{"SESSION_MAX", c.SessionMax, 30 * 24 * time.Hour},    // NIST SP 800-63B-4 2.1.3: 30 days at AAL1
		{"REMEMBER_MAX", c.RememberMax, 400 * 24 * time.Hour}, // RFC 6265bis caps a cookie's life at 400 days
		{"CONFIRM_TTL", c.ConfirmTTL, 7 * 24 * time.Hour},
		{"RESET_TTL", c.ResetTTL, 24 * time.Hour}, // OWASP Forgot Password Cheat Sheet
		{"STEP_UP_TTL", c.ReauthTTL, time.Hour},   // NIST SP 800-63B-4 2.2.3 asks for no more at AAL2, where one is idle
	} {
		faults.check(d.value >= time.Minute && d.value <= d.max, "%s is %s; it lies between 1m and %s", d.name, d.value, d.max)
	}
}

// What a limit per address may be set to. One mistyped password in a hundred must
// not close the login to a small office, and 10,000 checked passwords in 15
// minutes take more than half of a core.
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
		faults.check(l.value >= leastPerAddress && l.value <= mostPerAddress, "%s is %d; it is a number from %d to %d", l.name, l.value, leastPerAddress, mostPerAddress)
	}
}

func (c Config) checkProduction(set map[string]string, database dsn.Database, faults *Faults) {
	for _, name := range []string{"APP_URL", "DATABASE_URL", "SECRET_KEY", "SMTP_URL", "MAIL_FROM"} {
		faults.check(set[name] != "", "%s is not set; production needs it", name)
	}
	// Behind a proxy that is not named everybody counts as one address, and one guesser closes the login to all.
	faults.check(set["TRUSTED_PROXIES"] != "", "TRUSTED_PROXIES is not set; production needs the addresses of the proxies in front, or the word none where browsers come without one")
	faults.check(!database.Unverified(), "DATABASE_URL, or PGSSLMODE, takes TLS to another machine without making sure whose it is; "+
		"write sslmode=verify-full, with sslrootcert=FILE where the authority is your own, or on a private network without TLS sslmode=disable")
	faults.check(c.RateLimit, "RATE_LIMIT is off; that is for development alone")
	// templ would read the pages' text from files in the temporary folder, which
	// every user of the machine may write.
	faults.check(set["TEMPL_DEV_MODE"] == "", "TEMPL_DEV_MODE is set; only tools/dev.sh sets it, so remove it in production")
	if set["APP_URL"] != "" && c.AppURL != nil {
		faults.check(c.AppURL.Scheme == "https", "APP_URL is %q; in production it begins with https://", c.AppURL)
	}
}

// checkDevelopment refuses a site that strangers can reach. Development shows
// every mail, reset links included, so a forgotten APP_ENV would hand out
// accounts.
func (c Config) checkDevelopment(faults *Faults) {
	if c.AppURL == nil {
		return
	}
	faults.check(c.AppURL.Scheme == "http" && PrivateHost(c.AppURL.Hostname()),
		"APP_URL is %q, but APP_ENV is development, which shows all mail on a page; set APP_ENV=production, or for development an APP_URL "+
			"of http:// and localhost, a private address, or a name that ends in .localhost, .local, .test, .internal or .home.arpa", c.AppURL)
}

// minSecret is the least length of a SECRET_KEY in bytes: the 256 bits of the HMAC and AES keys made from it.
const minSecret = 32

func secretKeys(value string, faults *Faults) []string {
	if value == "" {
		return nil
	}
	var keys []string
	for i, key := range strings.Split(value, ",") {
		key = strings.TrimSpace(key)
		faults.check(len(key) >= minSecret, "SECRET_KEY number %d has %d bytes; make one of %d or more with: openssl rand -hex 32", i+1, len(key), minSecret)
		faults.check(len(key) < minSecret || varied(key), "SECRET_KEY number %d is too regular to be random; make one with: openssl rand -hex 32", i+1)
		keys = append(keys, key)
	}
	return keys
}

// varied refuses keys that somebody typed or left as an example has them: a few letters, a word again and again. A random
// key is refused about once in a million.
func varied(key string) bool {
	seen := map[rune]bool{}
	for _, r := range key {
		seen[r] = true
	}
	repeats := strings.Contains((key + key)[1:2*len(key)-1], key)
	lower := strings.ToLower(key)
	return len(seen) >= 8 && !repeats && !strings.Contains(lower, "change") && !strings.Contains(lower, "secret") && !strings.Contains(lower, "example")
}

// KeepSecret sees to it that there is a key: in development one is made once and kept in data/secret.key.
func (c *Config) KeepSecret() error {
	if len(c.SecretKeys) > 0 {
		return nil
	}
	key, err := developmentKey(filepath.Join("data", "secret.key"))
	if err != nil {
		return Faults{fmt.Sprintf("the development key in data/secret.key can be neither read nor made (%v); set SECRET_KEY", err)}
	}
	c.SecretKeys = []string{key}
	return nil
}

// developmentKey returns the key kept in path and makes it first where there is none. Several first starts at once agree on
// one.
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
	// Unlike a rename, a link fails where another start was quicker.
	if err := os.Link(draft, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	data, err := os.ReadFile(path)
	if err == nil && len(data) < minSecret {
		err = errors.New("it holds fewer than 32 bytes; delete it")
	}
	return string(data), err
}

// variables maps a field of environment to the variable a person sets.
var variables = func() map[string]string {
	names := map[string]string{}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[environment]()) {
		names[field.Name] = field.Tag.Get("env")
	}
	return names
}()
