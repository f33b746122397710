package apptest

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"

	"example.com/gatehouse/session"
)

// Browser is a browser without JavaScript, with cookies and an IP address of its
// own. Email is the address of the user in front of it, "" for a visitor.
type Browser struct {
	App       *App
	Client    *http.Client
	Email     string
	IP        string
	UserAgent string
	Origin    string // of its forms
}

// Browser returns a new browser: a visitor without cookies.
func (app *App) Browser() *Browser {
	jar, _ := cookiejar.New(nil) // never returns an error
	n := app.browsers.Add(1)
	return &Browser{App: app, IP: fmt.Sprintf("203.0.%d.%d", 113+n/250, n%250+1), Origin: app.Config.AppURL.String(),
		UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
		Client: &http.Client{Jar: jar, Transport: app.Server.Client().Transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// BrowserOf returns a new browser whose user gives this email address.
func (app *App) BrowserOf(email string) *Browser {
	b := app.Browser()
	b.Email = email
	return b
}

// LocalBrowser returns a new browser in a private network, which may open the
// pages of development.
func (app *App) LocalBrowser() *Browser {
	b := app.Browser()
	b.IP = "192.168.7.7"
	return b
}

// OtherBrowser returns a new browser of the same user.
func (b *Browser) OtherBrowser() *Browser { return b.App.BrowserOf(b.Email) }

// Tab returns the same browser once more, with a copy of its cookies: another
// tab, or the browser of an attacker who has stolen them.
func (b *Browser) Tab() *Browser {
	tab := b.OtherBrowser()
	tab.IP = b.IP
	tab.Client.Jar.SetCookies(b.App.Config.AppURL, b.Client.Jar.Cookies(b.App.Config.AppURL))
	return tab
}

// Get opens a page.
func (b *Browser) Get(path string) *Page {
	b.App.T.Helper()
	return b.Do(http.MethodGet, path, nil)
}

// Post sends a form: names and values in turn.
func (b *Browser) Post(path string, fields ...string) *Page {
	b.App.T.Helper()
	return b.Do(http.MethodPost, path, Form(fields...))
}

// Form returns names and values, given in turn, as a form.
func Form(fields ...string) url.Values {
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return form
}

// Do sends a request of any method and returns the answer.
func (b *Browser) Do(method, path string, form url.Values) *Page {
	b.App.T.Helper()
	page, err := b.Try(method, path, form)
	if err != nil {
		b.App.T.Fatalf("%s %s: %v", method, path, err)
	}
	return page
}

// Try does what Do does for goroutines, which must not end the test.
func (b *Browser) Try(method, path string, form url.Values) (*Page, error) {
	r := b.Request(method, path, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return b.Send(r)
}

// Request returns a request that a test may change before it calls Send.
func (b *Browser) Request(method, path string, body io.Reader) *http.Request {
	if strings.HasPrefix(path, "/") {
		path = b.App.Server.URL + path
	}
	r, err := http.NewRequestWithContext(b.App.T.Context(), method, path, body)
	if err != nil {
		b.App.T.Fatal(err)
	}
	r.Header.Set("User-Agent", b.UserAgent)
	r.Header.Set("X-Forwarded-For", b.IP)
	if b.Origin != "" && method != http.MethodGet && method != http.MethodHead {
		r.Header.Set("Origin", b.Origin)
	}
	return r
}

// Send sends a request and returns the answer. It does not follow redirects.
func (b *Browser) Send(r *http.Request) (*Page, error) {
	answer, err := b.Client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	for _, cookie := range answer.Cookies() {
		// Shorter values, and those with a path in them, are no secrets.
		if value := CookieValue(cookie.Value); len(value) >= 43 && !strings.ContainsAny(value, " /?") {
			b.App.secrets.Store(value, "the value of the cookie "+cookie.Name)
		}
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	return &Page{Browser: b, Path: r.URL.Path, Status: answer.StatusCode, Header: answer.Header, Body: string(body)}, nil
}

// CookieName returns the full name of a cookie of the application.
func (app *App) CookieName(name string) string { return app.Config.CookiePrefix() + name }

// Cookie returns the raw value of a cookie, "" if the browser has none.
func (b *Browser) Cookie(name string) string {
	for _, c := range b.Client.Jar.Cookies(b.App.Config.AppURL) {
		if c.Name == b.App.CookieName(name) {
			return c.Value
		}
	}
	return ""
}

// SetCookies puts signed cookies with these values into the browser. It skips
// empty values.
func (b *Browser) SetCookies(values map[session.Cookie]string) {
	b.App.T.Helper()
	cookies := session.New(b.App.Config.SecretKeys, b.App.Config.CookiePrefix())
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/login", nil)
	for cookie, value := range values {
		if value == "" {
			continue
		}
		if err := cookies.Set(w, r, cookie, value); err != nil {
			b.App.T.Fatal(err)
		}
	}
	b.Client.Jar.SetCookies(b.App.Config.AppURL, w.Result().Cookies())
}

// CookieValue returns what a signed cookie contains: securecookie writes
// base64(time|base64(value)|signature).
func CookieValue(cookie string) string {
	raw, _ := base64.URLEncoding.DecodeString(cookie)
	parts := strings.SplitN(string(raw), "|", 3)
	if len(parts) != 3 {
		return ""
	}
	value, _ := base64.URLEncoding.DecodeString(parts[1])
	return string(value)
}
