// Package config reads the environment into one struct and names every fault in it at once.
package config

import (
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
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
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
	MailFrom       *mail.Address
	TrustedProxies []netip.Prefix
	RateLimit      bool
	SessionIdle    time.Duration
	SessionMax     time.Duration
	RememberMax    time.Duration
	ConfirmTTL     time.Duration
	ResetTTL       time.Duration
	StepUpTTL      time.Duration
	PasswordMin    int
	TermsVersion   string // of the terms that are to be accepted, "" for none // feature:terms
}

// HTTPS says whether browsers reach the application over https, which decides the cookies' names and HSTS.
func (c Config) HTTPS() bool { return c.AppURL.Scheme == "https" }

type environment struct {
	AppEnv         string        `env:"APP_ENV" envDefault:"development"`
	AppName        string        `env:"APP_NAME" envDefault:"Gatehouse"`
	AppURL         string        `env:"APP_URL" envDefault:"http://localhost:3000"`
	Host           string        `env:"HOST" envDefault:"127.0.0.1"`
	Port           uint16        `env:"PORT" envDefault:"3000"`
	DatabaseURL    string        `env:"DATABASE_URL" envDefault:"sqlite:data/app.db"`
	SecretKey      string        `env:"SECRET_KEY"`
	SMTPURL        string        `env:"SMTP_URL"`
	MailFrom       string        `env:"MAIL_FROM" envDefault:"hello@localhost"`
	TrustedProxies []string      `env:"TRUSTED_PROXIES"`
	RateLimit      string        `env:"RATE_LIMIT" envDefault:"on"`
	SessionIdle    time.Duration `env:"SESSION_IDLE" envDefault:"24h"`
	SessionMax     time.Duration `env:"SESSION_MAX" envDefault:"168h"`
	RememberMax    time.Duration `env:"REMEMBER_MAX" envDefault:"720h"`
	ConfirmTTL     time.Duration `env:"CONFIRM_TTL" envDefault:"24h"`
	ResetTTL       time.Duration `env:"RESET_TTL" envDefault:"30m"`
	StepUpTTL      time.Duration `env:"STEP_UP_TTL" envDefault:"10m"`
	PasswordMin    int           `env:"PASSWORD_MIN" envDefault:"15"`
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
		faults.parse(err)
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
		StepUpTTL:   raw.StepUpTTL,
		PasswordMin: raw.PasswordMin,

		TermsVersion: raw.TermsVersion, // feature:terms
	}
	faults.check(raw.AppEnv == "development" || raw.AppEnv == "production", "APP_ENV is %q; it is development or production", raw.AppEnv)
	faults.check(raw.RateLimit == "on" || raw.RateLimit == "off", "RATE_LIMIT is %q; it is on or off", raw.RateLimit)
	faults.check(raw.PasswordMin >= 8 && raw.PasswordMin <= 64, "PASSWORD_MIN is %d; it is a number from 8 to 64", raw.PasswordMin)
	faults.check(!strings.ContainsAny(raw.AppName, "\r\n<>") && len(raw.AppName) <= 60, "APP_NAME may not hold line breaks, < or >, nor more than 60 bytes")
	faults.check(plainTerms(raw.TermsVersion), "TERMS_VERSION is %q; it is at most 40 printable characters without <, > or #, such as 2026-12-01", raw.TermsVersion) // feature:terms
	c.checkDurations(&faults)
	c.AppURL = parseAppURL(raw.AppURL, &faults)
	c.MailFrom = parseMailFrom(raw.MailFrom, c.AppName, &faults)
	c.SMTPURL = parseSMTPURL(raw.SMTPURL, &faults)
	c.TrustedProxies = parseProxies(raw.TrustedProxies, &faults)
	faults.check(knownDatabase(raw.DatabaseURL), "DATABASE_URL must begin with sqlite:, postgres:// or postgresql://")
	if c.Production {
		c.checkProduction(set, &faults)
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

func (f *Faults) parse(err error) {
	var all env.AggregateError
	if !errors.As(err, &all) {
		*f = append(*f, err.Error())
		return
	}
	for _, e := range all.Errors {
		var field env.ParseError
		if errors.As(e, &field) {
			*f = append(*f, fmt.Sprintf("%s cannot be read as a %s: %v", variables[field.Name], field.Type, field.Err))
			continue
		}
		*f = append(*f, e.Error())
	}
}

func knownDatabase(url string) bool {
	for _, prefix := range []string{"sqlite:", "postgres://", "postgresql://"} {
		if strings.HasPrefix(url, prefix) {
			return true
		}
	}
	return false
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
		{"STEP_UP_TTL", c.StepUpTTL, time.Hour},   // NIST SP 800-63B-4 2.2.3 asks for no more at AAL2, where one is idle
	} {
		faults.check(d.value >= time.Minute && d.value <= d.max, "%s is %s; it lies between 1m and %s", d.name, d.value, d.max)
	}
}

func parseAppURL(value string, faults *Faults) *url.URL {
	u, err := url.Parse(value)
	ok := err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil &&
		(u.Path == "" || u.Path == "/") && u.RawQuery == "" && u.Fragment == "" && isASCII(u.Host)
	faults.check(ok, "APP_URL is %q; it is one origin such as https://app.example.com, without a path, an international name in its xn-- form", value)
	if !ok {
		return nil
	}
	// Browsers leave the scheme's own port out of an Origin, and the origin check compares with what browsers send.
	host := strings.ToLower(u.Host)
	host = strings.TrimSuffix(host, map[string]string{"http": ":80", "https": ":443"}[u.Scheme])
	return &url.URL{Scheme: u.Scheme, Host: host}
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 0x7f })
}

// parseMailFrom gives an address that comes without a name the application's.
func parseMailFrom(value, appName string, faults *Faults) *mail.Address {
	from, err := mail.ParseAddress(value)
	faults.check(err == nil, "MAIL_FROM is %q; it is an address such as Acme <hello@example.com>", value)
	if err == nil && from.Name == "" {
		from.Name = appName
	}
	return from
}

func parseSMTPURL(value string, faults *Faults) *url.URL {
	if value == "" {
		return nil
	}
	u, err := url.Parse(value)
	// The value holds a password, so the fault does not repeat it.
	ok := err == nil && (u.Scheme == "smtp" || u.Scheme == "smtps") && u.Hostname() != "" && validPort(u.Port())
	faults.check(ok, "SMTP_URL is not of the form smtp://user:password@host:587 or smtps://user:password@host:465")
	if !ok {
		return nil
	}
	return u
}

func validPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

func parseProxies(values []string, faults *Faults) []netip.Prefix {
	var prefixes []netip.Prefix
	for _, value := range values {
		value = strings.TrimSpace(value)
		prefix, err := netip.ParsePrefix(value)
		if err != nil {
			var addr netip.Addr
			if addr, err = netip.ParseAddr(value); err == nil {
				prefix = netip.PrefixFrom(addr, addr.BitLen())
			}
		}
		faults.check(err == nil, "TRUSTED_PROXIES holds %q; it is a comma-separated list of addresses or CIDRs such as 10.0.0.0/8", value)
		if err == nil {
			// The widest network that is one's own is fc00::/7, RFC 4193.
			faults.check(prefix.Bits() >= 7, "TRUSTED_PROXIES holds %q, which trusts half the internet or more", value)
			prefixes = append(prefixes, prefix.Masked())
		}
	}
	return prefixes
}

func (c Config) checkProduction(set map[string]string, faults *Faults) {
	for _, name := range []string{"APP_URL", "DATABASE_URL", "SECRET_KEY", "SMTP_URL", "MAIL_FROM"} {
		faults.check(set[name] != "", "%s is not set; production needs it", name)
	}
	faults.check(c.RateLimit, "RATE_LIMIT is off; that is for development alone")
	if set["APP_URL"] != "" && c.AppURL != nil {
		faults.check(c.AppURL.Scheme == "https", "APP_URL is %q; in production it begins with https://", c.AppURL)
	}
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
