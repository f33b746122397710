package handlers_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/models"
)

// secondFactors are the kinds that there are: each gives one to a user, who is logged in.
func secondFactors() []func(*apptest.Browser) apptest.Factor {
	return []func(*apptest.Browser) apptest.Factor{
		func(b *apptest.Browser) apptest.Factor { return addTOTP(b) },    // feature:totp
		func(b *apptest.Browser) apptest.Factor { return addPasskey(b) }, // feature:passkeys
	}
}

// addSecondFactor gives the user, who is logged in, a second factor of the first kind.
func addSecondFactor(b *apptest.Browser) apptest.Factor {
	b.App.T.Helper()
	if len(secondFactors()) == 0 {
		b.App.T.Skip("there is no kind of second factor in this application")
	}
	return secondFactors()[0](b)
}

// eachSecondFactor tells a story of ada with each kind of second factor, which add gives to whoever is in.
func eachSecondFactor(t *testing.T, story func(t *testing.T, app *apptest.App, ada *apptest.Browser, add func(*apptest.Browser) apptest.Factor)) {
	t.Helper()
	for i, add := range secondFactors() {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			app := apptest.New(t)
			story(t, app, app.LoggedIn("ada@example.com"), add)
		})
	}
}

// wantOnlyFactor logs the user in with the other password and one factor, after none of the others has let them.
func wantOnlyFactor(b *apptest.Browser, own apptest.Factor, others ...apptest.Factor) {
	b.App.T.Helper()
	asked := b.Login(apptest.OtherPassword).WantRedirect(b.App.T, "/login/factor")
	for _, other := range others {
		asked.Answer(other).WantStatus(b.App.T, 422)
	}
	asked.Answer(own).WantRedirect(b.App.T, "/dashboard")
}

// unfinishedLoginID is the id of a login of the user's that was never finished.
func unfinishedLoginID(b *apptest.Browser) string {
	b.App.T.Helper()
	user, now := b.User(), b.App.Clock.Now()
	id := uuid.NewString()
	err := b.App.DB.Create(&models.PendingLogin{ID: id, UserID: user.ID, TokenHash: []byte(id), Method: "password", AAL: 1,
		CredentialVersion: user.CredentialVersion(), CreatedAt: now, AuthenticatedAt: now, ExpiresAt: now.Add(time.Minute)}).Error
	if err != nil {
		b.App.T.Fatal(err)
	}
	return id
}

// atSecondFactor is somebody who has entered the password and owes a second factor.
func atSecondFactor(app *apptest.App, email string) (*apptest.Browser, apptest.Factor) {
	app.T.Helper()
	b := app.LoggedIn(email)
	f := addSecondFactor(b)
	b.Post("/logout")
	b.Login(apptest.Password).WantRedirect(app.T, "/login/factor")
	return b, f
}

// allSteps has the application ask for all that can be owed.
func allSteps() []apptest.Option {
	return []apptest.Option{
		withTerms("2026-12-01"), // feature:terms
	}
}

// atNewPassword returns a browser whose user has to choose a new password.
func atNewPassword(app *apptest.App) *apptest.Browser {
	jean := alertedUser(app, "jean@example.com")
	jean.Get(jean.Mail().Link).Submit().WantRedirect(app.T, "/login/password")
	return jean
}

// Item 49: who still owes something reaches no page of the logged in.
func TestItem49AnUnfinishedSignInOpensNothingElse(t *testing.T) {
	tour := site().Tour(t)
	for owing := range guards() {
		browser := tour.Behind(owing)
		if !strings.HasPrefix(owing, "needs ") || browser == nil {
			continue
		}
		for _, route := range tour.App.Routes {
			if route.Guard == "logged in" && !strings.Contains(route.Path, ":") {
				to := browser.Do(route.Method, route.Path, nil).WantStatus(t, 303).Header.Get("Location")
				if !strings.HasPrefix(to, "/login") {
					t.Errorf("%s leads who is %s to %s", route.Path, owing, to)
				}
			}
		}
	}
}

func TestItem49AnUnfinishedSignInIsBoundToBrowserTimeAndPassword(t *testing.T) {
	app := apptest.New(t)
	ada, factor := atSecondFactor(app, "ada@example.com")
	app.Browser().Post("/login/factor", "factor", factor.Kind(), "answer", factor.Next()).WantRedirect(t, "/login")
	app.Clock.Advance(10 * time.Minute)
	ada.Get("/login/factor").WantRedirect(t, "/login")

	ada.Login(apptest.Password).WantRedirect(t, "/login/factor")
	owner := app.Browser()
	owner.Email = ada.Email
	owner.Post("/password/forgot", "email", ada.Email)
	owner.Get(owner.Mail().Link).Submit().WantRedirect(t, "/login/factor").Answer(factor).
		ChooseOtherPassword(t)
	ada.Post("/login/factor", "factor", factor.Kind(), "answer", factor.Next()).WantRedirect(t, "/login")
	ada.Get("/dashboard").WantStatus(t, 303)
}

// Item 25: a reset is no way round the second factor.
func TestItem25AResetDoesNotBypassTheSecondFactor(t *testing.T) {
	app := apptest.New(t)
	ada, factor := atSecondFactor(app, "ada@example.com")
	ada.Post("/password/forgot", "email", ada.Email)
	link := ada.Mail().Link
	page := ada.Get(link).WantStatus(t, 200).WantText(t, "ada@example.com", "second factor")
	page.Submit("password", apptest.OtherPassword).WantRedirect(t, "/login/factor") // a password that is sent along sets nothing
	ada.Get("/login/password").WantRedirect(t, "/login")
	ada.Login(apptest.OtherPassword).WantStatus(t, 422)
	asked := ada.Get(link).Submit().WantRedirect(t, "/login/factor").WantText(t, "Go on")
	asked.Answer(factor).ChooseOtherPassword(t)
	ada.Get("/dashboard").WantStatus(t, 303) // item 24
	ada.Get(link).WantRedirect(t, "/login").WantText(t, "already set a new password")
	ada.Login(apptest.Password).WantStatus(t, 422)
	ada.Login(apptest.OtherPassword).WantRedirect(t, "/login/factor").Answer(factor).WantRedirect(t, "/dashboard")
}

// Item 25: guessing at the factor is bounded, and does not use the owner's link up.
func TestItem25WrongCodesEndTheResetAndNotTheLink(t *testing.T) {
	app := apptest.New(t)
	ada, factor := atSecondFactor(app, "ada@example.com")
	ada.Post("/password/forgot", "email", ada.Email)
	link := ada.Mail().Link
	asked := ada.Get(link).Submit().WantRedirect(t, "/login/factor")
	for range 5 {
		asked.Submit("answer", "000000").WantStatus(t, 422)
	}
	asked.Answer(factor).WantRedirect(t, "/password/forgot").WantText(t, "Open the link in our mail once more")
	ada.Get(link).Submit().WantRedirect(t, "/login/factor").Answer(factor).WantRedirect(t, "/login/password")
}

// Item 67: of two browsers that the link was opened in, both past the second factor, one sets a password.
func TestItem67OneLinkSetsOnePasswordBehindTheSecondFactor(t *testing.T) {
	app := apptest.New(t)
	ada, factor := atSecondFactor(app, "ada@example.com")
	ada.Post("/password/forgot", "email", ada.Email)
	link := ada.Mail().Link
	pages := make([]*apptest.Page, 4)
	for i := range pages {
		pages[i] = ada.OtherBrowser().Get(link).Submit().WantRedirect(t, "/login/factor").Answer(factor).
			WantRedirect(t, "/login/password")
	}
	to := make([]string, len(pages))
	app.AtOnce(len(pages), func(i int) {
		answer, err := pages[i].Browser.Try("POST", "/login/password", map[string][]string{"password": {apptest.OtherPassword + strings.Repeat("!", i)}})
		if err != nil {
			t.Error(err)
			return
		}
		to[i] = pages[i].Browser.Get(answer.Header.Get("Location")).Text()
	})
	if n := strings.Count(strings.Join(to, " "), "Log in with the new one."); n != 1 || app.Count("events", "name = 'password.reset'") != 1 {
		t.Errorf("%d of them have set one", n)
	}
}

// Who is logged in here when they open the link is logged out: what follows is about an account that nobody is in yet.
func TestAResetBehindASecondFactorLogsThisBrowserOut(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	factor := addSecondFactor(ada)
	ada.Post("/password/forgot", "email", ada.Email)
	ada.Get(ada.Mail().Link).Submit().WantRedirect(t, "/login/factor").Answer(factor).WantRedirect(t, "/login/password")
}

// Whoever set a second factor up while the link was on its way is asked for it.
func TestItem25AFormThatWasOpenedBeforeTheSecondFactorAsksForIt(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	ada.Post("/password/forgot", "email", ada.Email)
	form := ada.OtherBrowser().Get(ada.Mail().Link).WantStatus(t, 200)
	addSecondFactor(ada)
	form.Submit("password", apptest.OtherPassword).WantRedirect(t, "/login/factor")
	ada.Get("/dashboard").WantStatus(t, 200)
}

func TestWhereSomebodyWasGoingAndWhatTheyWereSendingSurvivesTheSecondFactor(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	code := addSecondFactor(ada)
	login := ada.PostAfterIdle()
	factor := login.Submit("email", ada.Email, "password", apptest.Password).WantStatus(t, 401).
		WantText(t, "One more step")
	factor.Answer(code).WantStatus(t, 200).WantText(t, "You are back", "Ada Lovelace")
	ada.Post("/logout")
	ada.Get("/account/sessions").WantRedirect(t, "/login?next=%2Faccount%2Fsessions").
		Submit("email", ada.Email, "password", apptest.Password).
		WantRedirect(t, "/login/factor?next=%2Faccount%2Fsessions").Answer(code).WantRedirect(t, "/account/sessions")
}

// A login that should end and cannot is a fault, and nothing that goes on as if nothing were.
func TestAFaultAtTheEndOfALogInIsTold(t *testing.T) {
	app := apptest.New(t)
	ada, _ := atSecondFactor(app, "ada@example.com")
	factor := ada.Get("/login/factor")
	for range 5 {
		factor.Submit("answer", "000000").WantStatus(t, 422)
	}
	app.FailLocks(func() { factor.Submit("answer", "000000").WantStatus(t, http.StatusInternalServerError) })
	factor.Submit("answer", "000000").WantRedirect(t, "/login")
}

func TestWhatSomebodyWasSendingSurvivesWrongAnswersAndThePauseAfterThem(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	code := addSecondFactor(ada)
	login := ada.PostAfterIdle()
	again := func(page *apptest.Page) *apptest.Page {
		return page.Submit("email", ada.Email, "password", apptest.Password).WantStatus(t, 401).
			WantText(t, "One more step")
	}
	factor := again(login)
	wrong := func(status int, words string) {
		for range 20 {
			if factor = factor.Submit("answer", "000000"); strings.Contains(factor.Body, words) {
				factor.WantStatus(t, status)
				return
			}
		}
		t.Fatalf("no page says %q", words)
	}
	wrong(422, "Please log in again")
	factor = again(factor)
	wrong(422, "Please log in again")
	factor = again(factor)
	wrong(http.StatusTooManyRequests, "Try again in")
	app.Clock.Advance(15 * time.Minute) // which is more than a login takes
	factor = again(factor.Answer(code).WantStatus(t, 422).WantText(t, "log in again"))
	factor.Answer(code).WantStatus(t, 200).WantText(t, "You are back", "Ada Lovelace")
}

// Item 67: an answer that was under way while the owner locked everybody out is used for nothing, and nobody is mailed that it was.
func TestItem67AnAnswerHeldBackUntilTheAccountIsLockedIsNotUsed(t *testing.T) {
	for i, add := range secondFactors() {
		for _, path := range []string{"/login/factor", "/account/prove"} {
			t.Run(fmt.Sprint(path, i), func(t *testing.T) {
				app := apptest.New(t)
				ada := app.LoggedIn("ada@example.com")
				own := add(ada)
				alert := app.LastMail(ada.Email).Link
				attacker := ada.Tab()
				if path == "/login/factor" {
					attacker = ada.OtherBrowser()
					attacker.Login(apptest.Password).WantRedirect(t, "/login/factor")
				}
				app.Clock.Advance(time.Minute)
				finish := attacker.BeginPost(path, "factor", own.Kind(), "answer", own.In(attacker).Next())
				ada.OtherBrowser().Get(alert).Submit().WantRedirect(t, "/login/factor")
				app.WaitForMail()
				before := app.Tables()
				finish().WantRedirect(t, "/login")
				for _, table := range app.ChangedTables(before) {
					if table != "limits" && table != "passkey_challenges" {
						t.Errorf("%s has changed", table)
					}
				}
			})
		}
	}
}
