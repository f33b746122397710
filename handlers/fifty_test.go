// feature:passkeys|recovery_codes|totp

package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// sendsFifty sends a form fifty times at once from the person's browser; no answer is a fault, but that too much is being hashed is none.
func (p *person) sendsFifty(path string, form func(i int) url.Values) {
	p.s.t.Helper()
	tabs := make([]*person, 50)
	for i := range tabs {
		tabs[i] = p.twin()
	}
	p.s.atOnce(len(tabs), func(i int) {
		if answer, err := tabs[i].try(http.MethodPost, path, form(i)); err != nil || answer.status >= 500 && answer.status != http.StatusServiceUnavailable {
			p.s.t.Errorf("%s is answered %v, %v", path, answer, err)
		}
	})
}

func TestItem67FiftyNewPasswordsBehindTheSecondFactorAreOne(t *testing.T) {
	s := newStage(t, noRateLimit)
	ada, app := s.owing("ada@example.com")
	ada.post("/password/forgot", "email", ada.email)
	ada.get(ada.mail().Link).submit().redirects(t, "/login/factor").proves(app).redirects(t, "/login/password")
	ada.sendsFifty("/login/password", func(i int) url.Values { return url.Values{"password": {otherPassword + strings.Repeat("!", i)}} })
	if n := s.count("events", "name = 'password.reset'"); n != 1 {
		t.Errorf("%d of them have set one", n)
	}
}
