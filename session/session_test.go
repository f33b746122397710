package session

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const key = "0123456789abcdefghijklmnopqrstuvwxyz"

// withCookie returns a request that carries the cookie which s sets.
func withCookie(t testing.TB, s *Cookies, c Cookie, value string) *http.Request {
	t.Helper()
	r, w := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
	if err := s.Set(w, r, c, value); err != nil {
		t.Fatal(err)
	}
	for _, set := range w.Result().Cookies() {
		r.AddCookie(set)
	}
	return r
}

func TestCookie_ReturnsTheValueThatWasSet(t *testing.T) {
	s := New([]string{key}, hostPrefix)
	for _, value := range []string{"", "token", "a\x00b", "ä ö ü; = ,", strings.Repeat("x", 2000)} {
		if got := s.Get(withCookie(t, s, Session, value), Session); got != value {
			t.Errorf("got %q, want %q", got, value)
		}
	}
}

func TestCookie_RejectsTheValueOfAnotherCookie(t *testing.T) {
	s := New([]string{key}, "")
	r := withCookie(t, s, Registration, "token")
	moved := httptest.NewRequest(http.MethodGet, "/", nil)
	moved.AddCookie(&http.Cookie{Name: "session", Value: r.Cookies()[0].Value})
	if got := s.Get(moved, Session); got != "" {
		t.Errorf("the value of the registration cookie in the session cookie: got %q, want it refused", got)
	}
}

func TestCookie_AcceptsEarlierKeysOnly(t *testing.T) {
	r := withCookie(t, New([]string{key}, ""), Session, "token")
	if got := New([]string{"another key of more than 32 bytes, at last", key}, "").Get(r, Session); got != "token" {
		t.Errorf("after the rotation: got %q, want token", got)
	}
	if got := New([]string{"another key of more than 32 bytes, at last"}, "").Get(r, Session); got != "" {
		t.Errorf("without its key: got %q, want it refused", got)
	}
}

func TestTake_DeletesTheCookie(t *testing.T) {
	s := New([]string{key}, hostPrefix)
	r, w := withCookie(t, s, Notice, "Saved."), httptest.NewRecorder()
	if got := s.Take(w, r, Notice); got != "Saved." {
		t.Errorf("got %q, want Saved.", got)
	}
	cleared := w.Result().Cookies()
	// Browsers ignore the deletion of a __Host- cookie unless it is Secure and
	// has the path /.
	if len(cleared) != 1 || cleared[0].MaxAge >= 0 || cleared[0].Value != "" || !cleared[0].Secure ||
		cleared[0].Path != "/" {
		t.Errorf("got %v, want a Secure deletion with the path /", cleared)
	}
}

func TestFor_ChangesTheLifetimeOfACopy(t *testing.T) {
	s := New([]string{key}, "")
	w := httptest.NewRecorder()
	if err := s.Set(w, httptest.NewRequest(http.MethodGet, "/", nil), Session.For(time.Hour), "x"); err != nil {
		t.Fatal(err)
	}
	if c := w.Result().Cookies()[0]; c.MaxAge != 3600 {
		t.Errorf("got Max-Age %d, want 3600", c.MaxAge)
	}
	if Session.life != 0 {
		t.Error("For changed the original cookie")
	}
}

// FuzzCookie checks that forged cookies have no value and cause no panic.
func FuzzCookie(f *testing.F) {
	s := New([]string{key}, "")
	for _, value := range []string{"", "x", "MTc5NTQxMTA0MHw=", strings.Repeat("A", 5000), "a|b|c", "\"quoted\""} {
		f.Add("session="+value, value)
	}
	f.Fuzz(func(t *testing.T, header, value string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Cookie", header)
		r.AddCookie(&http.Cookie{Name: "device", Value: value})
		for _, c := range []Cookie{Session, Device} {
			if got := s.Get(r, c); got != "" {
				t.Errorf("%q: got %q, want it refused", header, got)
			}
		}
	})
}

func TestCookies_HaveTheirLifetimes(t *testing.T) {
	const day = 24 * 3600
	for c, want := range map[Cookie]int{Session: 0, Device: 400 * day, Registration: 7 * day, Notice: 0, ReturnTo: 0} {
		w := httptest.NewRecorder()
		if err := New([]string{key}, "").Set(w, httptest.NewRequest(http.MethodGet, "/", nil), c, "x"); err != nil {
			t.Fatal(err)
		}
		if got := w.Result().Cookies()[0].MaxAge; got != want {
			t.Errorf("%s: got Max-Age %d, want %d", c.name, got, want)
		}
	}
}

// RFC 6265bis 5.5: browsers keep a cookie for 400 days at most, so a cookie
// that claims to be older is not one that a browser kept.
func TestCookie_IsRefusedAfter400Days(t *testing.T) {
	for days, want := range map[int]string{0: "token", 399: "token", 401: ""} {
		signed := fmt.Sprintf("%d|%s|", time.Now().AddDate(0, 0, -days).Unix(),
			base64.URLEncoding.EncodeToString([]byte("token")))
		mac := hmac.New(sha256.New, []byte(key))
		fmt.Fprint(mac, "device|"+strings.TrimSuffix(signed, "|"))
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.AddCookie(&http.Cookie{Name: "device", Value: base64.URLEncoding.EncodeToString(mac.Sum([]byte(signed)))})
		if got := New([]string{key}, "").Get(r, Device); got != want {
			t.Errorf("after %d days: got %q, want %q", days, got, want)
		}
	}
}
