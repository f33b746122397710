// feature:passkeys|recovery_codes|totp

package handlers_test

import (
	"net/url"
	"strings"
	"testing"

	"example.com/gatehouse/apptest"
)

func TestItem67FiftyNewPasswordsBehindTheSecondFactorAreOne(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada, factor := atSecondFactor(app, "ada@example.com")
	ada.Post("/password/forgot", "email", ada.Email)
	ada.Get(ada.Mail().Link).Submit().WantRedirect(t, "/login/factor").Answer(factor).WantRedirect(t, "/login/password")
	ada.PostFifty("/login/password", func(i int) url.Values {
		return url.Values{"password": {apptest.OtherPassword + strings.Repeat("!", i)}}
	})
	if n := app.Count("events", "name = 'password.reset'"); n != 1 {
		t.Errorf("%d of them have set one", n)
	}
}
