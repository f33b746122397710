package handlers_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/auth"
	"example.com/gatehouse/auth/hash"
	"example.com/gatehouse/models"
	"example.com/gatehouse/session"
)

// trustingBrowser is somebody with a second factor who has told us to trust the browser that they are logged out of now.
func trustingBrowser(app *apptest.App, email string) (*apptest.Browser, apptest.Factor) {
	app.T.Helper()
	ada, factor := atSecondFactor(app, email)
	ada.Get("/login/factor").Answer(factor, "trust", "true").WantRedirect(app.T, "/dashboard")
	ada.Mail()
	ada.Post("/logout")
	return ada, factor
}

// trustedDeviceID is the id of one that the user has.
func trustedDeviceID(b *apptest.Browser) string {
	b.App.T.Helper()
	user, now, id := b.User(), b.App.Clock.Now(), uuid.NewString()
	err := b.App.DB.Create(&models.TrustedDevice{ID: id, UserID: user.ID, TokenHash: []byte(id), CredentialVersion: user.CredentialVersion(),
		CreatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(time.Hour)}).Error
	if err != nil {
		b.App.T.Fatal(err)
	}
	return id
}

func TestATrustedDeviceIsNotAskedForTheSecondFactor(t *testing.T) {
	app := apptest.New(t)
	ada, factor := atSecondFactor(app, "ada@example.com")
	page := ada.Get("/login/factor").WantText(t, "Trust this device for 30 days")
	if apptest.HasAttr(page.Input("trust"), "checked") {
		t.Error("the device is trusted without being asked for")
	}
	page.Answer(factor, "trust", "true").WantRedirect(t, "/dashboard")
	if told := ada.Mail(); !strings.Contains(told.Text, "A device was trusted") {
		t.Errorf("the owner is told %s", told.Text)
	}
	ada.Post("/logout")
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
	if names := app.Events(); !slices.Contains(names, "trusted_device.added") || !slices.Contains(names, "trusted_device.used") {
		t.Errorf("the security log has %v", names)
	}
}

func TestADeviceThatWasNotTrustedIsAskedEachTime(t *testing.T) {
	app := apptest.New(t)
	ada, factor := atSecondFactor(app, "ada@example.com")
	ada.Get("/login/factor").Answer(factor).WantRedirect(t, "/dashboard")
	ada.Post("/logout")
	ada.Login(apptest.Password).WantRedirect(t, "/login/factor")
	if ada.Cookie("trusted_device") != "" || app.Count("trusted_devices", "true") != 0 {
		t.Error("it is trusted all the same")
	}
}

// Item 46: a trusted device stands in for the factor to get in, and not to choose a new password.
func TestItem46ATrustedDeviceChoosesNoNewPassword(t *testing.T) {
	app := apptest.New(t)
	ada, factor := trustingBrowser(app, "ada@example.com")
	app.Config.PasswordMin = 64 // so that the one she has is due
	app.Restart()
	ada.Login(apptest.Password).WantRedirect(t, "/login/factor").Answer(factor).WantRedirect(t, "/login/password")
}

// Who ticks it, and then answers with another factor or mistypes, has ticked it.
func TestTheWishToTrustSurvivesAWrongCode(t *testing.T) {
	app := apptest.New(t)
	ada, factor := atSecondFactor(app, "ada@example.com")
	wrong := ada.Get("/login/factor").Submit("answer", "000000", "trust", "true").WantStatus(t, 422)
	wrong.Answer(factor).WantRedirect(t, "/dashboard")
	ada.Post("/logout")
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
}

// Items 34 and 46: the session has proven one factor, so that what protects the account still asks for the second.
func TestItem34ATrustedDeviceIsAskedForTheSecondFactorBeforeAChange(t *testing.T) {
	app := apptest.New(t)
	ada, factor := trustingBrowser(app, "ada@example.com")
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
	if app.Count("sessions", "method = 'password' AND aal = 1") == 0 {
		t.Error("the session claims what was not proven")
	}
	ada.Post("/account/security", "current_password", apptest.Password, "password", apptest.OtherPassword).
		WantStatus(t, 401)
	asked := ada.Post("/account/trusted-devices/end-all").WantStatus(t, 401).WantText(t, "Is it you?").
		WantNoText(t, "Trust this device")
	asked.Answer(factor).WantRedirect(t, "/account/trusted-devices").WantText(t, "Every device is asked")
}

func TestATrustedDeviceIsTrustedForThirtyDays(t *testing.T) {
	app := apptest.New(t)
	ada, _ := trustingBrowser(app, "ada@example.com")
	app.Clock.Advance(30*24*time.Hour - time.Minute)
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard") // which makes it no longer
	ada.Post("/logout")
	app.Clock.Advance(time.Minute)
	ada.Login(apptest.Password).WantRedirect(t, "/login/factor")
	if err := app.Cleanup(t.Context()); err != nil || app.Count("trusted_devices", "true") != 0 {
		t.Errorf("it is not swept (%v)", err)
	}
}

// Whatever changes the password or the factors makes all trust void, of its own hand and in the list.
func TestTrustIsVoidOnceThePasswordOrAFactorChanges(t *testing.T) {
	type change func(ada *apptest.Browser, factor apptest.Factor)
	for name, change := range map[string]change{
		"password": func(ada *apptest.Browser, _ apptest.Factor) {
			ada.Post("/account/security", "current_password", apptest.Password, "password", apptest.OtherPassword).
				WantStatus(ada.App.T, 303)
		},
		"reset": func(ada *apptest.Browser, factor apptest.Factor) {
			reset := ada.OtherBrowser()
			reset.Post("/password/forgot", "email", ada.Email)
			reset.Get(ada.MailedLink("Reset")).Submit().WantRedirect(ada.App.T, "/login/factor").Answer(factor).
				WantRedirect(ada.App.T, "/login/password").Submit("password", apptest.OtherPassword).
				WantStatus(ada.App.T, 303)
		},
		"disowned": func(ada *apptest.Browser, _ apptest.Factor) {
			ada.OtherBrowser().Get(ada.MailedLink("security")).Submit().WantStatus(ada.App.T, 303)
		},
		"factor added":   func(ada *apptest.Browser, _ apptest.Factor) { addSecondFactor(ada) },
		"factor removed": func(ada *apptest.Browser, _ apptest.Factor) { removeFactor(ada) },
		"recovery codes": func(ada *apptest.Browser, _ apptest.Factor) { createRecoveryCodes(ada) }, // feature:recovery_codes
		"recovery":       func(ada *apptest.Browser, _ apptest.Factor) { recoverByMail(ada) },
	} {
		t.Run(name, func(t *testing.T) {
			app := apptest.New(t)
			ada, factor := atSecondFactor(app, "ada@example.com")
			ada.Get("/login/factor").Answer(factor, "trust", "true").WantRedirect(t, "/dashboard")
			attacker := ada.Tab()
			change(ada, factor)
			if n := app.Count("trusted_devices", "true"); n != 0 {
				t.Errorf("there are %d trusted devices", n)
			}
			attacker.Post("/logout")
			for _, password := range []string{apptest.Password, apptest.OtherPassword} {
				page := attacker.Login(password)
				if to := page.Header.Get("Location"); to == "/dashboard" && len(offeredFactors(ada)) > 0 {
					t.Error("the cookie still stands in for the second factor")
				}
			}
		})
	}
}

// A password that is replaced past the program, as an operator's script does it, takes the trust along as well.
func TestTrustIsBoundToThePasswordItWasGivenWith(t *testing.T) {
	app := apptest.New(t)
	ada, _ := trustingBrowser(app, "ada@example.com")
	hash, err := hash.New(hash.Cheap, 1, 1).Hash(t.Context(), apptest.Password)
	if err != nil {
		t.Fatal(err)
	}
	app.Exec("UPDATE users SET password_hash = ?", hash)
	ada.Login(apptest.Password).WantRedirect(t, "/login/factor")
}

// removeFactor removes the user's second factor.
func removeFactor(b *apptest.Browser) {
	b.Post("/account/totp/remove", "id", b.RowID("authenticators")) // feature:totp
	b.Post("/account/passkeys/remove", "id", b.RowID("passkeys"))   // feature:passkeys
}

// recoverByMail removes them through a mailed link.
func recoverByMail(b *apptest.Browser) {
	b.App.T.Helper()
	if err := b.App.Auth.OfferRecovery(b.App.T.Context(), b.Email); err != nil {
		b.App.T.Fatal(err)
	}
	b.OtherBrowser().Get(b.MailedLink("Get back")).Submit().WantStatus(b.App.T, 303)
}

// offeredFactors are what the user has to prove beside the password.
func offeredFactors(b *apptest.Browser) []string {
	names, err := b.App.Auth.FactorsOf(b.App.T.Context(), b.User())
	if err != nil {
		b.App.T.Fatal(err)
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "password" })
}

// Items 25 and 46: an attacker of a device often has its mailbox as well; both together are not enough.
func TestItem25ATrustedDeviceAndItsMailboxAreNotEnough(t *testing.T) {
	app := apptest.New(t)
	ada, factor := trustingBrowser(app, "ada@example.com")
	ada.Post("/login/mail", "email", ada.Email).WantStatus(t, 303)              // feature:mail_login
	ada.Get(ada.MailedLink("Log in")).Submit().WantRedirect(t, "/login/factor") // feature:mail_login
	ada.Get("/dashboard").WantStatus(t, 303)                                    // feature:mail_login
	ada.Post("/password/forgot", "email", ada.Email)
	ada.Get(ada.MailedLink("Reset")).Submit().WantRedirect(t, "/login/factor").WantNoText(t, `name="trust"`).
		Submit("answer", factor.Next()).WantRedirect(t, "/login/password")
}

// A stolen cookie alone opens nothing, wherever it is shown.
func TestTheTokenOfATrustedDeviceIsGoodForNothingElse(t *testing.T) {
	app := apptest.New(t)
	ada, factor := trustingBrowser(app, "ada@example.com")
	token := apptest.CookieValue(ada.Cookie("trusted_device"))
	if len(token) < 43 || strings.Contains(app.Rows("trusted_devices", "true"), token) || strings.Contains(app.Log.String(), token) {
		t.Fatalf("%q is too short, or is kept", token)
	}
	attacker := ada.OtherBrowser()
	for _, cookie := range []session.Cookie{session.Session, session.PendingLogin, session.Device, session.Registration, session.Trusted} {
		setCookie(attacker, cookie, token)
	}
	attacker.Get("/dashboard").WantStatus(t, 303)
	attacker.Get("/login/factor").WantRedirect(t, "/login")
	attacker.Login(apptest.OtherPassword).WantStatus(t, 422)
	attacker.Post("/login/factor", "factor", factor.Kind(), "answer", token).WantRedirect(t, "/login")
	for _, path := range []string{"/password/reset", "/email/confirm", "/security-alert"} {
		attacker.Get(path+"?token="+token).WantStatus(t, 410)
	}
}

// setCookie puts a cookie into the user's browser, as the application signs it.
func setCookie(b *apptest.Browser, cookie session.Cookie, value string) {
	b.App.T.Helper()
	answer := httptest.NewRecorder()
	request := httptest.NewRequest(http.MethodGet, "/", nil)
	if err := session.New(b.App.Config.SecretKeys, b.App.Config.CookiePrefix()).Set(answer, request, cookie, value); err != nil {
		b.App.T.Fatal(err)
	}
	b.Client.Jar.SetCookies(b.App.Config.AppURL, answer.Result().Cookies())
}

func TestTrustIsOfOneBrowserAndOnePerson(t *testing.T) {
	app := apptest.New(t)
	ada, factor := trustingBrowser(app, "ada@example.com")
	ada.OtherBrowser().Login(apptest.Password).WantRedirect(t, "/login/factor")
	grace, _ := atSecondFactor(app, "grace@example.com")
	attacker := grace.OtherBrowser()
	setCookie(attacker, session.Trusted, apptest.CookieValue(ada.Cookie("trusted_device")))
	attacker.Login(apptest.Password).WantRedirect(t, "/login/factor")
	// A second browser is trusted beside the first, which stays so.
	phone := ada.OtherBrowser()
	phone.Login(apptest.Password).WantRedirect(t, "/login/factor").Answer(factor, "trust", "true").
		WantRedirect(t, "/dashboard")
	phone.Post("/logout")
	for _, browser := range []*apptest.Browser{ada, phone} {
		browser.Login(apptest.Password).WantRedirect(t, "/dashboard")
	}
}

// Two people who share a browser trust it each for themselves.
func TestTwoPeopleTrustOneBrowser(t *testing.T) {
	app := apptest.New(t)
	ada, _ := trustingBrowser(app, "ada@example.com")
	grace, factor := atSecondFactor(app, "grace@example.com")
	shared := ada.Tab()
	shared.Email = grace.Email
	shared.Login(apptest.Password).WantRedirect(t, "/login/factor").Answer(factor, "trust", "true").
		WantRedirect(t, "/dashboard")
	for _, email := range []string{"ada@example.com", "grace@example.com"} {
		shared.Post("/logout")
		shared.Email = email
		shared.Login(apptest.Password).WantRedirect(t, "/dashboard")
	}
}

// Who trusts the same browser once more has one trusted device, with a new token: the old one may have been stolen.
func TestTrustingAgainReplacesTheToken(t *testing.T) {
	app := apptest.New(t)
	ada, factor := trustingBrowser(app, "ada@example.com")
	attacker := ada.Tab()
	askForFactor(ada, factor)
	if n := app.Count("trusted_devices", "true"); n != 1 {
		t.Errorf("there are %d", n)
	}
	attacker.Login(apptest.Password).WantRedirect(t, "/login/factor")
}

// askForFactor has the trusted browser log in by a way that asks for the factor, and trusts it again.
func askForFactor(b *apptest.Browser, f apptest.Factor) {
	b.App.T.Helper()
	b.App.Exec("UPDATE trusted_devices SET expires_at = ?", b.App.Clock.Now())
	b.Login(apptest.Password).WantRedirect(b.App.T, "/login/factor").Answer(f, "trust", "true").
		WantRedirect(b.App.T, "/dashboard")
}

func TestTrustedDevicesAreListedAndRevokedByTheirOwnerAlone(t *testing.T) {
	app := apptest.New(t)
	ada, factor := trustingBrowser(app, "ada@example.com")
	app.Clock.Advance(2 * time.Hour)
	mallory := app.LoggedIn("mallory@example.com")
	ada.IP = "198.51.100.7"
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
	ada.Get("/account/security").WantText(t, "One device is not asked")
	list := ada.Get("/account/trusted-devices").WantText(t, "Firefox", ada.IP+" · used just now")
	id := apptest.Attr(list.Input("id"), "value")
	mallory.Post("/account/trusted-devices/end", "id", id).WantStatus(t, 404)
	mallory.Get("/account/trusted-devices").WantText(t, "No trusted device")
	list.Submit().WantStatus(t, 401).Answer(factor).WantRedirect(t, "/account/trusted-devices").
		WantText(t, "asked for your second factor again", "No trusted device")
	ada.Post("/account/trusted-devices/end", "id", id).WantStatus(t, 404)
	ada.Post("/logout")
	ada.Login(apptest.Password).WantRedirect(t, "/login/factor")
}

func TestAllTrustIsEndedAtOnce(t *testing.T) {
	app := apptest.New(t)
	ada, factor := trustingBrowser(app, "ada@example.com")
	phone := ada.OtherBrowser()
	phone.Login(apptest.Password).WantRedirect(t, "/login/factor").Answer(factor, "trust", "true").
		WantRedirect(t, "/dashboard")
	phone.Get("/account/trusted-devices").WantText(t, "Stop trusting all of them")
	phone.Post("/account/trusted-devices/end-all").WantRedirect(t, "/account/trusted-devices").
		WantText(t, "No trusted device")
	app.WantEvents("trusted_device.removed")
	for _, browser := range []*apptest.Browser{ada, phone} {
		browser.Post("/logout")
		browser.Login(apptest.Password).WantRedirect(t, "/login/factor")
	}
}

// Item 67: of fifty answers with one code one is trusted, and fifty logins of a trusted device at once are fifty.
func TestItem67FiftyAtOnceTrustOneDevice(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada, factor := atSecondFactor(app, "ada@example.com")
	tabs := make([]*apptest.Browser, 50)
	for i := range tabs {
		tabs[i] = ada.Tab()
	}
	code := factor.Next()
	app.AtOnce(len(tabs), func(i int) {
		form := url.Values{"factor": {factor.Kind()}, "answer": {code}, "trust": {"true"}}
		if page, err := tabs[i].Try(http.MethodPost, "/login/factor", form); err != nil || page.Status >= 500 {
			t.Errorf("%v %v", page, err)
		}
	})
	if n := app.Count("trusted_devices", "true"); n != 1 {
		t.Errorf("%d are trusted", n)
	}
}

func TestFiftySignInsOfATrustedDeviceAtOnceAreNotAsked(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada, _ := trustingBrowser(app, "ada@example.com")
	tabs := make([]*apptest.Browser, 50)
	for i := range tabs {
		tabs[i] = ada.Tab()
	}
	app.AtOnce(len(tabs), func(i int) {
		page, err := tabs[i].Try(http.MethodPost, "/login", url.Values{"email": {ada.Email}, "password": {apptest.Password}})
		if err != nil || page.Status != 503 && page.Header.Get("Location") != "/dashboard" {
			t.Errorf("%v %v", page, err)
		}
	})
}

// Item 36: the cookie is the server's alone, and goes back over https alone.
func TestItem36TheCookieOfATrustedDeviceIsLockedUp(t *testing.T) {
	app := apptest.New(t, func(app *apptest.App) { app.Config.AppURL.Scheme, app.Config.Production = "https", true })
	ada, factor := atSecondFactor(app, "ada@example.com")
	page := ada.Get("/login/factor").Answer(factor, "trust", "true")
	set := ""
	for _, cookie := range page.Header["Set-Cookie"] {
		if strings.HasPrefix(cookie, "__Host-trusted_device=") {
			set = cookie
		}
	}
	for _, part := range []string{"Path=/", "Max-Age=2592000", "HttpOnly", "Secure", "SameSite=Lax"} {
		if !strings.Contains(set, part) {
			t.Errorf("%q lacks %s", set, part)
		}
	}
}

// ASVS 2.4.1: trusting one browser after the other fills nothing.
func TestTrustedDevices_AreAsManyAsAUserCanHave(t *testing.T) {
	app := apptest.New(t)
	ada, factor := atSecondFactor(app, "ada@example.com")
	for range auth.MaxTrustedDevices {
		trustedDeviceID(ada)
	}
	used := trustedDeviceID(ada)
	app.Exec("UPDATE trusted_devices SET last_used_at = ? WHERE id <> ?", app.Clock.Now().Add(-time.Hour), used)
	ada.Get("/login/factor").Answer(factor, "trust", "true").WantRedirect(t, "/dashboard")
	if got := app.Count("trusted_devices", "1 = 1"); got != auth.MaxTrustedDevices {
		t.Errorf("got %d trusted devices, want %d", got, auth.MaxTrustedDevices)
	}
	if got := app.Count("trusted_devices", "id = ?", used); got != 1 {
		t.Error("the device that was used last is not trusted any more")
	}
	ada.Post("/logout")
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
}

func TestEarlierDatabase_TrustedDeviceSkipsTheSecondFactor(t *testing.T) {
	if len(secondFactors()) == 0 {
		t.Skip("there is no kind of second factor in this application")
	}
	e := newEarlier(t)
	grace, _ := e.browser("grace@example.com")
	grace.Post("/logout")
	grace.Login(e.password).WantRedirect(t, "/dashboard").WantText(t, "Hello, Grace")
	e.elsewhere(grace.Email).WantRedirect(t, "/login/factor")
}
