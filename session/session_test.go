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

// given returns a request from a browser to which s has set the cookie.
func given(t testing.TB, s *Cookies, c Cookie, value string) *http.Request {
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

func TestACookieComesBackAsItWasSet(t *testing.T) {
	s := New([]string{key}, hostPrefix)
	for _, value := range []string{"", "token", "a\x00b", "ä ö ü; = ,", strings.Repeat("x", 2000)} {
		if got := s.Get(given(t, s, Session, value), Session); got != value {
			t.Errorf("%q came back as %q", value, got)
		}
	}
}

func TestACookieOfOneNameIsNoCookieOfAnother(t *testing.T) {
	s := New([]string{key}, "")
	r := given(t, s, Registration, "token")
	moved := httptest.NewRequest(http.MethodGet, "/", nil)
	moved.AddCookie(&http.Cookie{Name: "session", Value: r.Cookies()[0].Value})
	if got := s.Get(moved, Session); got != "" {
		t.Errorf("the sign-up's cookie passes for a session: %q", got)
	}
}

func TestAnOlderKeyStillVerifiesAndAnUnknownOneDoesNot(t *testing.T) {
	r := given(t, New([]string{key}, ""), Session, "token")
	if got := New([]string{"another key of more than 32 bytes, at last", key}, "").Get(r, Session); got != "token" {
		t.Errorf("after the rotation the cookie carries %q", got)
	}
	if got := New([]string{"another key of more than 32 bytes, at last"}, "").Get(r, Session); got != "" {
		t.Errorf("without its key the cookie carries %q", got)
	}
}

func TestWhatIsTakenIsGone(t *testing.T) {
	s := New([]string{key}, hostPrefix)
	r, w := given(t, s, Notice, "Saved."), httptest.NewRecorder()
	if got := s.Take(w, r, Notice); got != "Saved." {
		t.Errorf("took %q", got)
	}
	cleared := w.Result().Cookies()
	// Browsers ignore an end of a __Host- cookie that is not Secure and for the whole site.
	if len(cleared) != 1 || cleared[0].MaxAge >= 0 || cleared[0].Value != "" || !cleared[0].Secure || cleared[0].Path != "/" {
		t.Errorf("the browser is told %v", cleared)
	}
}

func TestACookieLivesAsLongAsItIsToldTo(t *testing.T) {
	s := New([]string{key}, "")
	w := httptest.NewRecorder()
	if err := s.Set(w, httptest.NewRequest(http.MethodGet, "/", nil), Session.For(time.Hour), "x"); err != nil {
		t.Fatal(err)
	}
	if c := w.Result().Cookies()[0]; c.MaxAge != 3600 {
		t.Errorf("Max-Age is %d", c.MaxAge)
	}
	if Session.life != 0 {
		t.Error("the change stays")
	}
}

// FuzzCookie sends what is not ours: it never panics, and carries nothing.
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
				t.Errorf("%q carries %q", header, got)
			}
		}
	})
}

func TestEachCookieHasItsLife(t *testing.T) {
	const day = 24 * 3600
	for c, want := range map[Cookie]int{Session: 0, Device: 400 * day, Registration: 7 * day, Notice: 0, ReturnTo: 0} {
		w := httptest.NewRecorder()
		if err := New([]string{key}, "").Set(w, httptest.NewRequest(http.MethodGet, "/", nil), c, "x"); err != nil {
			t.Fatal(err)
		}
		if got := w.Result().Cookies()[0].MaxAge; got != want {
			t.Errorf("Max-Age of %s is %d, not %d", c.name, got, want)
		}
	}
}

// Item 36: a cookie is read for 400 days, which is as long as a browser keeps it, and no longer.
func TestItem36ACookieIsReadForFourHundredDays(t *testing.T) {
	for days, want := range map[int]string{0: "token", 399: "token", 401: ""} {
		signed := fmt.Sprintf("%d|%s|", time.Now().AddDate(0, 0, -days).Unix(), base64.URLEncoding.EncodeToString([]byte("token")))
		mac := hmac.New(sha256.New, []byte(key))
		fmt.Fprint(mac, "device|"+strings.TrimSuffix(signed, "|"))
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.AddCookie(&http.Cookie{Name: "device", Value: base64.URLEncoding.EncodeToString(mac.Sum([]byte(signed)))})
		if got := New([]string{key}, "").Get(r, Device); got != want {
			t.Errorf("after %d days the cookie carries %q", days, got)
		}
	}
}
