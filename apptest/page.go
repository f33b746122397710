package apptest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Page is the answer to a request.
type Page struct {
	Browser *Browser
	Path    string
	Status  int
	Header  http.Header
	Body    string
}

// WantStatus fails if the status is another one.
func (p *Page) WantStatus(t *testing.T, status int) *Page {
	t.Helper()
	if p.Status != status {
		t.Fatalf("%s: got status %d, want %d:\n%s", p.Path, p.Status, status, p.Text())
	}
	return p
}

// WantRedirect fails if the answer is not a 303 to the address. It returns the
// page at that address.
func (p *Page) WantRedirect(t *testing.T, address string) *Page {
	t.Helper()
	p.WantStatus(t, http.StatusSeeOther)
	if got := p.Header.Get("Location"); got != address {
		t.Fatalf("%s: got a redirect to %q, want %q", p.Path, got, address)
	}
	return p.Browser.Get(address)
}

// WantText fails if one of the texts is missing from what the page shows. Runs of
// spaces count as one.
func (p *Page) WantText(t *testing.T, texts ...string) *Page {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(p.Text(), text) {
			t.Fatalf("%s (%d): want the text %q, got:\n%s", p.Path, p.Status, text, p.Text())
		}
	}
	return p
}

// WantNoText fails if the body contains one of the texts, markup included.
func (p *Page) WantNoText(t *testing.T, texts ...string) *Page {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(p.Body, text) {
			t.Fatalf("%s (%d): want no %q, got:\n%s", p.Path, p.Status, text, p.Body)
		}
	}
	return p
}

// Submit sends the page's first form that is not the logout, with its own values
// and with these names and values filled in.
func (p *Page) Submit(fields ...string) *Page {
	p.Browser.App.T.Helper()
	for _, form := range p.All("form") {
		if Attr(form, "action") == "/logout" {
			continue
		}
		values := filledIn(form)
		for i := 0; i < len(fields); i += 2 {
			values.Set(fields[i], fields[i+1])
		}
		return p.Browser.Do(http.MethodPost, Attr(form, "action"), values)
	}
	p.Browser.App.T.Fatalf("%s (%d): want a form to submit, got:\n%s", p.Path, p.Status, p.Text())
	return nil
}

// filledIn returns the values that a form has when the page opens.
func filledIn(form *html.Node) url.Values {
	values := url.Values{}
	for n := range form.Descendants() {
		switch name := Attr(n, "name"); {
		case n.Data == "input" && name != "" && (Attr(n, "type") != "checkbox" || HasAttr(n, "checked")):
			values.Set(name, Attr(n, "value"))
		case n.Data == "textarea" && n.FirstChild != nil:
			values.Set(name, n.FirstChild.Data)
		case n.Data == "option" && HasAttr(n, "selected"):
			values.Set(Attr(n.Parent, "name"), Attr(n, "value"))
		}
	}
	return values
}

// Text returns what the page shows to a reader.
func (p *Page) Text() string {
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
	walk(p.Document())
	return strings.Join(words, " ")
}

// Document returns the parsed page.
func (p *Page) Document() *html.Node {
	document, err := html.Parse(strings.NewReader(p.Body))
	if err != nil {
		p.Browser.App.T.Fatalf("%s: parsing the HTML: %v", p.Path, err)
	}
	return document
}

// IsHTML reports whether the answer is a page, and not a picture or a file.
func (p *Page) IsHTML() bool { return strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") }

// All returns the elements with a tag name.
func (p *Page) All(tag string) (found []*html.Node) {
	for n := range p.Document().Descendants() {
		if n.Type == html.ElementNode && n.Data == tag {
			found = append(found, n)
		}
	}
	return found
}

// Rows returns the addresses that the rows of a list link to.
func (p *Page) Rows() (addresses []string) {
	for _, a := range p.All("a") {
		if Attr(a.Parent, "class") == "row-title" {
			addresses = append(addresses, Attr(a, "href"))
		}
	}
	return addresses
}

// Input returns the input with this name, nil for none.
func (p *Page) Input(name string) *html.Node {
	for _, n := range p.All("input") {
		if Attr(n, "name") == name {
			return n
		}
	}
	return nil
}

// HasAttr reports whether an element has an attribute.
func HasAttr(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// Attr returns the value of an attribute, "" for none.
func Attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
