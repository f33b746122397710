// feature:passkeys|recovery_codes|totp

package handlers_test

import (
	"net/http"
	"net/url"
)

// sendsFifty sends a form fifty times at once from the person's browser; no answer is a fault.
func (p *person) sendsFifty(path string, form func(i int) url.Values) {
	p.s.t.Helper()
	tabs := make([]*person, 50)
	for i := range tabs {
		tabs[i] = p.twin()
	}
	p.s.atOnce(len(tabs), func(i int) {
		if answer, err := tabs[i].try(http.MethodPost, path, form(i)); err != nil || answer.status >= 500 {
			p.s.t.Errorf("%s is answered %v, %v", path, answer, err)
		}
	})
}
