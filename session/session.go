// Package session reads and writes the application's cookies: the token of the
// session, the token of a login that needs another step, the mark of a known
// device, and a few that last for one page.
package session

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"
)

const (
	week = 7 * 24 * time.Hour
	// maxAge is how long a cookie is accepted. Browsers keep no cookie longer
	// (RFC 6265bis 5.5).
	maxAge = 400 * 24 * time.Hour
	// hostPrefix makes browsers accept a cookie only over https and only from
	// the host that it belongs to (RFC 6265bis 4.1.3.2).
	hostPrefix = "__Host-"
)

// Cookies reads and writes signed cookies. A cookie carries a random token and
// nothing else; the server decides what the token means. A session ends on the
// server, whatever the lifetime of its cookie says.
type Cookies struct {
	store  *sessions.CookieStore
	prefix string
}

// New returns Cookies that sign with the first key and verify with all of them.
// The name of each cookie begins with prefix. With the prefix __Host- cookies
// are Secure (ASVS 5.0 V3.3.1, V3.3.3). Safari, and phones on a local network,
// refuse such cookies over http.
func New(keys []string, prefix string) *Cookies {
	var pairs [][]byte
	for _, key := range keys {
		pairs = append(pairs, []byte(key), nil) // nil: no encryption, because random tokens need none
	}
	store := sessions.NewCookieStore(pairs...)
	store.Options = &sessions.Options{Path: "/", Secure: prefix == hostPrefix, HttpOnly: true,
		SameSite: http.SameSiteLaxMode}
	for _, codec := range store.Codecs {
		c := codec.(*securecookie.SecureCookie)
		c.SetSerializer(text{})
		c.MaxAge(int(maxAge.Seconds()))
	}
	return &Cookies{store, prefix}
}

// Cookie names a cookie of the application.
type Cookie struct {
	name string
	life time.Duration // in the browser; with 0 it ends when the browser closes
}

var (
	Session      = Cookie{"session", 0}         // the token of the session
	PendingLogin = Cookie{"sign_in", 0}         // the token of a login that needs another step
	Device       = Cookie{"device", maxAge}     // marks a browser that has logged in before
	Registration = Cookie{"registration", week} // marks the browser that started a registration
	Passkey      = Cookie{"passkey", 0}         // the token of a browser that was asked for a passkey // feature:passkeys
	PasskeyOffer = Cookie{"passkey_offer", 0}   // says that the user may be offered a passkey // feature:passkeys
	Notice       = Cookie{"notice", 0}          // the message that the next page shows
	Theme        = Cookie{"theme", maxAge}      // light or dark, for visitors too
	OriginProof  = Cookie{"origin_proof", 0}    // proves the origin of forms on pages without a referrer
	ReturnTo     = Cookie{"return_to", 0}       // where to go after login
	MailLogin    = Cookie{"mail_login", 0}      // marks the browser that asked for a login by mail // feature:mail_login
	Trusted      = Cookie{"trusted_device", 0}  // replaces the second factor after a password login // feature:trusted_devices
)

// Named returns the cookie of a feature. It lives until the browser closes.
func Named(name string) Cookie { return Cookie{name, 0} }

// For returns the cookie with another lifetime in the browser, such as that of
// "Keep me logged in".
func (c Cookie) For(life time.Duration) Cookie {
	c.life = life
	return c
}

// Get returns the value of a cookie. It returns "" if the cookie is missing,
// forged, or signed with a key that has been removed.
func (s *Cookies) Get(r *http.Request, c Cookie) string {
	if _, err := r.Cookie(s.prefix + c.name); err != nil {
		return ""
	}
	// For a cookie that it cannot read, gorilla returns an error and an empty
	// session.
	got, err := s.store.New(r, s.prefix+c.name)
	if err != nil {
		return ""
	}
	value, _ := got.Values[valueKey].(string)
	return value
}

// Set sends the browser a cookie. The value may have 3,000 bytes, because name
// and value together are limited to 4,096 (ASVS 5.0 V3.3.5).
func (s *Cookies) Set(w http.ResponseWriter, r *http.Request, c Cookie, value string) error {
	fresh := sessions.NewSession(s.store, s.prefix+c.name)
	options := *s.store.Options
	options.MaxAge = int(c.life.Seconds())
	fresh.Options = &options
	fresh.Values[valueKey] = value
	if err := s.store.Save(r, w, fresh); err != nil {
		return fmt.Errorf("set the cookie %s: %w", c.name, err)
	}
	return nil
}

// Carry adds the cookies that w sets to r, so that code that runs later in the
// same request reads them.
func (s *Cookies) Carry(r *http.Request, w http.ResponseWriter) {
	given := map[string]*http.Cookie{}
	for _, cookie := range (&http.Response{Header: w.Header()}).Cookies() {
		given[cookie.Name] = cookie
	}
	had := r.Cookies()
	r.Header.Del("Cookie")
	for _, cookie := range had {
		if given[cookie.Name] == nil {
			r.AddCookie(cookie)
		}
	}
	for _, cookie := range given {
		if cookie.MaxAge >= 0 {
			r.AddCookie(cookie)
		}
	}
}

// Clear deletes the cookie in the browser.
func (s *Cookies) Clear(w http.ResponseWriter, c Cookie) {
	options := *s.store.Options
	options.MaxAge = -1
	http.SetCookie(w, sessions.NewCookie(s.prefix+c.name, "", &options))
}

// Take returns the value of a cookie and deletes it, for a message that is
// shown once.
func (s *Cookies) Take(w http.ResponseWriter, r *http.Request, c Cookie) string {
	value := s.Get(r, c)
	if value != "" {
		s.Clear(w, c)
	}
	return value
}

// valueKey is the only key that is used in gorilla's map.
const valueKey = "value"

// text encodes the string that a cookie carries. gorilla's default encoding,
// gob, takes 45 µs and 200 allocations for each request.
type text struct{}

var errNotText = errors.New("a cookie carries exactly one string")

func (text) Serialize(src any) ([]byte, error) {
	values, ok := src.(map[any]any)
	value, isText := values[valueKey].(string)
	if !ok || !isText {
		return nil, errNotText
	}
	return []byte(value), nil
}

func (text) Deserialize(src []byte, dst any) error {
	values, ok := dst.(*map[any]any)
	if !ok {
		return errNotText
	}
	*values = map[any]any{valueKey: string(src)}
	return nil
}
