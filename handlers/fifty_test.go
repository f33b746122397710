// feature:passkeys|recovery_codes|totp

package handlers_test

import (
	"net/url"
	"strings"
	"testing"
)

// sendsFifty sends a form fifty times at once from the person's browser.
func (p *person) sendsFifty(path string, form func(i int) url.Values) {
	p.s.t.Helper()
	tabs := make([]*person, 50)
	for i := range tabs {
		tabs[i] = p.twin()
	}
	p.s.atOnce(len(tabs), func(i int) {
		tabs[i].races(path, form(i))
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
