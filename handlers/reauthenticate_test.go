package handlers_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/apptest"
)

// Item 34: what changes how an account is protected asks for a fresh proof, and then goes through.
func TestItem34AFormThatNeedsAFreshProofGoesThroughAfterIt(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	app.Browser().Post("/login", "email", ada.Email, "password", apptest.Password)
	app.Clock.Advance(10 * time.Minute)
	asked := ada.Post("/account/sessions/end-others").WantStatus(t, http.StatusUnauthorized).WantText(t, "Is it you?")
	if app.Count("sessions", "expires_at > ?", app.Clock.Now()) != 2 {
		t.Error("it went through without")
	}
	asked.Submit("answer", apptest.OtherPassword).WantStatus(t, 422).WantText(t, "not your password").
		Submit("answer", apptest.Password).WantRedirect(t, "/account/sessions").
		WantText(t, "Every other device is logged out.")
	ada.Get("/dashboard").WantStatus(t, 200)
}

// Item 30: the session's old token is dead after a fresh proof.
func TestItem30AFreshProofRenewsTheSessionsToken(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	attacker := ada.Tab()
	ada.Post("/account/prove", "factor", "password", "answer", apptest.Password).WantRedirect(t, "/account")
	attacker.Get("/dashboard").WantStatus(t, 303)
	ada.Get("/dashboard").WantStatus(t, 200)
}

// Whoever has a second factor proves that one; the passwords of the form wait sealed, and open nowhere else.
func TestChangingThePasswordAsksForTheSecondFactorTooAndThenGoesThrough(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	factor := addSecondFactor(ada)
	app.Clock.Advance(10 * time.Minute)
	asked := ada.Post("/account/security", "current_password", apptest.Password, "password", apptest.OtherPassword).
		WantStatus(t, http.StatusUnauthorized).WantNoText(t, apptest.Password, apptest.OtherPassword)
	ada.Post("/account/prove", "factor", "password", "answer", apptest.Password).WantStatus(t, 422)
	asked.Answer(factor).WantRedirect(t, "/account/security")
	app.Browser().Post("/login", "email", ada.Email, "password", apptest.OtherPassword).WantRedirect(t, "/login/factor")
}

// In the very user's other browser, at the login and at the proof.
func TestPasswordsThatWaitForAProofOpenInTheirSessionAlone(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	factor := addSecondFactor(ada)
	app.Clock.Advance(10 * time.Minute)
	kept := apptest.Attr(ada.Post("/account/security", "current_password", apptest.Password, "password", apptest.OtherPassword).Input("kept"), "value")
	phone := app.Browser()
	asked := phone.Post("/login", "email", ada.Email, "password", apptest.Password, "kept", kept).
		WantStatus(t, http.StatusUnauthorized)
	asked.Answer(factor, "kept", kept).WantRedirect(t, "/dashboard")
	phone.Get("/account/prove").Answer(factor, "kept", kept).WantRedirect(t, "/account")
	app.Browser().Post("/login", "email", ada.Email, "password", apptest.Password).WantRedirect(t, "/login/factor")
}

func TestGuessingAtAFreshProofIsBounded(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	for range 5 {
		ada.Post("/account/prove", "factor", "password", "answer", apptest.OtherPassword).WantStatus(t, 422)
	}
	ada.Post("/account/prove", "factor", "password", "answer", apptest.Password).WantRedirect(t, "/account").
		WantText(t, "too many wrong answers")
}

func TestAFormThatWaitsForAProofSurvivesWrongAnswersAndTheWaitsAfterThem(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	app.Browser().Post("/login", "email", ada.Email, "password", apptest.Password)
	app.Clock.Advance(10 * time.Minute)
	asked := ada.Post("/account/sessions/end-others").WantStatus(t, http.StatusUnauthorized)
	for range 2 {
		for range 5 {
			asked = asked.Submit("answer", apptest.OtherPassword).WantStatus(t, 422)
		}
		asked = asked.Submit("answer", apptest.Password).WantStatus(t, http.StatusTooManyRequests).
			WantText(t, "too many wrong answers")
		app.Clock.Advance(10 * time.Minute)
	}
	asked = asked.Submit("answer", apptest.Password).WantStatus(t, http.StatusTooManyRequests).
		WantText(t, "Try again in")
	app.Clock.Advance(15 * time.Minute)
	asked.Submit("answer", apptest.Password).WantRedirect(t, "/account/sessions").
		WantText(t, "Every other device is logged out.")
}

func TestAProofThatTheEndOfTheSessionOvertakesLeadsToItsPageByTheLogIn(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	asked := ada.Get("/account/prove?next=/account/sessions")
	app.Clock.Advance(app.Config.SessionIdle)
	asked.Submit("answer", apptest.Password).WantRedirect(t, "/login?next=%2Faccount%2Fsessions")
}

// currentSessionID is the id of a new session of the user's.
func currentSessionID(b *apptest.Browser) (id string) {
	b.App.T.Helper()
	b.StartLogin()
	if err := b.App.DB.Raw("SELECT id FROM sessions WHERE user_id = ? ORDER BY id DESC LIMIT 1", b.User().ID).Scan(&id).Error; err != nil {
		b.App.T.Fatal(err)
	}
	return id
}

// protected are the forms that change how an account is protected, or who is in it, with what a user fills in.
func protected() map[string]func(*apptest.Browser) url.Values {
	return map[string]func(*apptest.Browser) url.Values{
		"/account/sessions/end":            func(b *apptest.Browser) url.Values { return url.Values{"id": {currentSessionID(b.OtherBrowser())}} },
		"/account/sessions/end-others":     func(b *apptest.Browser) url.Values { b.OtherBrowser().StartLogin(); return nil },
		"/account/email/cancel":            func(b *apptest.Browser) url.Values { requestEmailChange(b, "next@example.org"); return nil },
		"/account/delete":                  func(b *apptest.Browser) url.Values { return url.Values{"confirmation": {b.Email}} },
		"/account/email":                   func(*apptest.Browser) url.Values { return url.Values{"email": {"attacker@example.org"}} },
		"/account/export":                  func(*apptest.Browser) url.Values { return nil },
		"/account/totp/remove":             func(b *apptest.Browser) url.Values { addTOTP(b); return url.Values{"id": {b.RowID("authenticators")}} }, // feature:totp
		"/account/passkeys/remove":         func(b *apptest.Browser) url.Values { addPasskey(b); return url.Values{"id": {b.RowID("passkeys")}} },    // feature:passkeys
		"/account/recovery-codes":          func(b *apptest.Browser) url.Values { addSecondFactor(b); return nil },                                   // feature:recovery_codes
		"/account/trusted-devices/end":     func(b *apptest.Browser) url.Values { return url.Values{"id": {trustedDeviceID(b)}} },                    // feature:trusted_devices
		"/account/trusted-devices/end-all": func(*apptest.Browser) url.Values { return nil },                                                         // feature:trusted_devices
	}
}

// Items 34 and 48: a session that has proven nothing for long changes nothing of it.
func TestItem34WhatProtectsAnAccountAsksForAFreshProof(t *testing.T) {
	for path, form := range protected() {
		t.Run(path, func(t *testing.T) {
			app := apptest.New(t)
			ada := app.LoggedIn("ada@example.com")
			fields := form(ada)
			app.WaitForMail()
			app.Clock.Advance(app.Config.ReauthTTL)
			ada.Get("/account")
			before := app.Tables()
			if page, err := ada.Try(http.MethodPost, path, fields); err != nil || page.Status != http.StatusUnauthorized {
				t.Errorf("it is answered %v, %v", page, err)
			}
			before["limits"] = app.Tables()["limits"] // the form is counted
			if changed := app.ChangedTables(before); len(changed) > 0 {
				t.Errorf("%v have changed", changed)
			}
		})
	}
}

// An attacker's change that waits while the owner ends the stolen session is none, whatever it is.
func TestItem31AChangeThatIsOvertakenByTheEndOfItsSessionIsNone(t *testing.T) {
	for path, form := range protected() {
		t.Run(path, func(t *testing.T) {
			app := apptest.New(t)
			ada := app.LoggedIn("ada@example.com")
			fields := form(ada)
			app.WaitForMail()
			before := app.Tables()
			app.Overtake(func() {
				if page, err := ada.Try(http.MethodPost, path, fields); err != nil || page.Header.Get("Location") != "/login" {
					t.Errorf("it is answered %v, %v", page, err)
				}
			}, func(tx *gorm.DB) error {
				return tx.Exec("UPDATE sessions SET expires_at = ?", app.Clock.Now().Add(-time.Minute)).Error
			})
			for _, table := range app.ChangedTables(before) {
				if table != "sessions" && table != "limits" {
					t.Errorf("%s has changed", table)
				}
			}
		})
	}
}
