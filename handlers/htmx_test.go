package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"example.com/gatehouse/apptest"
)

// sendHTMX sends what htmx sends from the page at this address.
func sendHTMX(b *apptest.Browser, method, path, from string, fields ...string) *apptest.Page {
	b.App.T.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	r := b.Request(method, path, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("HX-Request", "true")
	r.Header.Set("HX-Current-URL", b.App.Config.AppURL.String()+from)
	page, err := b.Send(r)
	if err != nil {
		b.App.T.Fatal(err)
	}
	return page
}

// wantHTMXRedirect wants htmx to take the whole page to the path.
func wantHTMXRedirect(page *apptest.Page, t *testing.T, to string) *apptest.Page {
	t.Helper()
	page.WantStatus(t, http.StatusNoContent)
	if got := page.Header.Get("HX-Redirect"); got != to || page.Header.Get("Location") != "" {
		t.Fatalf("%s leads htmx to %q, and a browser to %q; not to %q", page.Path, got, page.Header.Get("Location"), to)
	}
	return page.Browser.Get(to)
}

// swapHeaders is what htmx is told to do with the answer, "" for what its element says.
func swapHeaders(page *apptest.Page) string {
	return strings.Join([]string{page.Header.Get("HX-Retarget"), page.Header.Get("HX-Reswap"), page.Header.Get("HX-Reselect")}, " ")
}

func TestLawHTMXIsLedToTheLogInFromEveryGuardedRoute(t *testing.T) {
	app := apptest.New(t)
	for _, route := range app.Routes {
		if route.Guard == "logged in" {
			wantHTMXRedirect(sendHTMX(app.Browser(), route.Method, route.Path, "/the/way?page=2"), t, "/login?next=%2Fthe%2Fway%3Fpage%3D2").
				WantStatus(t, 200)
		}
	}
}

func TestASearchThatMetAnEndedSessionComesBack(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	app.Clock.Advance(app.Config.SessionIdle)
	login := wantHTMXRedirect(sendHTMX(ada, http.MethodGet, "/account/sessions?q=old+phone", "/account/sessions"), t, "/login?next=%2Faccount%2Fsessions%3Fq%3Dold%2Bphone")
	login.Submit("email", ada.Email, "password", apptest.Password).WantRedirect(t, "/account/sessions?q=old+phone").
		WantStatus(t, 200)
}

func TestItem41HTMXCannotBeLedOffTheSite(t *testing.T) {
	app := apptest.New(t)
	for from, to := range map[string]string{"//evil.example": "/login", "/\\evil.example": "/login", "@evil.example/x": "/login?next=%2Fx", "/login": "/login", ":x": "/login?next=%2Fdashboard"} {
		wantHTMXRedirect(sendHTMX(app.Browser(), http.MethodGet, "/dashboard", from), t, to)
	}
}

func TestAFormThatHTMXSentIsKeptInTheWholePage(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	app.Clock.Advance(app.Config.SessionIdle)
	login := sendHTMX(ada, http.MethodPost, "/account", "/account", "name", "Ada Lovelace").
		WantStatus(t, http.StatusUnauthorized)
	if swapHeaders(login) != "body outerHTML body" {
		t.Errorf("the login page is put %q", swapHeaders(login))
	}
	login.Submit("email", ada.Email, "password", apptest.Password).WantStatus(t, 200).
		WantText(t, "You are back", "Ada Lovelace")
}

func TestHTMXShowsEveryRefusal(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	for _, tried := range []struct {
		page   *apptest.Page
		status int
		swaps  string
	}{
		{sendHTMX(ada, http.MethodGet, "/account", "/account"), 200, "  "},
		{sendHTMX(ada, http.MethodPost, "/account", "/account"), 422, "  "},
		{sendHTMX(ada, http.MethodGet, "/account/nothing", "/account"), 404, "body outerHTML body"},
		{sendHTMX(ada, http.MethodPost, "/account/sessions/end", "/account/sessions", "id", "of nobody"), 404, " none "},
		{sendHTMX(ada, http.MethodPost, "/account", "/account", "name", strings.Repeat("x", 2<<20)), 413, " none "},
	} {
		if swaps := swapHeaders(tried.page.WantStatus(t, tried.status)); swaps != tried.swaps {
			t.Errorf("%d to %s is put %q", tried.status, tried.page.Path, swaps)
		}
	}
}

// Items 37 and 40: what protects a page protects what htmx is answered.
func TestItem40HTMXIsAnsweredWithTheSameHeaders(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	plain, asked, led := ada.Get("/account"), sendHTMX(ada, http.MethodGet, "/account", "/account"), sendHTMX(app.Browser(), http.MethodGet, "/account", "/account")
	for name := range plain.Header {
		if name == "Date" || name == "Content-Length" || name == "Content-Type" {
			continue
		}
		if want := plain.Header.Get(name); asked.Header.Get(name) != want || led.Header.Get(name) != want {
			t.Errorf("%s is %q, for htmx %q, and on the way to the login %q", name, want, asked.Header.Get(name), led.Header.Get(name))
		}
	}
	if plain.Header.Get("Cache-Control") != "no-store" || asked.Body != plain.Body {
		t.Error("htmx gets another page, or one that is stored")
	}
}

// The policy lets nothing be evaluated: an attribute that holds a script would do nothing but complain.
func TestLawNoAttributeOfHTMXHoldsAScript(t *testing.T) {
	site().EachPage(t, func(_ string, page *apptest.Page) {
		for n := range page.Document().Descendants() {
			for _, a := range n.Attr {
				name, ours := strings.CutPrefix(a.Key, "data-hx-")
				if strings.HasPrefix(a.Key, "hx-") {
					t.Errorf("%s: %s is no HTML; write data-%s", page.Path, a.Key, a.Key)
				}
				if ours && (strings.HasPrefix(name, "on") || strings.Contains(a.Val, "js:") || strings.Contains(a.Val, "javascript:") || name == "trigger" && strings.Contains(a.Val, "[")) {
					t.Errorf("%s: %s=%q is a script", page.Path, a.Key, a.Val)
				}
			}
		}
	})
}

func TestGuestsLoadNoHTMX(t *testing.T) {
	site().EachPage(t, func(guard string, page *apptest.Page) {
		frame := apptest.Attr(page.All("body")[0], "class")
		if loads := strings.Contains(page.Body, "/assets/htmx"); loads != (frame == "app") && !strings.HasSuffix(page.Path, "/html") {
			t.Errorf("%s, in the layout %q, loads htmx: %v", page.Path, frame, loads)
		}
	})
}

func TestHTMXSendsAVisitorsFormBackToItsPage(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	ada.Post("/logout")
	app.Clock.Advance(time.Minute)
	wantHTMXRedirect(sendHTMX(ada, http.MethodPost, "/account", "/account", "name", "Ada Lovelace"), t, "/login?next=%2Faccount").
		WantNoText(t, "Lovelace")
}
