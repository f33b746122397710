// Package session keeps the browser's cookies: the tokens of who is logged in and of what a browser has begun, the one that tells a known
// device, a notice for the next page, where to return to.
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
	// maxAge is how old a cookie may be at all: the cap that browsers put on a cookie's life (RFC 6265bis).
	maxAge = 400 * 24 * time.Hour
	// hostPrefix makes browsers take a cookie from its own host alone, over https (RFC 6265bis 4.1.3.2).
	hostPrefix = "__Host-"
)

// Cookies reads and writes signed cookies. What they mean is decided on the server alone: they carry random tokens, and a
// cookie's end in the browser ends nothing.
type Cookies struct {
	store  *sessions.CookieStore
	prefix string
}

// New makes Cookies signed with the first of keys; all of them verify. Names
// begin with prefix. With the prefix __Host- the cookies are Secure (ASVS 3.3.1,
// 3.3.3); Safari, and phones on a local network, refuse such cookies over http.
func New(keys []string, prefix string) *Cookies {
	var pairs [][]byte
	for _, key := range keys {
		pairs = append(pairs, []byte(key), nil) // nil: signed, not encrypted, as there is nothing in them to hide
	}
	store := sessions.NewCookieStore(pairs...)
	store.Options = &sessions.Options{Path: "/", Secure: prefix == hostPrefix, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	for _, codec := range store.Codecs {
		c := codec.(*securecookie.SecureCookie)
		c.SetSerializer(text{})
		c.MaxAge(int(maxAge.Seconds()))
	}
	return &Cookies{store, prefix}
}

// Cookie is one of the names that the application uses.
type Cookie struct {
	name string
	life time.Duration // in the browser; 0 until it closes
}

var (
	Session      = Cookie{"session", 0}         // the token of a signed-in browser
	PendingLogin = Cookie{"sign_in", 0}         // the token of a login that still owes something
	Device       = Cookie{"device", maxAge}     // tells a browser that logged in before from a stranger's
	Registration = Cookie{"registration", week} // tells the browser that started a sign-up from others
	Passkey      = Cookie{"passkey", 0}         // the token of a browser that a passkey was asked for // feature:passkeys
	PasskeyOffer = Cookie{"passkey_offer", 0}   // says that the person may be offered a passkey // feature:passkeys
	Notice       = Cookie{"notice", 0}          // a sentence for the next page
	Theme        = Cookie{"theme", maxAge}      // how this browser shows the site, to the logged out too
	OriginProof  = Cookie{"origin_proof", 0}    // what forms on pages without a referrer prove their origin with
	ReturnTo     = Cookie{"return_to", 0}       // where somebody was going when they were asked to sign up, or for a mail
	MailLogin    = Cookie{"mail_login", 0}      // tells the browser that asked for a mailed login from others // feature:mail_login
	Trusted      = Cookie{"trusted_device", 0}  // stands in for the second factor // feature:trusted_devices
)

// Named returns the cookie of a feature. It lives until the browser closes.
func Named(name string) Cookie { return Cookie{name, 0} }

// For returns the cookie with another life in the browser, as for a remembered session.
func (c Cookie) For(life time.Duration) Cookie {
	c.life = life
	return c
}

// Get returns what the cookie carries, "" where it is missing, forged or signed with a key that is gone.
func (s *Cookies) Get(r *http.Request, c Cookie) string {
	if _, err := r.Cookie(s.prefix + c.name); err != nil {
		return ""
	}
	// gorilla returns an error AND a fresh session for a cookie that it cannot read.
	got, err := s.store.New(r, s.prefix+c.name)
	if err != nil {
		return ""
	}
	value, _ := got.Values[valueKey].(string)
	return value
}

// Set gives the browser the cookie. value is at most some 3,000 bytes long: a cookie and its name have 4,096 (ASVS 3.3.5).
func (s *Cookies) Set(w http.ResponseWriter, r *http.Request, c Cookie, value string) error {
	fresh := sessions.NewSession(s.store, s.prefix+c.name)
	options := *s.store.Options
	options.MaxAge = int(c.life.Seconds())
	fresh.Options = &options
	fresh.Values[valueKey] = value
	if err := s.store.Save(r, w, fresh); err != nil {
		return fmt.Errorf("write the cookie %s: %w", c.name, err)
	}
	return nil
}

// Carry makes r carry what w gives its browser, for a request that follows without one.
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

// Clear takes the cookie from the browser.
func (s *Cookies) Clear(w http.ResponseWriter, c Cookie) {
	options := *s.store.Options
	options.MaxAge = -1
	http.SetCookie(w, sessions.NewCookie(s.prefix+c.name, "", &options))
}

// Take is Get and Clear in one, for what is shown once.
func (s *Cookies) Take(w http.ResponseWriter, r *http.Request, c Cookie) string {
	value := s.Get(r, c)
	if value != "" {
		s.Clear(w, c)
	}
	return value
}

// valueKey is the one key of gorilla's map that is used.
const valueKey = "value"

// text writes the one string that a cookie carries. gorilla's default, gob, costs 45 µs and some 200 allocations at each
// request.
type text struct{}

var errNotText = errors.New("a cookie carries one string")

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
