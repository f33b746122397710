package e2e

import (
	"encoding/json"
	"net/http"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// route is a route as the program lists it.
type route struct{ Method, Path, Guard string }

func routes(t *testing.T) (list []route) {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(path, "routes", "--json")
	command.Dir = t.TempDir()
	said, err := command.Output()
	if err == nil {
		err = json.Unmarshal(said, &list)
	}
	if err != nil {
		t.Fatalf("listing the routes: %v", err)
	}
	return list
}

// unlistedViews are the pages for users that no other view covers, so that a
// new page is checked at once. A list is seen by a user with the rows of seed
// and by a new user, a row by the first, and a form also after it was sent
// empty.
func unlistedViews(t *testing.T, listed []view) (views []view) {
	s := startWithMail(t, "RATE_LIMIT=off")
	newcomer, ada := s.visit(t, "New Comer").joins(), s.seeded(t)
	all := routes(t)
	for _, r := range all {
		known := slices.ContainsFunc(listed, func(v view) bool { return v.route == r.Path })
		if !known && r.Method == http.MethodGet && r.Guard == "needs a second factor" { // a visitor is redirected
			views = append(views, view{"owing-nothing", r.Path, 200, newcomer, opens(r.Path)})
		}
		if known || r.Method != http.MethodGet || r.Guard != "logged in" || slices.Contains(noPages(), r.Path) {
			continue
		}
		name := strings.ReplaceAll(strings.ReplaceAll(strings.Trim(r.Path, "/"), ":", ""), "/", "-")
		if list, isRow := strings.CutSuffix(strings.TrimSuffix(r.Path, "/edit"), "/:id"); isRow {
			views = append(views, view{name, r.Path, 200, ada, func(p *person) {
				p.open(list).open(strings.Replace(r.Path, ":id", p.firstRow(list), 1))
			}})
			continue
		}
		if strings.Contains(r.Path, ":") {
			continue // pages below a row need a view of their own
		}
		views = append(views, view{name, r.Path, 200, ada, opens(r.Path)},
			view{name + "-new", r.Path, 200, newcomer, opens(r.Path)})
		if slices.ContainsFunc(all, func(form route) bool {
			return form.Method == http.MethodPost &&
				form.Path == r.Path
		}) {
			views = append(views, view{name + "-wrong", r.Path, 422, newcomer,
				func(p *person) { p.open(r.Path).sendForm() }})
		}
	}
	return views
}

// seeded returns a user with the rows of the command seed, logged in.
func (s *site) seeded(t *testing.T) *person {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(path, "seed")
	command.Dir = s.dir
	said, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("seeding: %v\n%s", err, said)
	}
	email := regexp.MustCompile(`added +(\S+)`).FindSubmatch(said)
	password := regexp.MustCompile(`password: (.+)`).FindSubmatch(said)
	if email == nil || password == nil {
		t.Fatalf("seed tells no address or no password:\n%s", said)
	}
	p := s.visit(t, "Ada Lovelace")
	p.email, p.password = string(email[1]), string(password[1])
	return p.logIn().at("/dashboard", http.StatusOK)
}

// firstRow returns the id of the first row that the list on the page links to.
func (p *person) firstRow(list string) string {
	p.t.Helper()
	for _, address := range evaluate[[]string](p, `[...document.querySelectorAll("main a[href]")].map(a => a.getAttribute("href"))`) {
		if id, ok := strings.CutPrefix(address, list+"/"); ok && id != "new" && !strings.ContainsAny(id, "/?#") {
			return id
		}
	}
	p.t.Fatalf("%s leads to no row; seed gives none, or it is shown without a link", list)
	return ""
}

// sendForm submits the page's form as it is.
func (p *person) sendForm() *person {
	p.t.Helper()
	return p.press(evaluate[string](p, `document.querySelector("main form[method=post] button[type=submit]").textContent.trim()`))
}
