package apptest

import (
	"net/http"
	"strings"
	"testing"

	"example.com/gatehouse/models"
	"example.com/gatehouse/web"
)

// Site tells the laws what they cannot find out about the pages and tables of a
// product. The methods of Site are the laws: each holds for routes and tables
// that do not exist yet.
type Site struct {
	File    string   // the file that declares it, for failures
	Options []Option // of an App that has all pages
	Public  []string // routes that answer visitors, such as "GET /about"
	// Guards has an entry for every Guard of a route.
	Guards map[string]Guard
	// Pages has an address by route path, for pages that their path alone does
	// not open. A nil function says that the route is no page, and an empty
	// address that there is none in this product.
	Pages map[string]func(*Tour) string
	// Rows has a function by owned table. It gives a user a row and returns its id.
	Rows map[string]func(*Browser) string
}

// Guard describes the pages behind a guard.
type Guard struct {
	Layouts []string // classes of the body that the pages may have
	// Browser returns a browser that the guard lets through, or nil if this
	// product has no such user.
	Browser func(*App) *Browser
}

// Tour is one visit of the whole site.
type Tour struct {
	App      *App
	site     Site
	browsers map[string]*Browser
	rows     map[string]string // by table, of the user who is logged in
}

// Tour starts an App with sample rows in all owned tables.
func (s Site) Tour(t *testing.T) *Tour {
	t.Helper()
	tour := &Tour{App: New(t, s.Options...), site: s, browsers: map[string]*Browser{}, rows: map[string]string{}}
	for _, table := range models.SchemaOf(tour.App.DB).Owned() {
		if create := s.Rows[table]; create != nil {
			tour.rows[table] = create(tour.Behind("logged in"))
		}
	}
	return tour
}

// Behind returns the browser that a guard lets through, or nil for none.
func (tour *Tour) Behind(guard string) *Browser {
	if b, ok := tour.browsers[guard]; ok {
		return b
	}
	var b *Browser
	if open := tour.site.Guards[guard].Browser; open != nil {
		b = open(tour.App)
	}
	tour.browsers[guard] = b
	return b
}

// address returns an address that a GET route answers with a page. If there is no
// such page, ok is false.
func (tour *Tour) address(route web.Route) (address string, ok bool) {
	if sample, listed := tour.site.Pages[route.Path]; listed {
		if sample == nil {
			return "", false
		}
		address = sample(tour)
		return address, address != ""
	}
	if strings.Contains(route.Path, ":id") {
		id := tour.rows[tableOf(route)]
		return strings.Replace(route.Path, ":id", id, 1), id != ""
	}
	return route.Path, !strings.ContainsAny(route.Path, ":*")
}

// tableOf returns the table that the path of a route would name: notes for
// /notes/:id.
func tableOf(route web.Route) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(route.Path, "/"), "/")
	return strings.ReplaceAll(first, "-", "_")
}

// EachPage opens all pages, each in a browser that its guard lets through. It
// calls the functions in first when all samples exist. OpensEveryPage fails for
// the pages that EachPage cannot open.
func (s Site) EachPage(t *testing.T, visit func(guard string, page *Page), first ...func(*App)) {
	t.Helper()
	s.Tour(t).open(func(route web.Route, page *Page) {
		if page != nil && page.Status == http.StatusOK {
			visit(route.Guard, page)
		}
	}, first...)
}

// open visits all GET routes. The page is nil if there is no sample or browser.
func (tour *Tour) open(visit func(route web.Route, page *Page), first ...func(*App)) {
	tour.App.T.Helper()
	addresses := map[string]string{}
	for _, route := range tour.App.Routes {
		if route.Method != http.MethodGet || tour.Behind(route.Guard) == nil {
			continue
		}
		if address, ok := tour.address(route); ok {
			addresses[route.Path] = address
		}
	}
	tour.Behind("logged in").Get("/dashboard") // records that the session is in use, for a minute
	for _, call := range first {
		call(tour.App)
	}
	for _, route := range tour.App.Routes {
		if route.Method != http.MethodGet {
			continue
		}
		var page *Page
		if address, ok := addresses[route.Path]; ok {
			page = tour.Behind(route.Guard).Get(address)
		}
		visit(route, page)
	}
}
