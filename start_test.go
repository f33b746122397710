package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Cookies know no ports (RFC 6265 8.5), so two clones on localhost share a jar.
func TestCookies_OfClonesOnOneMachineAreApart(t *testing.T) {
	first, second := start(t, t.TempDir()), start(t, t.TempDir())
	second.client = first.client
	first.signUp()
	second.signUp()
	if !first.loggedIn() || !second.loggedIn() {
		t.Errorf("after a login to the second clone the first is logged in: %t, the second: %t, want both",
			first.loggedIn(), second.loggedIn())
	}
	second.post("/logout", nil)
	if !first.loggedIn() || second.loggedIn() {
		t.Errorf("after a logout of the second clone the first is logged in: %t, the second: %t, want only the first",
			first.loggedIn(), second.loggedIn())
	}
}

func TestCookies_OfProductsThatTakeTurnsOnAPortAreApart(t *testing.T) {
	port, shop, blog := freePort(t), t.TempDir(), t.TempDir()
	first := launch(t, shop, port, "APP_NAME=Shop")
	first.await()
	first.signUp()
	first.kill(syscall.SIGTERM)
	second := launch(t, blog, port, "APP_NAME=Blog")
	second.await()
	second.client = first.client
	second.signUp()
	second.kill(syscall.SIGTERM)
	again := launch(t, shop, port, "APP_NAME=Shop")
	again.await()
	if again.client = first.client; !again.loggedIn() {
		t.Error("the shop is logged out after a login to the blog on its port, want logged in")
	}
}

func TestServe_NeedsNoSettingsInDevelopment(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	if out := s.output.String(); !strings.Contains(out, s.url) || !strings.Contains(out, s.url+"/dev/mail") {
		t.Errorf("the start does not name the site and its mailbox:\n%s", out)
	}
	s.signUp()
	if info, err := os.Stat(filepath.Join(dir, "data")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("got %v (%v) for the data folder, want 0700", info.Mode(), err)
	}
}

// The program on the usual port may be another one. It must not get this one's
// visitors and mailed links.
func TestServe_LinksToItsOwnPort(t *testing.T) {
	port := freePort(t)
	s := launch(t, t.TempDir(), port, "APP_URL=")
	s.await()
	if out := s.output.String(); !strings.Contains(out, "http://localhost:"+port+"/dev/mail") {
		t.Errorf("the start does not name port %s:\n%s", port, out)
	}
	answer, err := http.DefaultTransport.RoundTrip(httptest.NewRequest(http.MethodGet, s.url+"/login", nil))
	want := "http://localhost:" + port + "/login"
	if status, _ := s.read(answer, err); status != http.StatusTemporaryRedirect || answer.Header.Get("Location") != want {
		t.Errorf("got status %d to %s, want 307 to %s", status, answer.Header.Get("Location"), want)
	}
}

func TestServe_MigratesOnceWhenSeveralStartTogether(t *testing.T) {
	dir := t.TempDir()
	var servers []*server
	for range 3 {
		servers = append(servers, launch(t, dir, freePort(t)))
	}
	for _, s := range servers {
		s.await()
	}
}

func TestSeed_AddsUsersWhoCanLogIn(t *testing.T) {
	dir := t.TempDir()
	output, status := run(t, dir, nil, "seed")
	_, password, found := strings.Cut(strings.TrimSpace(output), "password: ")
	if status != 0 || !found {
		t.Fatalf("got status %d and %q, want status 0 and a password", status, output)
	}
	s := start(t, dir)
	status, body := s.post("/login", url.Values{"email": {"ada@example.com"}, "password": {password}})
	if status != http.StatusOK || !strings.Contains(body, "Dashboard") {
		t.Errorf("got status %d after the login, want 200 and the dashboard", status)
	}
}
