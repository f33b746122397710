package handlers_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/auth"
	"example.com/gatehouse/models"
)

// withTerms returns an Option that asks for a version of the terms. The users
// that the test creates have accepted it.
func withTerms(version string) apptest.Option {
	return func(app *apptest.App) {
		app.Config.TermsVersion = version
		app.OnUser(func(user *models.User) { acceptTerms(app, user) })
	}
}

// changeTerms puts the program together anew with another version of the terms.
func changeTerms(app *apptest.App, version string) {
	app.T.Helper()
	app.Config.TermsVersion = version
	app.Restart()
}

// acceptTerms makes the user accept the terms.
func acceptTerms(app *apptest.App, user *models.User) {
	app.T.Helper()
	accepted := models.AcceptedTerms{ID: uuid.NewString(), UserID: user.ID, Version: app.Config.TermsVersion, AcceptedAt: app.Clock.Now()}
	if _, err := models.AcceptTerms(app.DB, accepted); err != nil {
		app.T.Fatal(err)
	}
}

// acceptedTermsID is the id of some that the user has accepted.
func acceptedTermsID(b *apptest.Browser) string {
	b.App.T.Helper()
	_, err := models.AcceptTerms(b.App.DB, models.AcceptedTerms{ID: uuid.NewString(), UserID: b.User().ID, Version: "2020-01-01", AcceptedAt: b.App.Clock.Now()})
	if err != nil {
		b.App.T.Fatal(err)
	}
	return b.RowID("accepted_terms")
}

// userWithoutTerms is somebody with an account, logged out, who has accepted no terms yet.
func userWithoutTerms(app *apptest.App, email string) *apptest.Browser {
	app.T.Helper()
	b := app.LoggedOut(email)
	app.Exec("DELETE FROM accepted_terms WHERE user_id = ?", b.User().ID)
	return b
}

// atTerms is somebody who has entered the password and owes accepting the terms.
func atTerms(app *apptest.App, email string) *apptest.Browser {
	app.T.Helper()
	b := userWithoutTerms(app, email)
	b.StartLogin()
	b.Get("/login/terms").WantStatus(app.T, 200)
	return b
}

func TestTheTermsAreAcceptedOnTheWayToWhereSomebodyWasGoing(t *testing.T) {
	app := apptest.New(t, withTerms("2026-12-01"))
	ada := userWithoutTerms(app, "ada@example.com")
	ada.Get("/account/sessions").WantRedirect(t, "/login?next=%2Faccount%2Fsessions")
	asked := ada.Post("/login", "email", ada.Email, "password", apptest.Password, "next", "/account/sessions").
		WantRedirect(t, "/login/terms?next=%2Faccount%2Fsessions").
		WantText(t, "To go on, please read and accept them", "version 2026-12-01", "Log in as somebody else")
	ada.Get("/dashboard").WantStatus(t, 303)
	asked.Submit().WantRedirect(t, "/account/sessions")
	if n := app.Count("events", "name = 'terms.accepted' AND user_id = ? AND detail LIKE '%2026-12-01%'", ada.User().ID); n != 1 {
		t.Errorf("the log has it %d times", n)
	}
	ada.Post("/logout")
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
}

func TestWhatSomebodyWasSendingSurvivesTheTerms(t *testing.T) {
	app := apptest.New(t, withTerms("1"))
	ada := app.LoggedIn("ada@example.com")
	changeTerms(app, "2")
	login := ada.PostAfterIdle()
	asked := login.Submit("email", ada.Email, "password", apptest.Password).WantStatus(t, 401).
		WantText(t, "Our terms have changed", "Version 2 replaces version 1")
	asked.Submit("version", "1").WantStatus(t, 422).Submit().WantStatus(t, 200).
		WantText(t, "You are back", "Ada Lovelace")
}

// A session that goes on is left alone; the next login asks, on whichever device.
func TestANewVersionIsAskedForAtTheNextSignIn(t *testing.T) {
	app := apptest.New(t, withTerms("1"))
	ada := app.LoggedIn("ada@example.com")
	changeTerms(app, "2")
	ada.Get("/dashboard").WantStatus(t, 200)
	phone := ada.OtherBrowser()
	phone.Login(apptest.Password).WantRedirect(t, "/login/terms").WantText(t, "Version 2 replaces version 1").Submit().
		WantRedirect(t, "/dashboard")
	ada.Post("/logout")
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
	changeTerms(app, "1") // which she has accepted once
	ada.Post("/logout")
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
}

func TestWithoutTermsNobodyIsAsked(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
	ada.Get("/terms").WantStatus(t, 200).WantText(t, "Terms of use", "Replace this text").WantNoText(t, "Version")
	for _, path := range []string{"/", "/register"} {
		app.Browser().Get(path).WantNoText(t, "/terms")
	}
	ada.Get("/login/terms").WantRedirect(t, "/dashboard")
	app.Browser().SignUp("Bob", "bob@example.com", apptest.Password).WantRedirect(t, "/dashboard")
	if n := app.Count("accepted_terms", "true"); n != 0 {
		t.Errorf("%d are accepted", n)
	}
}

func TestTheTermsAreLinkedWhereTheyAreAskedFor(t *testing.T) {
	app := apptest.New(t, withTerms("2026-12-01"))
	app.Browser().Get("/terms").WantStatus(t, 200).WantText(t, "Version 2026-12-01")
	for _, path := range []string{"/", "/register"} {
		if page := app.Browser().Get(path); !strings.Contains(page.Body, `href="/terms"`) {
			t.Errorf("%s does not link the terms", path)
		}
	}
	app.Browser().Get("/register").WantText(t, "By creating an account you accept the terms")
	atTerms(app, "ada@example.com").Get("/terms").WantStatus(t, 200)
}

func TestWhoSignsUpAcceptsTheTermsOfThatDay(t *testing.T) {
	app := apptest.New(t, withTerms("1"))
	ada, bob := app.Browser(), app.Browser()
	ada.SignUp("Ada", "ada@example.com", apptest.Password).WantRedirect(t, "/dashboard")
	if n := app.Count("accepted_terms", "version = '1' AND user_id = ?", ada.User().ID); n != 1 {
		t.Errorf("there are %d rows", n)
	}
	ada.Post("/logout")
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
	bob.Email = "bob@example.com"
	bob.Post("/register", "name", "Bob", "email", bob.Email, "password", apptest.Password)
	changeTerms(app, "2")
	bob.Get(bob.Mail().Link).Submit().WantRedirect(t, "/login/terms").WantText(t, "Version 2 replaces version 1").
		Submit().WantRedirect(t, "/dashboard")
}

// Items 46 and 49: whatever somebody has proven, the terms are owed.
func TestItem46TheTermsAreOwedOnEveryWayIn(t *testing.T) {
	app := apptest.New(t, withTerms("1"), apptest.NoRateLimit)
	ada := app.LoggedOut("ada@example.com")
	alan := app.LoggedIn("alan@example.com")               // feature:passkeys
	phone := addPasskey(alan).bringTo(alan.OtherBrowser()) // feature:passkeys
	changeTerms(app, "2")
	before := app.Count("sessions", "true")
	for _, authn := range []auth.Authentication{{Method: "password"}, {Method: "passkey", Second: true}, {Method: "mail"}, {Method: "somehow"}} {
		entry, err := app.Auth.Login(t.Context(), ada.User(), authn, auth.Browser{}, auth.Client{})
		if err != nil || entry.PendingLogin == nil || entry.PendingLogin.Step != auth.TermsStep || entry.Session != "" {
			t.Errorf("%s: %+v (%v)", authn.Method, entry, err)
		}
	}
	phone.logsIn().WantRedirect(t, "/login/terms")                               // feature:passkeys
	ada.Get(requestMailLogin(ada).Link).Submit().WantRedirect(t, "/login/terms") // feature:mail_login
	ada.Post("/password/forgot", "email", ada.Email)
	ada.Get(ada.Mail().Link).Submit("password", apptest.OtherPassword).WantRedirect(t, "/login")
	ada.Login(apptest.OtherPassword).WantRedirect(t, "/login/terms")
	if n := app.Count("sessions", "true") - before; n != 0 {
		t.Errorf("%d sessions were started", n)
	}
}

func TestTheSecondFactorComesBeforeTheTerms(t *testing.T) {
	app := apptest.New(t, withTerms("1"))
	ada, factor := atSecondFactor(app, "ada@example.com")
	changeTerms(app, "2")
	ada.Login(apptest.Password).WantRedirect(t, "/login/factor")
	ada.Post("/login/terms", "version", "2").WantRedirect(t, "/login")
	if n := app.Count("accepted_terms", "version = '2'"); n != 0 {
		t.Error("who only knows the password has accepted the terms")
	}
	ada.Login(apptest.Password).WantRedirect(t, "/login/factor").Answer(factor).WantRedirect(t, "/login/terms").
		Submit().WantRedirect(t, "/dashboard")
	if n := app.Count("sessions", "aal = 2 AND method LIKE 'password %' AND expires_at > ?", app.Clock.Now()); n == 0 {
		t.Error("what was proven is forgotten")
	}
}

func TestTheNewPasswordComesBeforeTheTerms(t *testing.T) {
	app := apptest.New(t, withTerms("1"))
	ada := userWithoutTerms(app, "ada@example.com")
	wantPassword(ada, "ada1815ada1815ada")
	asked := ada.Login("ada1815ada1815ada").WantRedirect(t, "/login/password")
	ada.Post("/login/terms", "version", "1").WantRedirect(t, "/login")
	ada.Login("ada1815ada1815ada")
	asked.Submit("password", apptest.Password).WantRedirect(t, "/login/terms").Submit().WantRedirect(t, "/dashboard")
}

// Who asked for the browser to be trusted has asked for it, whatever comes between.
func TestTheWishToTrustSurvivesTheTerms(t *testing.T) { // feature:trusted_devices
	app := apptest.New(t, withTerms("1"))                                                            // feature:trusted_devices
	ada, factor := atSecondFactor(app, "ada@example.com")                                            // feature:trusted_devices
	changeTerms(app, "2")                                                                            // feature:trusted_devices
	page := ada.Get("/login/factor").Answer(factor, "trust", "true").WantRedirect(t, "/login/terms") // feature:trusted_devices
	if ada.Cookie("trusted_device") != "" {                                                          // feature:trusted_devices
		t.Error("it is trusted before the login is finished") // feature:trusted_devices
	} // feature:trusted_devices
	page.Submit().WantRedirect(t, "/dashboard")                                                        // feature:trusted_devices
	ada.Post("/logout")                                                                                // feature:trusted_devices
	changeTerms(app, "3")                                                                              // feature:trusted_devices
	ada.Login(apptest.Password).WantRedirect(t, "/login/terms").Submit().WantRedirect(t, "/dashboard") // feature:trusted_devices
} // feature:trusted_devices

// Nobody accepts what they were not shown.
func TestTermsThatHaveChangedMeanwhileAreShownOnceMore(t *testing.T) {
	app := apptest.New(t, withTerms("1"))
	ada := atTerms(app, "ada@example.com")
	asked := ada.Get("/login/terms?next=%2Faccount").WantStatus(t, 200)
	changeTerms(app, "2")
	again := asked.Submit().WantStatus(t, 422).WantText(t, "have changed while you were reading", "version 2")
	if n := app.Count("accepted_terms", "true"); n != 0 {
		t.Errorf("%d are accepted", n)
	}
	again.Submit().WantRedirect(t, "/account")
}

// Item 67: one user in fifty browsers, each of them asked, who accepts in all of them at once, has accepted once.
func TestItem67FiftyAcceptancesAtOnceAreOne(t *testing.T) {
	app := apptest.New(t, withTerms("1"), apptest.NoRateLimit)
	ada := userWithoutTerms(app, "ada@example.com")
	asked := make([]*auth.PendingLogin, 50)
	for i := range asked {
		entry, err := app.Auth.Login(t.Context(), ada.User(), auth.Authentication{Method: "password"}, auth.Browser{}, auth.Client{})
		if err != nil {
			t.Fatal(err)
		}
		if asked[i], err = app.Auth.FindPendingLogin(t.Context(), entry.Browser, auth.Client{}); err != nil || asked[i].Step != auth.TermsStep {
			t.Fatalf("%+v (%v)", asked[i], err)
		}
	}
	app.AtOnce(len(asked), func(i int) {
		if err := app.Auth.AcceptTerms(t.Context(), asked[i], "1"); err != nil {
			t.Error(err)
		}
	})
	if rows, events := app.Count("accepted_terms", "true"), app.Count("events", "name = 'terms.accepted'"); rows != 1 || events != 1 {
		t.Errorf("there are %d rows and %d events", rows, events)
	}
}

// Item 67: of fifty presses in one browser one logs in, and the others are not told of a fault that there is none.
func TestItem67OfFiftyPressesOfTheButtonOneSignsIn(t *testing.T) {
	app := apptest.New(t, withTerms("1"), apptest.NoRateLimit)
	ada := atTerms(app, "ada@example.com")
	tabs := make([]*apptest.Browser, 50)
	for i := range tabs {
		tabs[i] = ada.Tab()
	}
	app.AtOnce(len(tabs), func(i int) {
		page, err := tabs[i].Try(http.MethodPost, "/login/terms", url.Values{"version": {"1"}})
		if err != nil || page.Status != 303 {
			t.Errorf("%v %v", page, err)
		}
	})
	if n := app.Count("sessions", "true"); n != 1 {
		t.Errorf("%d sessions were started", n)
	}
}

// Item 49: an unfinished login is worthless once the password is another, also to somebody who presses the button in that very moment.
func TestItem49TheTermsAreNotAcceptedWithAPasswordThatIsNoMore(t *testing.T) {
	app := apptest.New(t, withTerms("1"))
	attacker := atTerms(app, "ada@example.com")
	entry, err := app.Auth.Login(t.Context(), attacker.User(), auth.Authentication{Method: "password"}, auth.Browser{}, auth.Client{})
	if err != nil {
		t.Fatal(err)
	}
	pressing, err := app.Auth.FindPendingLogin(t.Context(), entry.Browser, auth.Client{})
	if err != nil {
		t.Fatal(err)
	}
	wantPassword(attacker, apptest.OtherPassword)
	attacker.Post("/login/terms", "version", "1").WantRedirect(t, "/login")
	if err := app.Auth.AcceptTerms(t.Context(), pressing, "1"); !errors.Is(err, auth.ErrChanged) {
		t.Error(err)
	}
	if n := app.Count("accepted_terms", "true"); n != 0 {
		t.Errorf("%d are accepted", n)
	}
}

// Item 49: ten minutes are for all that is owed together, and the session is as fresh as what was proven for it.
func TestItem49ASignInEndsTenMinutesAfterItsFirstStepHoweverManyItHas(t *testing.T) {
	app := apptest.New(t, withTerms("1"))
	ada, factor := atSecondFactor(app, "ada@example.com")
	changeTerms(app, "2")
	untilTerms := func() (terms *apptest.Page, proved time.Time) {
		wantPassword(ada, "ada1815ada1815ada")
		asked := ada.Login("ada1815ada1815ada").WantRedirect(t, "/login/factor")
		app.Clock.Advance(4 * time.Minute)
		asked = asked.Answer(factor).WantRedirect(t, "/login/password")
		proved = app.Clock.Now()
		app.Clock.Advance(4 * time.Minute)
		return asked.Submit("password", apptest.OtherPassword).WantRedirect(t, "/login/terms"), proved
	}
	late, _ := untilTerms()
	app.Clock.Advance(2 * time.Minute)
	late.Submit().WantRedirect(t, "/login")
	terms, proved := untilTerms()
	terms.Submit().WantRedirect(t, "/dashboard")
	if app.Count("sessions", "authenticated_at > ? AND authenticated_at <= ? AND expires_at > ?", proved.UTC().Add(-time.Second), proved.UTC(), app.Clock.Now()) != 1 {
		t.Errorf("there is no session that was proven at %s: %s", proved, app.Rows("sessions", "true"))
	}
}

func TestEarlierDatabase_AcceptedTerms(t *testing.T) {
	e := newEarlier(t, withTerms("2026-11-01"))
	e.elsewhere("ada@example.com").WantRedirect(t, "/dashboard") // she has accepted them
	ingrid, _ := e.browser("ingrid@example.com")
	ingrid.Get("/login/terms").WantStatus(t, 200).Submit().WantRedirect(t, "/dashboard").WantText(t, "Hello, Ingrid")
}
