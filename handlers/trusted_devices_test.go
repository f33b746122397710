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

	"example.com/gatehouse/auth"
	"example.com/gatehouse/auth/hash"
	"example.com/gatehouse/config"
	"example.com/gatehouse/models"
	"example.com/gatehouse/session"
)

// trusts is somebody with a second factor who has told us to trust the browser that they are logged out of now.
func (s *stage) trusts(email string) (*person, factor) {
	s.t.Helper()
	ada, factor := s.owing(email)
	ada.get("/login/factor").proves(factor, "trust", "true").redirects(s.t, "/dashboard")
	ada.mail()
	ada.post("/logout")
	return ada, factor
}

// trustedDevice is the id of one that the person has.
func (p *person) trustedDevice() string {
	p.s.t.Helper()
	user, now, id := p.user(), p.s.clock.now(), uuid.NewString()
	err := p.s.db.Create(&models.TrustedDevice{ID: id, UserID: user.ID, TokenHash: []byte(id), CredentialVersion: user.CredentialVersion(),
		CreatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(time.Hour)}).Error
	if err != nil {
		p.s.t.Fatal(err)
	}
	return id
}

func TestATrustedDeviceIsNotAskedForTheSecondFactor(t *testing.T) {
	s := newStage(t)
	ada, factor := s.owing("ada@example.com")
	page := ada.get("/login/factor").says(t, "Trust this device for 30 days")
	if has(page.input("trust"), "checked") {
		t.Error("the device is trusted without being asked for")
	}
	page.proves(factor, "trust", "true").redirects(t, "/dashboard")
	if told := ada.mail(); !strings.Contains(told.Text, "A device was trusted") {
		t.Errorf("the owner is told %s", told.Text)
	}
	ada.post("/logout")
	ada.login(goodPassword).redirects(t, "/dashboard")
	if names := s.events(); !slices.Contains(names, "trusted_device.added") || !slices.Contains(names, "trusted_device.used") {
		t.Errorf("the security log has %v", names)
	}
}

func TestADeviceThatWasNotTrustedIsAskedEachTime(t *testing.T) {
	s := newStage(t)
	ada, factor := s.owing("ada@example.com")
	ada.get("/login/factor").proves(factor).redirects(t, "/dashboard")
	ada.post("/logout")
	ada.login(goodPassword).redirects(t, "/login/factor")
	if ada.cookie("trusted_device") != "" || s.count("trusted_devices", "true") != 0 {
		t.Error("it is trusted all the same")
	}
}

// Item 46: a trusted device stands in for the factor to get in, and not to choose a new password.
func TestItem46ATrustedDeviceChoosesNoNewPassword(t *testing.T) {
	s := newStage(t)
	ada, factor := s.trusts("ada@example.com")
	s.config.PasswordMin = 64 // so that the one she has is due
	s.open()
	ada.login(goodPassword).redirects(t, "/login/factor").proves(factor).redirects(t, "/login/password")
}

// Who ticks it, and then answers with another factor or mistypes, has ticked it.
func TestTheWishToTrustSurvivesAWrongCode(t *testing.T) {
	s := newStage(t)
	ada, factor := s.owing("ada@example.com")
	wrong := ada.get("/login/factor").submit("answer", "000000", "trust", "true").is(t, 422)
	wrong.proves(factor).redirects(t, "/dashboard")
	ada.post("/logout")
	ada.login(goodPassword).redirects(t, "/dashboard")
}

// Items 34 and 46: the session has proven one factor, so that what protects the account still asks for the second.
func TestItem34ATrustedDeviceIsAskedForTheSecondFactorBeforeAChange(t *testing.T) {
	s := newStage(t)
	ada, factor := s.trusts("ada@example.com")
	ada.login(goodPassword).redirects(t, "/dashboard")
	if s.count("sessions", "method = 'password' AND aal = 1") == 0 {
		t.Error("the session claims what was not proven")
	}
	ada.post("/account/security", "current_password", goodPassword, "password", otherPassword).is(t, 401)
	asked := ada.post("/account/trusted-devices/end-all").is(t, 401).says(t, "Is it you?").hides(t, "Trust this device")
	asked.proves(factor).redirects(t, "/account/trusted-devices").says(t, "Every device is asked")
}

func TestATrustedDeviceIsTrustedForThirtyDays(t *testing.T) {
	s := newStage(t)
	ada, _ := s.trusts("ada@example.com")
	s.clock.passes(30*24*time.Hour - time.Minute)
	ada.login(goodPassword).redirects(t, "/dashboard") // which makes it no longer
	ada.post("/logout")
	s.clock.passes(time.Minute)
	ada.login(goodPassword).redirects(t, "/login/factor")
	if err := s.cleanup(t.Context()); err != nil || s.count("trusted_devices", "true") != 0 {
		t.Errorf("it is not swept (%v)", err)
	}
}

// Whatever changes the password or the factors makes all trust void, of its own hand and in the list.
func TestTrustIsVoidOnceThePasswordOrAFactorChanges(t *testing.T) {
	type change func(ada *person, factor factor)
	for name, change := range map[string]change{
		"password": func(ada *person, _ factor) {
			ada.post("/account/security", "current_password", goodPassword, "password", otherPassword).is(ada.s.t, 303)
		},
		"reset": func(ada *person, factor factor) {
			reset := ada.elsewhere()
			reset.post("/password/forgot", "email", ada.email)
			reset.get(ada.nextOf("Reset")).submit().redirects(ada.s.t, "/login/factor").proves(factor).
				redirects(ada.s.t, "/login/password").submit("password", otherPassword).is(ada.s.t, 303)
		},
		"disowned": func(ada *person, _ factor) {
			ada.elsewhere().get(ada.nextOf("security")).submit().is(ada.s.t, 303)
		},
		"factor added":   func(ada *person, _ factor) { ada.secondFactor() },
		"factor removed": func(ada *person, _ factor) { ada.removesFactor() },
		"recovery codes": func(ada *person, _ factor) { ada.recoveryCodes() }, // feature:recovery_codes
		"recovery":       func(ada *person, _ factor) { ada.recoversByMail() },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			ada, factor := s.owing("ada@example.com")
			ada.get("/login/factor").proves(factor, "trust", "true").redirects(t, "/dashboard")
			thief := ada.twin()
			change(ada, factor)
			if n := s.count("trusted_devices", "true"); n != 0 {
				t.Errorf("there are %d trusted devices", n)
			}
			thief.post("/logout")
			for _, password := range []string{goodPassword, otherPassword} {
				page := thief.login(password)
				if to := page.header.Get("Location"); to == "/dashboard" && len(ada.factors()) > 0 {
					t.Error("the cookie still stands in for the second factor")
				}
			}
		})
	}
}

// A password that is replaced past the program, as an operator's script does it, takes the trust along as well.
func TestTrustIsBoundToThePasswordItWasGivenWith(t *testing.T) {
	s := newStage(t)
	ada, _ := s.trusts("ada@example.com")
	hash, err := hash.New(hash.Cheap, 1, 1).Hash(t.Context(), goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	s.exec("UPDATE users SET password_hash = ?", hash)
	ada.login(goodPassword).redirects(t, "/login/factor")
}

// removesFactor removes the person's second factor.
func (p *person) removesFactor() {
	p.post("/account/totp/remove", "id", p.first("authenticators")) // feature:totp
	p.post("/account/passkeys/remove", "id", p.first("passkeys"))   // feature:passkeys
}

// recoversByMail removes them through a mailed link.
func (p *person) recoversByMail() {
	p.s.t.Helper()
	if err := p.s.auth.OfferRecovery(p.s.t.Context(), p.email); err != nil {
		p.s.t.Fatal(err)
	}
	p.elsewhere().get(p.nextOf("Get back")).submit().is(p.s.t, 303)
}

// factors are what the person has to prove beside the password.
func (p *person) factors() []string {
	names, err := p.s.auth.FactorsOf(p.s.t.Context(), p.user())
	if err != nil {
		p.s.t.Fatal(err)
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "password" })
}

// Items 25 and 46: a thief of a device often has its mailbox as well; both together are not enough.
func TestItem25ATrustedDeviceAndItsMailboxAreNotEnough(t *testing.T) {
	s := newStage(t)
	ada, factor := s.trusts("ada@example.com")
	ada.post("/login/mail", "email", ada.email).is(t, 303)               // feature:mail_login
	ada.get(ada.nextOf("Log in")).submit().redirects(t, "/login/factor") // feature:mail_login
	ada.get("/dashboard").is(t, 303)                                     // feature:mail_login
	ada.post("/password/forgot", "email", ada.email)
	ada.get(ada.nextOf("Reset")).submit().redirects(t, "/login/factor").hides(t, `name="trust"`).
		submit("answer", factor.next()).redirects(t, "/login/password")
}

// A stolen cookie alone opens nothing, wherever it is shown.
func TestTheTokenOfATrustedDeviceIsGoodForNothingElse(t *testing.T) {
	s := newStage(t)
	ada, factor := s.trusts("ada@example.com")
	token := carried(ada.cookie("trusted_device"))
	if len(token) < 43 || strings.Contains(s.rows("trusted_devices", "true"), token) || strings.Contains(s.log.String(), token) {
		t.Fatalf("%q is too short, or is kept", token)
	}
	thief := ada.elsewhere()
	for _, cookie := range []session.Cookie{session.Session, session.PendingLogin, session.Device, session.Registration, session.Trusted} {
		thief.carries(cookie, token)
	}
	thief.get("/dashboard").is(t, 303)
	thief.get("/login/factor").redirects(t, "/login")
	thief.login(otherPassword).is(t, 422)
	thief.post("/login/factor", "factor", factor.factor(), "answer", token).redirects(t, "/login")
	for _, path := range []string{"/password/reset", "/email/confirm", "/security-alert"} {
		thief.get(path+"?token="+token).is(t, 410)
	}
}

// carries puts a cookie into the person's browser, as the application signs it.
func (p *person) carries(cookie session.Cookie, value string) {
	p.s.t.Helper()
	answer := httptest.NewRecorder()
	request := httptest.NewRequest(http.MethodGet, "/", nil)
	if err := session.New(p.s.config.SecretKeys, p.s.config.CookiePrefix()).Set(answer, request, cookie, value); err != nil {
		p.s.t.Fatal(err)
	}
	p.client.Jar.SetCookies(p.s.config.AppURL, answer.Result().Cookies())
}

func TestTrustIsOfOneBrowserAndOnePerson(t *testing.T) {
	s := newStage(t)
	ada, factor := s.trusts("ada@example.com")
	ada.elsewhere().login(goodPassword).redirects(t, "/login/factor")
	grace, _ := s.owing("grace@example.com")
	thief := grace.elsewhere()
	thief.carries(session.Trusted, carried(ada.cookie("trusted_device")))
	thief.login(goodPassword).redirects(t, "/login/factor")
	// A second browser is trusted beside the first, which stays so.
	phone := ada.elsewhere()
	phone.login(goodPassword).redirects(t, "/login/factor").proves(factor, "trust", "true").redirects(t, "/dashboard")
	phone.post("/logout")
	for _, browser := range []*person{ada, phone} {
		browser.login(goodPassword).redirects(t, "/dashboard")
	}
}

// Two people who share a browser trust it each for themselves.
func TestTwoPeopleTrustOneBrowser(t *testing.T) {
	s := newStage(t)
	ada, _ := s.trusts("ada@example.com")
	grace, factor := s.owing("grace@example.com")
	shared := ada.twin()
	shared.email = grace.email
	shared.login(goodPassword).redirects(t, "/login/factor").proves(factor, "trust", "true").redirects(t, "/dashboard")
	for _, email := range []string{"ada@example.com", "grace@example.com"} {
		shared.post("/logout")
		shared.email = email
		shared.login(goodPassword).redirects(t, "/dashboard")
	}
}

// Who trusts the same browser once more has one trusted device, with a new token: the old one may have been stolen.
func TestTrustingAgainReplacesTheToken(t *testing.T) {
	s := newStage(t)
	ada, factor := s.trusts("ada@example.com")
	thief := ada.twin()
	ada.asks(factor)
	if n := s.count("trusted_devices", "true"); n != 1 {
		t.Errorf("there are %d", n)
	}
	thief.login(goodPassword).redirects(t, "/login/factor")
}

// asks has the trusted browser log in by a way that asks for the factor, and trusts it again.
func (p *person) asks(f factor) {
	p.s.t.Helper()
	p.s.exec("UPDATE trusted_devices SET expires_at = ?", p.s.clock.now())
	p.login(goodPassword).redirects(p.s.t, "/login/factor").proves(f, "trust", "true").redirects(p.s.t, "/dashboard")
}

func TestTrustedDevicesAreListedAndRevokedByTheirOwnerAlone(t *testing.T) {
	s := newStage(t)
	ada, factor := s.trusts("ada@example.com")
	s.clock.passes(2 * time.Hour)
	mallory := s.member("mallory@example.com")
	ada.ip = "198.51.100.7"
	ada.login(goodPassword).redirects(t, "/dashboard")
	ada.get("/account/security").says(t, "One device is not asked")
	list := ada.get("/account/trusted-devices").says(t, "Firefox", ada.ip+" · used just now")
	id := attribute(list.input("id"), "value")
	mallory.post("/account/trusted-devices/end", "id", id).is(t, 404)
	mallory.get("/account/trusted-devices").says(t, "No trusted device")
	list.submit().is(t, 401).proves(factor).redirects(t, "/account/trusted-devices").says(t, "asked for your second factor again", "No trusted device")
	ada.post("/account/trusted-devices/end", "id", id).is(t, 404)
	ada.post("/logout")
	ada.login(goodPassword).redirects(t, "/login/factor")
}

func TestAllTrustIsEndedAtOnce(t *testing.T) {
	s := newStage(t)
	ada, factor := s.trusts("ada@example.com")
	phone := ada.elsewhere()
	phone.login(goodPassword).redirects(t, "/login/factor").proves(factor, "trust", "true").redirects(t, "/dashboard")
	phone.get("/account/trusted-devices").says(t, "Stop trusting all of them")
	phone.post("/account/trusted-devices/end-all").redirects(t, "/account/trusted-devices").says(t, "No trusted device")
	s.records("trusted_device.removed")
	for _, browser := range []*person{ada, phone} {
		browser.post("/logout")
		browser.login(goodPassword).redirects(t, "/login/factor")
	}
}

// Item 67: of fifty answers with one code one is trusted, and fifty logins of a trusted device at once are fifty.
func TestItem67FiftyAtOnceTrustOneDevice(t *testing.T) {
	s := newStage(t, noRateLimit)
	ada, factor := s.owing("ada@example.com")
	tabs := make([]*person, 50)
	for i := range tabs {
		tabs[i] = ada.twin()
	}
	code := factor.next()
	s.atOnce(len(tabs), func(i int) {
		form := url.Values{"factor": {factor.factor()}, "answer": {code}, "trust": {"true"}}
		if page, err := tabs[i].try(http.MethodPost, "/login/factor", form); err != nil || page.status >= 500 {
			t.Errorf("%v %v", page, err)
		}
	})
	if n := s.count("trusted_devices", "true"); n != 1 {
		t.Errorf("%d are trusted", n)
	}
}

func TestFiftySignInsOfATrustedDeviceAtOnceAreNotAsked(t *testing.T) {
	s := newStage(t, noRateLimit)
	ada, _ := s.trusts("ada@example.com")
	tabs := make([]*person, 50)
	for i := range tabs {
		tabs[i] = ada.twin()
	}
	s.atOnce(len(tabs), func(i int) {
		page, err := tabs[i].try(http.MethodPost, "/login", url.Values{"email": {ada.email}, "password": {goodPassword}})
		if err != nil || page.status != 503 && page.header.Get("Location") != "/dashboard" {
			t.Errorf("%v %v", page, err)
		}
	})
}

// Item 36: the cookie is the server's alone, and goes back over https alone.
func TestItem36TheCookieOfATrustedDeviceIsLockedUp(t *testing.T) {
	s := newStage(t, func(c *config.Config) { c.AppURL.Scheme, c.Production = "https", true })
	ada, factor := s.owing("ada@example.com")
	page := ada.get("/login/factor").proves(factor, "trust", "true")
	set := ""
	for _, cookie := range page.header["Set-Cookie"] {
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
	s := newStage(t)
	ada, factor := s.owing("ada@example.com")
	for range auth.MaxTrustedDevices {
		ada.trustedDevice()
	}
	used := ada.trustedDevice()
	s.exec("UPDATE trusted_devices SET last_used_at = ? WHERE id <> ?", s.clock.now().Add(-time.Hour), used)
	ada.get("/login/factor").proves(factor, "trust", "true").redirects(t, "/dashboard")
	if got := s.count("trusted_devices", "1 = 1"); got != auth.MaxTrustedDevices {
		t.Errorf("got %d trusted devices, want %d", got, auth.MaxTrustedDevices)
	}
	if got := s.count("trusted_devices", "id = ?", used); got != 1 {
		t.Error("the device that was used last is not trusted any more")
	}
	ada.post("/logout")
	ada.login(goodPassword).redirects(t, "/dashboard")
}

func TestEarlierDatabase_TrustedDeviceSkipsTheSecondFactor(t *testing.T) {
	if len(secondFactors()) == 0 {
		t.Skip("there is no kind of second factor in this application")
	}
	e := newEarlier(t)
	grace, _ := e.browser("grace@example.com")
	grace.post("/logout")
	grace.login(e.password).redirects(t, "/dashboard").says(t, "Hello, Grace")
	e.elsewhere(grace.email).redirects(t, "/login/factor")
}
