package handlers_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/config"
	"example.com/gatehouse/models"
)

// withTerms has everybody asked for a version of the terms.
func withTerms(version string) func(*config.Config) {
	return func(c *config.Config) { c.TermsVersion = version }
}

// becomes puts the program together anew with another version of the terms.
func (s *stage) becomes(version string) {
	s.t.Helper()
	s.config.TermsVersion = version
	s.open()
}

// hasAccepted has the user accept the terms, where there are any.
func (s *stage) hasAccepted(user *models.User) {
	s.t.Helper()
	if s.config.TermsVersion == "" {
		return
	}
	if _, err := models.AcceptTerms(s.db, models.AcceptedTerms{ID: uuid.NewString(), UserID: user.ID, Version: s.config.TermsVersion, AcceptedAt: s.clock.now()}); err != nil {
		s.t.Fatal(err)
	}
}

// acceptedTerms is the id of some that the person has accepted.
func (p *person) acceptedTerms() string {
	p.s.t.Helper()
	_, err := models.AcceptTerms(p.s.db, models.AcceptedTerms{ID: uuid.NewString(), UserID: p.user().ID, Version: "2020-01-01", AcceptedAt: p.s.clock.now()})
	if err != nil {
		p.s.t.Fatal(err)
	}
	return p.first("accepted_terms")
}

// stranger is somebody with an account, logged out, who has accepted no terms yet.
func (s *stage) stranger(email string) *person {
	s.t.Helper()
	p := s.user(email)
	s.exec("DELETE FROM accepted_terms WHERE user_id = ?", p.user().ID)
	return p
}

// owingTerms is somebody who has entered the password and owes accepting the terms.
func (s *stage) owingTerms(email string) *person {
	s.t.Helper()
	p := s.stranger(email)
	p.enters()
	p.get("/login/terms").is(s.t, 200)
	return p
}

func TestTheTermsAreAcceptedOnTheWayToWhereSomebodyWasGoing(t *testing.T) {
	s := newStage(t, withTerms("2026-12-01"))
	ada := s.stranger("ada@example.com")
	ada.get("/account/sessions").redirects(t, "/login?next=%2Faccount%2Fsessions")
	asked := ada.post("/login", "email", ada.email, "password", goodPassword, "next", "/account/sessions").
		redirects(t, "/login/terms?next=%2Faccount%2Fsessions").says(t, "To go on, please read and accept them", "version 2026-12-01", "Log in as somebody else")
	ada.get("/dashboard").is(t, 303)
	asked.submit().redirects(t, "/account/sessions")
	if n := s.count("events", "name = 'terms.accepted' AND user_id = ? AND detail LIKE '%2026-12-01%'", ada.user().ID); n != 1 {
		t.Errorf("the log has it %d times", n)
	}
	ada.post("/logout")
	ada.login(goodPassword).redirects(t, "/dashboard")
}

func TestWhatSomebodyWasSendingSurvivesTheTerms(t *testing.T) {
	s := newStage(t, withTerms("1"))
	ada := s.member("ada@example.com")
	s.becomes("2")
	login := ada.isAway()
	asked := login.submit("email", ada.email, "password", goodPassword).is(t, 401).says(t, "Our terms have changed", "Version 2 replaces version 1")
	asked.submit("version", "1").is(t, 422).submit().is(t, 200).says(t, "You are back", "Ada Lovelace")
}

// A session that goes on is left alone; the next login asks, on whichever device.
func TestANewVersionIsAskedForAtTheNextSignIn(t *testing.T) {
	s := newStage(t, withTerms("1"))
	ada := s.member("ada@example.com")
	s.becomes("2")
	ada.get("/dashboard").is(t, 200)
	phone := ada.elsewhere()
	phone.login(goodPassword).redirects(t, "/login/terms").says(t, "Version 2 replaces version 1").submit().redirects(t, "/dashboard")
	ada.post("/logout")
	ada.login(goodPassword).redirects(t, "/dashboard")
	s.becomes("1") // which she has accepted once
	ada.post("/logout")
	ada.login(goodPassword).redirects(t, "/dashboard")
}

func TestWithoutTermsNobodyIsAsked(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	ada.login(goodPassword).redirects(t, "/dashboard")
	ada.get("/terms").is(t, 200).says(t, "Terms of use", "Replace this text").hides(t, "Version")
	for _, path := range []string{"/", "/register"} {
		s.visitor().get(path).hides(t, "/terms")
	}
	ada.get("/login/terms").redirects(t, "/dashboard")
	s.visitor().signUp("Bob", "bob@example.com", goodPassword).redirects(t, "/dashboard")
	if n := s.count("accepted_terms", "true"); n != 0 {
		t.Errorf("%d are accepted", n)
	}
}

func TestTheTermsAreLinkedWhereTheyAreAskedFor(t *testing.T) {
	s := newStage(t, withTerms("2026-12-01"))
	s.visitor().get("/terms").is(t, 200).says(t, "Version 2026-12-01")
	for _, path := range []string{"/", "/register"} {
		if page := s.visitor().get(path); !strings.Contains(page.body, `href="/terms"`) {
			t.Errorf("%s does not link the terms", path)
		}
	}
	s.visitor().get("/register").says(t, "By creating an account you accept the terms")
	s.owingTerms("ada@example.com").get("/terms").is(t, 200)
}

func TestWhoSignsUpAcceptsTheTermsOfThatDay(t *testing.T) {
	s := newStage(t, withTerms("1"))
	ada, bob := s.visitor(), s.visitor()
	ada.signUp("Ada", "ada@example.com", goodPassword).redirects(t, "/dashboard")
	if n := s.count("accepted_terms", "version = '1' AND user_id = ?", ada.user().ID); n != 1 {
		t.Errorf("there are %d rows", n)
	}
	ada.post("/logout")
	ada.login(goodPassword).redirects(t, "/dashboard")
	bob.email = "bob@example.com"
	bob.post("/register", "name", "Bob", "email", bob.email, "password", goodPassword)
	s.becomes("2")
	bob.get(bob.mail().Link).submit().redirects(t, "/login/terms").says(t, "Version 2 replaces version 1").submit().redirects(t, "/dashboard")
}

// Items 46 and 49: whatever somebody has proven, the terms are owed.
func TestItem46TheTermsAreOwedOnEveryWayIn(t *testing.T) {
	s := newStage(t, withTerms("1"), noRateLimit)
	ada := s.user("ada@example.com")
	alan := s.member("alan@example.com")         // feature:passkeys
	phone := alan.passkey().in(alan.elsewhere()) // feature:passkeys
	s.becomes("2")
	before := s.count("sessions", "true")
	for _, authn := range []auth.Authentication{{Method: "password"}, {Method: "passkey", Second: true}, {Method: "mail"}, {Method: "somehow"}} {
		entry, err := s.auth.Login(t.Context(), ada.user(), authn, auth.Browser{}, auth.Client{})
		if err != nil || entry.PendingLogin == nil || entry.PendingLogin.Step != auth.TermsStep || entry.Session != "" {
			t.Errorf("%s: %+v (%v)", authn.Method, entry, err)
		}
	}
	phone.logsIn().redirects(t, "/login/terms")                           // feature:passkeys
	ada.get(ada.asksForMail().Link).submit().redirects(t, "/login/terms") // feature:mail_login
	ada.post("/password/forgot", "email", ada.email)
	ada.get(ada.mail().Link).submit("password", otherPassword).redirects(t, "/login")
	ada.login(otherPassword).redirects(t, "/login/terms")
	if n := s.count("sessions", "true") - before; n != 0 {
		t.Errorf("%d sessions were started", n)
	}
}

func TestTheSecondFactorComesBeforeTheTerms(t *testing.T) {
	s := newStage(t, withTerms("1"))
	ada, app := s.owing("ada@example.com")
	s.becomes("2")
	ada.login(goodPassword).redirects(t, "/login/factor")
	ada.post("/login/terms", "version", "2").redirects(t, "/login")
	if n := s.count("accepted_terms", "version = '2'"); n != 0 {
		t.Error("who only knows the password has accepted the terms")
	}
	ada.login(goodPassword).redirects(t, "/login/factor").proves(app).redirects(t, "/login/terms").submit().redirects(t, "/dashboard")
	if n := s.count("sessions", "aal = 2 AND method LIKE 'password %' AND expires_at > ?", s.clock.now()); n == 0 {
		t.Error("what was proven is forgotten")
	}
}

func TestTheNewPasswordComesBeforeTheTerms(t *testing.T) {
	s := newStage(t, withTerms("1"))
	ada := s.stranger("ada@example.com")
	ada.hasPassword("ada1815ada1815ada")
	asked := ada.login("ada1815ada1815ada").redirects(t, "/login/password")
	ada.post("/login/terms", "version", "1").redirects(t, "/login")
	ada.login("ada1815ada1815ada")
	asked.submit("password", goodPassword).redirects(t, "/login/terms").submit().redirects(t, "/dashboard")
}

// Who asked for the browser to be trusted has asked for it, whatever comes between.
func TestTheWishToTrustSurvivesTheTerms(t *testing.T) { // feature:trusted_devices
	s := newStage(t, withTerms("1"))                                                              // feature:trusted_devices
	ada, factor := s.owing("ada@example.com")                                                     // feature:trusted_devices
	s.becomes("2")                                                                                // feature:trusted_devices
	page := ada.get("/login/factor").proves(factor, "trust", "true").redirects(t, "/login/terms") // feature:trusted_devices
	if ada.cookie("trusted_device") != "" {                                                       // feature:trusted_devices
		t.Error("it is trusted before the login is finished") // feature:trusted_devices
	} // feature:trusted_devices
	page.submit().redirects(t, "/dashboard")                                                 // feature:trusted_devices
	ada.post("/logout")                                                                      // feature:trusted_devices
	s.becomes("3")                                                                           // feature:trusted_devices
	ada.login(goodPassword).redirects(t, "/login/terms").submit().redirects(t, "/dashboard") // feature:trusted_devices
} // feature:trusted_devices

// Nobody accepts what they were not shown.
func TestTermsThatHaveChangedMeanwhileAreShownOnceMore(t *testing.T) {
	s := newStage(t, withTerms("1"))
	ada := s.owingTerms("ada@example.com")
	asked := ada.get("/login/terms?next=%2Faccount").is(t, 200)
	s.becomes("2")
	again := asked.submit().is(t, 422).says(t, "have changed while you were reading", "version 2")
	if n := s.count("accepted_terms", "true"); n != 0 {
		t.Errorf("%d are accepted", n)
	}
	again.submit().redirects(t, "/account")
}

// Item 67: one person in fifty browsers, each of them asked, who accepts in all of them at once, has accepted once.
func TestItem67FiftyAcceptancesAtOnceAreOne(t *testing.T) {
	s := newStage(t, withTerms("1"), noRateLimit)
	ada := s.stranger("ada@example.com")
	asked := make([]*auth.PendingLogin, 50)
	for i := range asked {
		entry, err := s.auth.Login(t.Context(), ada.user(), auth.Authentication{Method: "password"}, auth.Browser{}, auth.Client{})
		if err != nil {
			t.Fatal(err)
		}
		if asked[i], err = s.auth.FindPendingLogin(t.Context(), entry.Browser, auth.Client{}); err != nil || asked[i].Step != auth.TermsStep {
			t.Fatalf("%+v (%v)", asked[i], err)
		}
	}
	s.atOnce(len(asked), func(i int) {
		if err := s.auth.AcceptTerms(t.Context(), asked[i], "1"); err != nil {
			t.Error(err)
		}
	})
	if rows, events := s.count("accepted_terms", "true"), s.count("events", "name = 'terms.accepted'"); rows != 1 || events != 1 {
		t.Errorf("there are %d rows and %d events", rows, events)
	}
}

// Item 67: of fifty presses in one browser one logs in, and the others are not told of a fault that there is none.
func TestItem67OfFiftyPressesOfTheButtonOneSignsIn(t *testing.T) {
	s := newStage(t, withTerms("1"), noRateLimit)
	ada := s.owingTerms("ada@example.com")
	tabs := make([]*person, 50)
	for i := range tabs {
		tabs[i] = ada.twin()
	}
	s.atOnce(len(tabs), func(i int) {
		page, err := tabs[i].try(http.MethodPost, "/login/terms", url.Values{"version": {"1"}})
		if err != nil || page.status != 303 {
			t.Errorf("%v %v", page, err)
		}
	})
	if n := s.count("sessions", "true"); n != 1 {
		t.Errorf("%d sessions were started", n)
	}
}

// Item 49: an unfinished login is worthless once the password is another, also to somebody who presses the button in that very moment.
func TestItem49TheTermsAreNotAcceptedWithAPasswordThatIsNoMore(t *testing.T) {
	s := newStage(t, withTerms("1"))
	thief := s.owingTerms("ada@example.com")
	entry, err := s.auth.Login(t.Context(), thief.user(), auth.Authentication{Method: "password"}, auth.Browser{}, auth.Client{})
	if err != nil {
		t.Fatal(err)
	}
	pressing, err := s.auth.FindPendingLogin(t.Context(), entry.Browser, auth.Client{})
	if err != nil {
		t.Fatal(err)
	}
	thief.hasPassword(otherPassword)
	thief.post("/login/terms", "version", "1").redirects(t, "/login")
	if err := s.auth.AcceptTerms(t.Context(), pressing, "1"); !errors.Is(err, auth.ErrChanged) {
		t.Error(err)
	}
	if n := s.count("accepted_terms", "true"); n != 0 {
		t.Errorf("%d are accepted", n)
	}
}

// Item 49: ten minutes are for all that is owed together, and the session is as fresh as what was proven for it.
func TestItem49ASignInEndsTenMinutesAfterItsFirstStepHoweverManyItHas(t *testing.T) {
	s := newStage(t, withTerms("1"))
	ada, app := s.owing("ada@example.com")
	s.becomes("2")
	untilTerms := func() (terms *page, proved time.Time) {
		ada.hasPassword("ada1815ada1815ada")
		asked := ada.login("ada1815ada1815ada").redirects(t, "/login/factor")
		s.clock.passes(4 * time.Minute)
		asked = asked.proves(app).redirects(t, "/login/password")
		proved = s.clock.now()
		s.clock.passes(4 * time.Minute)
		return asked.submit("password", otherPassword).redirects(t, "/login/terms"), proved
	}
	late, _ := untilTerms()
	s.clock.passes(2 * time.Minute)
	late.submit().redirects(t, "/login")
	terms, proved := untilTerms()
	terms.submit().redirects(t, "/dashboard")
	if s.count("sessions", "authenticated_at > ? AND authenticated_at <= ? AND expires_at > ?", proved.UTC().Add(-time.Second), proved.UTC(), s.clock.now()) != 1 {
		t.Errorf("there is no session that was proven at %s: %s", proved, s.rows("sessions", "true"))
	}
}

func TestEarlierDatabase_AcceptedTerms(t *testing.T) {
	e := newEarlier(t, withTerms("2026-11-01"))
	e.elsewhere("ada@example.com").redirects(t, "/dashboard") // she has accepted them
	ingrid, _ := e.browser("ingrid@example.com")
	ingrid.get("/login/terms").is(t, 200).submit().redirects(t, "/dashboard").says(t, "Hello, Ingrid")
}
