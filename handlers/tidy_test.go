package handlers_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"example.com/gatehouse/apptest"
)

// RFC 9110 15.4.9: 308 keeps the method and the form.
func TestTidy_RedirectsAnAddressWithJunkBehindIt(t *testing.T) {
	app := apptest.New(t)
	ada := app.Browser()
	for address, want := range map[string]string{
		"/login/":                       "/login",
		"/login//":                      "/login",
		"/login.":                       "/login",
		"/login%3E":                     "/login",
		"/login)":                       "/login",
		"/login%20":                     "/login",
		"/login%E2%80%9D.":              "/login",
		"/login%E2%80%8B":               "/login",
		"/login/?next=%2Fnotes%3Fq%3D1": "/login?next=%2Fnotes%3Fq%3D1",
		"/password/forgot/":             "/password/forgot",
		"/register/sent/":               "/register/sent",
		"/account/security/":            "/account/security",
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			page := ada.Do(method, app.Server.URL+address, nil)
			if got := page.Header.Get("Location"); page.Status != http.StatusPermanentRedirect || got != want {
				t.Errorf("%s %s is answered %d to %q, want 308 to %q", method, address, page.Status, got, want)
			}
			if page.Header.Get("Content-Security-Policy") == "" {
				t.Errorf("%s %s lacks the security headers", method, address)
			}
		}
	}
}

func TestTidy_RedirectsEveryRouteWithATrailingSlash(t *testing.T) {
	app := apptest.New(t)
	for _, route := range app.Routes {
		if route.Path == "/" || strings.HasSuffix(route.Path, "*") {
			continue
		}
		path := strings.NewReplacer(":id", "7", ":kind", "confirm_address", ":part", "forms").Replace(route.Path)
		page := app.LocalBrowser().Do(route.Method, path+"/", nil)
		if got := page.Header.Get("Location"); page.Status != http.StatusPermanentRedirect || got != path {
			t.Errorf("%s %s/ is answered %d to %q, want 308 to %q", route.Method, path, page.Status, got, path)
		}
	}
}

// ASVS 3.7.2: redirects lead to this site alone. What is unknown stays 404.
func TestTidy_LeadsNowhereElse(t *testing.T) {
	app := apptest.New(t)
	for _, address := range []string{
		"//evil.example/", "//evil.example/login/", "/%2F%2Fevil.example/", "/%5Cevil.example/", "/\\evil.example/", "/-nothing/", "/-nothing.", "//", "///",
		"/login/nothing/", "/login/%00/", "/assets/nothing.css/", "/.well-known/", "/..;/login/",
	} {
		status, location := sendRaw(app, t, address)
		if status != http.StatusNotFound || location != "" {
			t.Errorf("%s is answered %d to %q, want 404", address, status, location)
		}
	}
}

// sendRaw requests an address that clients would rewrite.
func sendRaw(app *apptest.App, t *testing.T, address string) (status int, location string) {
	t.Helper()
	connection, err := net.Dial("tcp", app.Server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprintf(connection, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", address, app.Config.AppURL.Host)
	answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode, answer.Header.Get("Location")
}

// A form keeps its method and its fields, and proves its origin as any other.
func TestTidy_KeepsAForm(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	page := ada.Post("/login/", "email", ada.Email, "password", apptest.Password)
	if got := page.Header.Get("Location"); page.Status != http.StatusPermanentRedirect || got != "/login" {
		t.Errorf("a form for /login/ is answered %d to %q, want 308 to /login", page.Status, got)
	}
	ada.Post("/dashboard/").WantStatus(t, http.StatusNotFound)
	ada.Origin = "https://evil.example"
	ada.Post("/login/", "email", ada.Email, "password", apptest.Password).WantStatus(t, http.StatusForbidden)
}

// What mail programs and people do to a link: RFC 3676 and RFC 2045 6.7 wrap
// it, others take the punctuation behind it along.
func TestMailedLink_WorksWithJunkAroundItsToken(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	ada.Post("/password/forgot", "email", ada.Email)
	link, token, _ := strings.Cut(ada.Mail().Link, "?token=")
	if len(token) != 43 {
		t.Fatalf("the token has %d characters, want 43", len(token))
	}
	for _, mangled := range []string{
		token + ".", token + ">", token + "%3E", token + ")", token + "%20", token + "+", token + "%22", token + "'", token + "%E2%80%9D", token + "%E2%80%8B",
		token + "%0D%0A", token + "%3C/a%3E", token + "%2520", token + "=", token + "/", "%20" + token, "%3C" + token + "%3E", "3D" + token,
		token[:20] + "=%0D%0A" + token[20:], token[:20] + "%20" + token[20:], token + "&utm_source=mail",
	} {
		page := ada.Get(link+"?token="+mangled).WantStatus(t, http.StatusOK)
		if got := tokenIn(page); got != token {
			t.Errorf("with %s the form carries %q, want the token", mangled, got)
		}
	}
	ada.Get(link+"/?token="+token).WantStatus(t, http.StatusPermanentRedirect)
	ada.Get(link+"?token="+token+".").Submit("password", apptest.OtherPassword).WantRedirect(t, "/login")
}

// Every page that a mailed link opens reads its token in the same way.
func TestLawEveryMailedLinkWorksWithJunkBehindIt(t *testing.T) {
	opened := 0
	site().EachPage(t, func(_ string, page *apptest.Page) {
		if tokenIn(page) == "" {
			return
		}
		opened++
		for _, junk := range []string{".", "%3E", ")", "%20"} {
			page.Browser.Get(page.Path+"?token="+tokenIn(page)+junk).WantStatus(t, http.StatusOK)
		}
	})
	if opened < 3 {
		t.Errorf("%d pages carry a token, want every mailed link's", opened)
	}
}

// W3C, A Well-Known URL for Changing Passwords.
func TestWellKnown_ChangePasswordLeadsToThePage(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	ada.Get("/.well-known/change-password").WantRedirect(t, "/account/security").WantText(t, "password")
	eve := app.Browser()
	eve.Get("/.well-known/change-password").WantRedirect(t, "/account/security")
	eve.Get("/account/security").WantRedirect(t, "/login?next="+url.QueryEscape("/account/security"))
	eve.Get("/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200").
		WantStatus(t, http.StatusNotFound)
}

// tokenIn is the token that a page's form carries, "" for none.
func tokenIn(page *apptest.Page) string {
	if input := page.Input("token"); input != nil {
		return apptest.Attr(input, "value")
	}
	return ""
}
