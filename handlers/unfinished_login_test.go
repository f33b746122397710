package handlers_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/auth"
)

// loginAsAttacker is an attacker of the user's password, on a device of their own, who has entered it and stands before the second factor.
func loginAsAttacker(b *apptest.Browser) *apptest.Browser {
	b.App.T.Helper()
	attacker := b.OtherBrowser()
	attacker.UserAgent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
	attacker.Login(apptest.Password).WantRedirect(b.App.T, "/login/factor")
	return attacker
}

// expirePendingLogin lets what was begun run out, and be swept.
func expirePendingLogin(app *apptest.App) {
	app.T.Helper()
	app.Clock.Advance(10 * time.Minute)
	if err := app.Cleanup(app.T.Context()); err != nil {
		app.T.Fatal(err)
	}
	if n := app.Count("pending_logins", "true"); n != 0 {
		app.T.Errorf("%d are left", n)
	}
}

// unfinishedLoginMails are how often the user was mailed of a login that was not finished.
func unfinishedLoginMails(b *apptest.Browser) int64 {
	b.App.T.Helper()
	return b.App.Count("outbox", "kind = 'unfinished_log_in'")
}

// Item 17: who knows the password and no more is told of, whatever they do next or do not do, and can be locked out.
func TestItem17TheOwnerIsToldOfWhoKnewThePasswordAndCameNoFurther(t *testing.T) {
	app := apptest.New(t)
	ada, _ := atSecondFactor(app, "ada@example.com")
	attacker, at := loginAsAttacker(ada), app.Clock.Now()
	expirePendingLogin(app)
	told := ada.Mail()
	for _, fact := range []string{"right password", "not in", "Safari on iOS", attacker.IP, at.UTC().Format("January 2, 2006 at 15:04 UTC"), "This wasn’t me"} {
		if !strings.Contains(told.Text, fact) {
			t.Errorf("the mail does not tell %q:\n%s", fact, told.Text)
		}
	}
	ada.Get(told.Link).WantStatus(t, 200).Submit().WantRedirect(t, "/login/factor")
	attacker.Login(apptest.Password).WantStatus(t, 422)
}

func TestItem17WrongAnswersAreToldOfAtOnceAndOnceADay(t *testing.T) {
	app := apptest.New(t)
	ada, factor := atSecondFactor(app, "ada@example.com")
	fails := func() {
		attacker := loginAsAttacker(ada)
		for range 5 {
			attacker.Post("/login/factor", "factor", factor.Kind(), "answer", "000000").WantStatus(t, 422)
		}
		attacker.Post("/login/factor", "factor", factor.Kind(), "answer", "000000").WantRedirect(t, "/login")
	}
	fails()
	if n := unfinishedLoginMails(ada); n != 1 {
		t.Errorf("she was told %d times", n)
	}
	app.Clock.Advance(23 * time.Hour)
	loginAsAttacker(ada)
	expirePendingLogin(app)
	if n := unfinishedLoginMails(ada); n != 1 {
		t.Errorf("she was told %d times within a day", n)
	}
	app.Clock.Advance(time.Hour)
	fails()
	if n := unfinishedLoginMails(ada); n != 2 {
		t.Errorf("she was told %d times", n)
	}
}

// An attacker who logs in as themselves in that browser has hidden nothing.
func TestSomebodyElsesSignInDoesNotHideWhatWasNotFinished(t *testing.T) {
	app := apptest.New(t)
	ada, _ := atSecondFactor(app, "ada@example.com")
	attacker := loginAsAttacker(ada)
	attacker.Post("/login", "email", app.LoggedOut("mallory@example.com").Email, "password", apptest.Password).
		WantRedirect(t, "/dashboard")
	expirePendingLogin(app)
	if n := unfinishedLoginMails(ada); n != 1 {
		t.Errorf("she was told %d times", n)
	}
}

// On a known device, behind a mailed link, finished after all, or with a password that has been replaced since, there is nothing to tell.
func TestOrdinarySignInsAreNoAlarm(t *testing.T) {
	app := apptest.New(t)
	ada, factor := atSecondFactor(app, "ada@example.com")
	phone := loginAsAttacker(ada)
	phone.Get("/login/factor").Answer(factor).WantRedirect(t, "/dashboard")
	ada.Post("/password/forgot", "email", ada.Email)
	ada.OtherBrowser().Get(ada.MailedLink("Reset")).Submit().WantRedirect(t, "/login/factor")
	bob := alertedUser(app, "bob@example.com")
	bob.OtherBrowser().Get(bob.MailedLink("changed")).Submit().WantRedirect(t, "/login/password")
	grace, _ := atSecondFactor(app, "grace@example.com")
	loginAsAttacker(grace)
	wantPassword(grace, apptest.OtherPassword)
	expirePendingLogin(app)
	if n := unfinishedLoginMails(ada); n != 0 {
		t.Errorf("there are %d alarms", n)
	}
}

// Item 68: what was proven is on record, also where it was not enough.
func TestItem68ASignInThatOwesSomethingIsOnRecord(t *testing.T) {
	app := apptest.New(t)
	ada, factor := atSecondFactor(app, "ada@example.com")
	wantPassword(ada, "ada1815ada1815ada")
	asked := ada.Login("ada1815ada1815ada").WantRedirect(t, "/login/factor").Answer(factor).
		WantRedirect(t, "/login/password")
	asked.Submit("password", apptest.OtherPassword).WantRedirect(t, "/dashboard")
	names := strings.Join(app.Events(), " ")
	if !strings.Contains(names, "login.begun login.continued session.ended password.changed session.started") &&
		!strings.Contains(names, "login.begun login.continued password.changed session.started") {
		t.Errorf("the log tells %s", names)
	}
	if n := app.Count("events", `name = 'login.begun' AND detail LIKE '%"step":"second_factor"%'`); n != 2 {
		t.Errorf("%d of them tell what was owed", n)
	}
}

// Item 68: whoever still has a way in after everybody was locked out has tried it, which the owner sees.
func TestItem68ASignInOfSomebodyLockedOutIsOnRecord(t *testing.T) {
	app := apptest.New(t)
	ada := alertedUser(app, "ada@example.com")
	ada.Get(ada.Mail().Link).Submit().WantRedirect(t, "/login/password")
	_, err := app.Auth.Login(t.Context(), ada.User(), auth.Authentication{Method: "somehow", Second: true}, auth.Browser{}, auth.Client{})
	if !errors.Is(err, auth.ErrAccountLocked) || !slices.Contains(app.Events(), "login.refused") {
		t.Errorf("%v, and the log tells %v", err, app.Events())
	}
}

// Item 17: whoever logs in again and again, and never finishes, does not put off that the owner is told.
func TestItem17AReportIsNotPutOffByLoggingInAgain(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	addSecondFactor(ada)
	attacker := ada.OtherBrowser()
	for range 4 {
		attacker.Login(apptest.Password).WantRedirect(t, "/login/factor")
		app.Clock.Advance(9 * time.Minute)
		if err := app.Cleanup(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := unfinishedLoginMails(ada); n != 1 {
		t.Errorf("she was told %d times", n)
	}
	attacker.Get("/login/factor").WantStatus(t, 200) // what is going on goes on
}

// Item 17: what ends a login with the password does not keep from the owner that somebody knows it.
func TestItem17AReportOutlivesWhatEndsTheSignIn(t *testing.T) {
	for name, ends := range map[string]func(ada *apptest.Browser){
		"the end of the other sessions": func(ada *apptest.Browser) { ada.Post("/account/sessions/end-others").WantStatus(t, 303) },
		"recovery codes":                func(ada *apptest.Browser) { createRecoveryCodes(ada) }, // feature:recovery_codes
		"another factor":                func(ada *apptest.Browser) { addPasskey(ada) },          // feature:passkeys
		"another address":               func(ada *apptest.Browser) { changeEmail(ada, "ada@example.org") },
	} {
		t.Run(name, func(t *testing.T) {
			app := apptest.New(t)
			ada := app.LoggedIn("ada@example.com")
			addSecondFactor(ada)
			loginAsAttacker(ada)
			app.Clock.Advance(5 * time.Minute)
			ends(ada)
			expirePendingLogin(app)
			if n := unfinishedLoginMails(ada); n != 1 {
				t.Errorf("she was told %d times", n)
			}
		})
	}
}
