package apptest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"example.com/gatehouse/models"
	"example.com/gatehouse/web"
)

// DeclaresEverything fails for each guard, page and table that the other laws
// would pass over, because the Site says nothing about it.
func (s Site) DeclaresEverything(t *testing.T) {
	tour := s.Tour(t)
	for _, table := range UserTables(tour.App) {
		if s.Rows[table] == nil {
			t.Errorf("the table %s has rows of users and no sample; add a function that creates one to Rows of %s", table, s.File)
		}
	}
	missing := map[string]bool{}
	tour.open(func(route web.Route, page *Page) {
		if _, known := s.Guards[route.Guard]; !known && !missing[route.Guard] {
			missing[route.Guard] = true
			t.Errorf("the guard %q of %s is not in Guards of %s; add it, with a browser that it lets through",
				route.Guard, route.Path, s.File)
		}
		if _, listed := s.Pages[route.Path]; page == nil && !listed && strings.ContainsAny(route.Path, ":*") && s.canOpen(tour, route) {
			t.Errorf("GET %s has no sample page; add its address to Pages of %s", route.Path, s.File)
		}
	})
}

// canOpen reports whether the guard of a route is declared, and the sample row of
// the table that its path names.
func (s Site) canOpen(tour *Tour, route web.Route) bool {
	table := tableOf(route)
	_, guarded := s.Guards[route.Guard]
	return guarded && (s.Rows[table] != nil || !slices.Contains(UserTables(tour.App), table))
}

// UserTables returns the names of the tables with a user_id.
func UserTables(app *App) (names []string) {
	for _, table := range models.SchemaOf(app.DB) {
		if table.Parsed.FieldsByDBName["user_id"] != nil {
			names = append(names, table.Name)
		}
	}
	return names
}

// OpensEveryPage fails for each sample page that is not answered with 200.
func (s Site) OpensEveryPage(t *testing.T) {
	opened := 0
	s.Tour(t).open(func(route web.Route, page *Page) {
		if page == nil {
			return
		}
		if opened++; page.Status != http.StatusOK {
			t.Errorf("GET %s: got status %d for a browser that the guard %q lets through, want 200; its sample is in Pages of %s:\n%s",
				page.Path, page.Status, route.Guard, s.File, page.Text())
		}
	})
	if opened == 0 {
		t.Error("got no page, want at least one")
	}
}

// RoutesAskForLogin fails for each route that answers a visitor and is not
// listed as public.
func (s Site) RoutesAskForLogin(t *testing.T) {
	app := New(t)
	asked := 0
	for _, route := range app.Routes {
		name := route.Method + " " + route.Path
		if slices.Contains(s.Public, name) {
			continue
		}
		asked++
		want := "/login" // a form is not sent again behind the user's back
		if route.Method == http.MethodGet && (route.Guard == "logged in" || route.Permission != "") {
			want += "?next=" + url.QueryEscape(route.Path)
			app.Browser().Do(http.MethodHead, route.Path, nil).WantStatus(t, http.StatusSeeOther)
		}
		page := app.Browser().Do(route.Method, route.Path, nil)
		if got := page.Header.Get("Location"); page.Status != http.StatusSeeOther || got != want {
			t.Errorf("%s answers a visitor with %d and leads to %q, want 303 to %q; if everyone may use it, add %q to Public of %s",
				name, page.Status, got, want, name, s.File)
		}
	}
	if asked == 0 {
		t.Error("got no guarded route, want at least one")
	}
}

// PublicRoutesExist fails for each route that is listed as public and is gone.
func (s Site) PublicRoutesExist(t *testing.T) {
	app := New(t)
	for _, name := range s.Public {
		if !slices.ContainsFunc(app.Routes, func(r web.Route) bool { return r.Method+" "+r.Path == name }) {
			t.Errorf("%s is no route; remove it from Public of %s", name, s.File)
		}
	}
}

// LinksLeadToRoutes fails for each link and form that leads nowhere.
func (s Site) LinksLeadToRoutes(t *testing.T) {
	s.EachPage(t, func(_ string, page *Page) {
		for n := range page.Document().Descendants() {
			method, address := http.MethodGet, Attr(n, "href")+Attr(n, "src")
			if n.Data == "form" {
				method, address = strings.ToUpper(Attr(n, "method")), Attr(n, "action")
			}
			if n.Type != html.ElementNode || !strings.HasPrefix(address, "/") {
				continue // other sites, and places on the page
			}
			target, err := url.Parse(address)
			if err != nil || !page.Browser.App.routed(method, target.Path) {
				t.Errorf("%s: <%s> leads to %s %s, want the address of a route", page.Path, n.Data, method, address)
			}
		}
	})
}

func (app *App) routed(method, path string) bool {
	return slices.ContainsFunc(app.Routes, func(r web.Route) bool { return Matches(r, method, path) })
}

// LayoutsFollowGuards fails for each page whose layout is for another guard, and
// for each page behind the login without a button to log out.
func (s Site) LayoutsFollowGuards(t *testing.T) {
	s.EachPage(t, func(guard string, page *Page) {
		if strings.HasSuffix(page.Path, "/html") || !page.IsHTML() {
			return // a mail or a picture, not a page
		}
		want := s.Guards[guard].Layouts
		if got := Attr(page.All("body")[0], "class"); !slices.Contains(want, got) {
			t.Errorf("%s: got the layout %q behind the guard %q, want one of %v", page.Path, got, guard, want)
		}
		if slices.Contains(want, "app") && !strings.Contains(page.Body, `action="/logout"`) {
			t.Errorf("%s: got no button to log out, want one", page.Path)
		}
	})
}

// GetsChangeNoRow fails for each page that changes a row when it opens.
func (s Site) GetsChangeNoRow(t *testing.T) {
	var before map[string]string
	s.EachPage(t, func(_ string, page *Page) {
		if changed := page.Browser.App.ChangedTables(before); len(changed) > 0 {
			t.Errorf("GET %s changed rows of %v, want changes on POST alone", page.Path, changed)
			before = page.Browser.App.Tables()
		}
	}, func(app *App) {
		app.WaitForMail()
		before = app.Tables()
	})
}

// PostsRequireForms fails for each POST route that takes anything but a form.
func (s Site) PostsRequireForms(t *testing.T) {
	tour := s.Tour(t)
	for _, route := range tour.App.Routes {
		b := tour.Behind(route.Guard)
		if route.Method != http.MethodPost || route.Path == "/logout" || b == nil {
			continue
		}
		for _, media := range []string{"application/json", "text/plain", "application/octet-stream", "nonsense", ""} {
			r := b.Request(http.MethodPost, route.Path, strings.NewReader(`{"name":"x"}`))
			r.Header.Set("Content-Type", media)
			page, err := b.Send(r)
			if err != nil {
				t.Fatal(err)
			}
			if page.Status != http.StatusUnsupportedMediaType {
				t.Errorf("POST %s: got status %d for a body of type %q, want 415", route.Path, page.Status, media)
			}
		}
	}
}

// PostsRefuseOtherOrigins fails for each POST route that takes a form of another
// site, or a form that doesn't say where it comes from.
func (s Site) PostsRefuseOtherOrigins(t *testing.T) {
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			app := New(t, NoRateLimit, func(app *App) {
				app.Config.AppURL.Scheme, app.Config.Production = scheme, scheme == "https"
			})
			ada := app.LoggedIn("ada@example.com")
			for _, route := range app.Routes {
				if route.Method == http.MethodPost {
					refusesOtherOrigins(t, ada, route.Path)
				}
			}
			ada.Get("/dashboard").WantStatus(t, 200)
		})
	}
}

func refusesOtherOrigins(t *testing.T, ada *Browser, path string) {
	t.Helper()
	site := ada.App.Config.AppURL.String()
	otherScheme := map[string]string{"http": "https", "https": "http"}[ada.App.Config.AppURL.Scheme]
	for _, headers := range []map[string]string{
		{"Origin": "https://evil.example"},
		{"Origin": "null"},
		{"Origin": site + ".evil.example"},
		{"Origin": site + ":1"},
		{"Origin": otherScheme + "://" + ada.App.Config.AppURL.Host},
		{},
		{"Origin": site, "Sec-Fetch-Site": "cross-site"},
		{"Origin": site, "Sec-Fetch-Site": "same-site"},
		{"Sec-Fetch-Site": "same-site"},
		{"Sec-Fetch-Site": "none"},
		{"Origin": "null", "Sec-Fetch-Site": "cross-site"},
		{"Referer": site + "/login"},
	} {
		r := ada.Request(http.MethodPost, path, strings.NewReader("name=x"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Del("Origin")
		for name, value := range headers {
			r.Header.Set(name, value)
		}
		page, err := ada.Send(r)
		if err != nil {
			t.Fatal(err)
		}
		if page.Status != http.StatusForbidden {
			t.Errorf("POST %s with %v: got status %d, want 403", path, headers, page.Status)
		}
	}
}
