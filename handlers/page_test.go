package handlers_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// page is an answer.
type page struct {
	p      *person
	path   string
	status int
	header http.Header
	body   string
}

func (g *page) is(t *testing.T, status int) *page {
	t.Helper()
	if g.status != status {
		t.Fatalf("%s answered %d, not %d: %s", g.path, g.status, status, g.text())
	}
	return g
}

// redirects wants a 303 to the path, and follows it.
func (g *page) redirects(t *testing.T, to string) *page {
	t.Helper()
	g.is(t, http.StatusSeeOther)
	if got := g.header.Get("Location"); got != to {
		t.Fatalf("%s sent the browser to %q, not to %q", g.path, got, to)
	}
	return g.p.get(to)
}

// choosesAnotherPassword is a page that leads to where a new password is chosen, as who has come by a mailed link does, and then to the login.
func (g *page) choosesAnotherPassword(t *testing.T) *page {
	t.Helper()
	return g.redirects(t, "/login/password").submit("password", otherPassword).redirects(t, "/login")
}

func (g *page) says(t *testing.T, words ...string) *page {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(g.text(), w) {
			t.Fatalf("%s (%d) does not say %q:\n%s", g.path, g.status, w, g.text())
		}
	}
	return g
}

func (g *page) hides(t *testing.T, words ...string) *page {
	t.Helper()
	for _, w := range words {
		if strings.Contains(g.body, w) {
			t.Fatalf("%s (%d) shows %q:\n%s", g.path, g.status, w, g.body)
		}
	}
	return g
}

func (g *page) isHTML() bool { return strings.HasPrefix(g.header.Get("Content-Type"), "text/html") }

// text is what the page says to a reader.
func (g *page) text() string {
	var words []string
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			words = append(words, strings.Fields(n.Data)...)
		}
		for child := range n.ChildNodes() {
			if child.Data != "script" && child.Data != "style" {
				walk(child)
			}
		}
	}
	walk(g.document())
	return strings.Join(words, " ")
}

func (g *page) document() *html.Node {
	document, err := html.Parse(strings.NewReader(g.body))
	if err != nil {
		g.p.s.t.Fatalf("%s is no HTML: %v", g.path, err)
	}
	return document
}

// all are the elements with this name.
func (g *page) all(name string) (found []*html.Node) {
	for n := range g.document().Descendants() {
		if n.Type == html.ElementNode && n.Data == name {
			found = append(found, n)
		}
	}
	return found
}

// rows are the addresses that a list's rows lead to.
func (g *page) rows() (addresses []string) {
	for _, a := range g.all("a") {
		if attribute(a.Parent, "class") == "row-title" {
			addresses = append(addresses, attribute(a, "href"))
		}
	}
	return addresses
}

// input is the element with this name attribute, nil for none.
func (g *page) input(name string) *html.Node {
	for _, n := range g.all("input") {
		if attribute(n, "name") == name {
			return n
		}
	}
	return nil
}

// submit sends the page's first form that is not the logout, with what it holds and with these names and values filled in.
func (g *page) submit(fields ...string) *page {
	g.p.s.t.Helper()
	for _, form := range g.all("form") {
		if attribute(form, "action") == "/logout" {
			continue
		}
		values := url.Values{}
		for n := range form.Descendants() {
			switch name := attribute(n, "name"); {
			case n.Data == "input" && name != "" && (attribute(n, "type") != "checkbox" || has(n, "checked")):
				values.Set(name, attribute(n, "value"))
			case n.Data == "textarea" && n.FirstChild != nil:
				values.Set(name, n.FirstChild.Data)
			case n.Data == "option" && has(n, "selected"):
				values.Set(attribute(n.Parent, "name"), attribute(n, "value"))
			}
		}
		for i := 0; i < len(fields); i += 2 {
			values.Set(fields[i], fields[i+1])
		}
		return g.p.do(http.MethodPost, attribute(form, "action"), values)
	}
	g.p.s.t.Fatalf("%s has no form: %s", g.path, g.text())
	return nil
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
