package handlers_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// RFC 9110 15.4.9: 308 keeps the method and the form.
func TestTidy_RedirectsAnAddressWithJunkBehindIt(t *testing.T) {
	s := newStage(t)
	ada := s.visitor()
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
			page := ada.do(method, s.server.URL+address, nil)
			if got := page.header.Get("Location"); page.status != http.StatusPermanentRedirect || got != want {
				t.Errorf("%s %s is answered %d to %q, want 308 to %q", method, address, page.status, got, want)
			}
			if page.header.Get("Content-Security-Policy") == "" {
				t.Errorf("%s %s lacks the security headers", method, address)
			}
		}
	}
}

func TestTidy_RedirectsEveryRouteWithATrailingSlash(t *testing.T) {
	s := newStage(t)
	for _, route := range s.routes {
		if route.Path == "/" || strings.HasSuffix(route.Path, "*") {
			continue
		}
		path := strings.NewReplacer(":id", "7", ":kind", "confirm_address", ":part", "forms").Replace(route.Path)
		page := s.developer().do(route.Method, path+"/", nil)
		if got := page.header.Get("Location"); page.status != http.StatusPermanentRedirect || got != path {
			t.Errorf("%s %s/ is answered %d to %q, want 308 to %q", route.Method, path, page.status, got, path)
		}
	}
}

// ASVS 3.7.2: redirects lead to this site alone. What is unknown stays 404.
func TestTidy_LeadsNowhereElse(t *testing.T) {
	s := newStage(t)
	for _, address := range []string{
		"//evil.example/", "//evil.example/login/", "/%2F%2Fevil.example/", "/%5Cevil.example/", "/\\evil.example/", "/-nothing/", "/-nothing.", "//", "///",
		"/login/nothing/", "/login/%00/", "/assets/nothing.css/", "/.well-known/", "/..;/login/",
	} {
		status, location := s.sentAsItIs(t, address)
		if status != http.StatusNotFound || location != "" {
			t.Errorf("%s is answered %d to %q, want 404", address, status, location)
		}
	}
}

// sentAsItIs requests an address that clients would rewrite.
func (s *stage) sentAsItIs(t *testing.T, address string) (status int, location string) {
	t.Helper()
	connection, err := net.Dial("tcp", s.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprintf(connection, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", address, s.config.AppURL.Host)
	answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode, answer.Header.Get("Location")
}

// A form keeps its method and its fields, and proves its origin as any other.
func TestTidy_KeepsAForm(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	page := ada.post("/login/", "email", ada.email, "password", goodPassword)
	if got := page.header.Get("Location"); page.status != http.StatusPermanentRedirect || got != "/login" {
		t.Errorf("a form for /login/ is answered %d to %q, want 308 to /login", page.status, got)
	}
	ada.post("/dashboard/").is(t, http.StatusNotFound)
	ada.origin = "https://evil.example"
	ada.post("/login/", "email", ada.email, "password", goodPassword).is(t, http.StatusForbidden)
}

// What mail programs and people do to a link: RFC 3676 and RFC 2045 6.7 wrap
// it, others take the punctuation behind it along.
func TestMailedLink_WorksWithJunkAroundItsToken(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	ada.post("/password/forgot", "email", ada.email)
	link, token, _ := strings.Cut(ada.mail().Link, "?token=")
	if len(token) != 43 {
		t.Fatalf("the token has %d characters, want 43", len(token))
	}
	for _, mangled := range []string{
		token + ".", token + ">", token + "%3E", token + ")", token + "%20", token + "+", token + "%22", token + "'", token + "%E2%80%9D", token + "%E2%80%8B",
		token + "%0D%0A", token + "%3C/a%3E", token + "%2520", token + "=", token + "/", "%20" + token, "%3C" + token + "%3E", "3D" + token,
		token[:20] + "=%0D%0A" + token[20:], token[:20] + "%20" + token[20:], token + "&utm_source=mail",
	} {
		page := ada.get(link+"?token="+mangled).is(t, http.StatusOK)
		if got := tokenIn(page); got != token {
			t.Errorf("with %s the form carries %q, want the token", mangled, got)
		}
	}
	ada.get(link+"/?token="+token).is(t, http.StatusPermanentRedirect)
	ada.get(link+"?token="+token+".").submit("password", otherPassword).redirects(t, "/login")
}

// Every page that a mailed link opens reads its token in the same way.
func TestLawEveryMailedLinkWorksWithJunkBehindIt(t *testing.T) {
	opened := 0
	everyPage(t, func(_ string, page *page) {
		if tokenIn(page) == "" {
			return
		}
		opened++
		for _, junk := range []string{".", "%3E", ")", "%20"} {
			page.p.get(page.path+"?token="+tokenIn(page)+junk).is(t, http.StatusOK)
		}
	})
	if opened < 3 {
		t.Errorf("%d pages carry a token, want every mailed link's", opened)
	}
}

// W3C, A Well-Known URL for Changing Passwords.
func TestWellKnown_ChangePasswordLeadsToThePage(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.get("/.well-known/change-password").redirects(t, "/account/security").says(t, "password")
	eve := s.visitor()
	eve.get("/.well-known/change-password").redirects(t, "/account/security")
	eve.get("/account/security").redirects(t, "/login?next="+url.QueryEscape("/account/security"))
	eve.get("/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200").is(t, http.StatusNotFound)
}

// tokenIn is the token that a page's form carries, "" for none.
func tokenIn(page *page) string {
	if input := page.input("token"); input != nil {
		return attribute(input, "value")
	}
	return ""
}
