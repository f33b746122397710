package apptest

// Factor is a second factor of a user, as a feature's tests implement it.
type Factor interface {
	Kind() string         // as in the form field "factor"
	Next() string         // returns an answer that was not used before
	In(b *Browser) Factor // returns the same factor, at hand in another browser
}

// Answer submits a page that asks for a second factor, with these names and
// values filled in as well.
func (p *Page) Answer(factor Factor, fields ...string) *Page {
	p.Browser.App.T.Helper()
	answer := []string{"factor", factor.Kind(), "answer", factor.In(p.Browser).Next()}
	return p.Submit(append(answer, fields...)...)
}
