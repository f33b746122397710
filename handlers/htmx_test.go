package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// byHTMX sends what htmx sends from the page at this address.
func (p *person) byHTMX(method, path, from string, fields ...string) *page {
	p.s.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	r := p.request(method, path, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("HX-Request", "true")
	r.Header.Set("HX-Current-URL", p.s.config.AppURL.String()+from)
	page, err := p.send(r)
	if err != nil {
		p.s.t.Fatal(err)
	}
	return page
}

// leads wants htmx to take the whole page to the path.
func (g *page) leads(t *testing.T, to string) *page {
	t.Helper()
	g.is(t, http.StatusNoContent)
	if got := g.header.Get("HX-Redirect"); got != to || g.header.Get("Location") != "" {
		t.Fatalf("%s leads htmx to %q, and a browser to %q; not to %q", g.path, got, g.header.Get("Location"), to)
	}
	return g.p.get(to)
}

// swaps is what htmx is told to do with the answer, "" for what its element says.
func (g *page) swaps() string {
	return strings.Join([]string{g.header.Get("HX-Retarget"), g.header.Get("HX-Reswap"), g.header.Get("HX-Reselect")}, " ")
}

func TestLawHTMXIsLedToTheLogInFromEveryGuardedRoute(t *testing.T) {
	s := newStage(t)
	for _, route := range s.routes {
		if route.Guard == "logged in" {
			s.visitor().byHTMX(route.Method, route.Path, "/the/way?page=2").leads(t, "/login?next=%2Fthe%2Fway%3Fpage%3D2").is(t, 200)
		}
	}
}

func TestASearchThatMetAnEndedSessionComesBack(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	s.clock.passes(idle)
	login := ada.byHTMX(http.MethodGet, "/account/sessions?q=old+phone", "/account/sessions").leads(t, "/login?next=%2Faccount%2Fsessions%3Fq%3Dold%2Bphone")
	login.submit("email", ada.email, "password", goodPassword).redirects(t, "/account/sessions?q=old+phone").is(t, 200)
}

func TestItem41HTMXCannotBeLedOffTheSite(t *testing.T) {
	s := newStage(t)
	for from, to := range map[string]string{"//evil.example": "/login", "/\\evil.example": "/login", "@evil.example/x": "/login?next=%2Fx", "/login": "/login", ":x": "/login?next=%2Fdashboard"} {
		s.visitor().byHTMX(http.MethodGet, "/dashboard", from).leads(t, to)
	}
}

func TestAFormThatHTMXSentIsKeptInTheWholePage(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	s.clock.passes(idle)
	login := ada.byHTMX(http.MethodPost, "/account", "/account", "name", "Ada Lovelace").is(t, http.StatusUnauthorized)
	if login.swaps() != "body outerHTML body" {
		t.Errorf("the login page is put %q", login.swaps())
	}
	login.submit("email", ada.email, "password", goodPassword).is(t, 200).says(t, "You are back", "Ada Lovelace")
}

func TestHTMXShowsEveryRefusal(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	for _, tried := range []struct {
		page   *page
		status int
		swaps  string
	}{
		{ada.byHTMX(http.MethodGet, "/account", "/account"), 200, "  "},
		{ada.byHTMX(http.MethodPost, "/account", "/account"), 422, "  "},
		{ada.byHTMX(http.MethodGet, "/account/nothing", "/account"), 404, "body outerHTML body"},
		{ada.byHTMX(http.MethodPost, "/account/sessions/end", "/account/sessions", "id", "of nobody"), 404, " none "},
		{ada.byHTMX(http.MethodPost, "/account", "/account", "name", strings.Repeat("x", 2<<20)), 413, " none "},
	} {
		if swaps := tried.page.is(t, tried.status).swaps(); swaps != tried.swaps {
			t.Errorf("%d to %s is put %q", tried.status, tried.page.path, swaps)
		}
	}
}

// Items 37 and 40: what protects a page protects what htmx is answered.
func TestItem40HTMXIsAnsweredWithTheSameHeaders(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	plain, asked, led := ada.get("/account"), ada.byHTMX(http.MethodGet, "/account", "/account"), s.visitor().byHTMX(http.MethodGet, "/account", "/account")
	for name := range plain.header {
		if name == "Date" || name == "Content-Length" || name == "Content-Type" {
			continue
		}
		if want := plain.header.Get(name); asked.header.Get(name) != want || led.header.Get(name) != want {
			t.Errorf("%s is %q, for htmx %q, and on the way to the login %q", name, want, asked.header.Get(name), led.header.Get(name))
		}
	}
	if plain.header.Get("Cache-Control") != "no-store" || asked.body != plain.body {
		t.Error("htmx gets another page, or one that is stored")
	}
}

// The policy lets nothing be evaluated: an attribute that holds a script would do nothing but complain.
func TestLawNoAttributeOfHTMXHoldsAScript(t *testing.T) {
	everyPage(t, func(_ string, page *page) {
		for n := range page.document().Descendants() {
			for _, a := range n.Attr {
				name, ours := strings.CutPrefix(a.Key, "data-hx-")
				if strings.HasPrefix(a.Key, "hx-") {
					t.Errorf("%s: %s is no HTML; write data-%s", page.path, a.Key, a.Key)
				}
				if ours && (strings.HasPrefix(name, "on") || strings.Contains(a.Val, "js:") || strings.Contains(a.Val, "javascript:") || name == "trigger" && strings.Contains(a.Val, "[")) {
					t.Errorf("%s: %s=%q is a script", page.path, a.Key, a.Val)
				}
			}
		}
	})
}

func TestGuestsLoadNoHTMX(t *testing.T) {
	everyPage(t, func(guard string, page *page) {
		frame := attribute(page.all("body")[0], "class")
		if loads := strings.Contains(page.body, "/assets/htmx"); loads != (frame == "app") && !strings.HasSuffix(page.path, "/html") {
			t.Errorf("%s, in the layout %q, loads htmx: %v", page.path, frame, loads)
		}
	})
}

func TestHTMXSendsAVisitorsFormBackToItsPage(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.post("/logout")
	s.clock.passes(time.Minute)
	ada.byHTMX(http.MethodPost, "/account", "/account", "name", "Ada Lovelace").leads(t, "/login?next=%2Faccount").hides(t, "Lovelace")
}
