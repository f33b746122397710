package handlers_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"gorm.io/gorm"
)

// Item 34: what changes how an account is protected asks for a fresh proof, and then goes through.
func TestItem34AFormThatNeedsAFreshProofGoesThroughAfterIt(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	s.visitor().post("/login", "email", ada.email, "password", goodPassword)
	s.clock.passes(10 * time.Minute)
	asked := ada.post("/account/sessions/end-others").is(t, http.StatusUnauthorized).says(t, "Is it you?")
	if s.count("sessions", "expires_at > ?", s.clock.now()) != 2 {
		t.Error("it went through without")
	}
	asked.submit("answer", otherPassword).is(t, 422).says(t, "not your password").
		submit("answer", goodPassword).redirects(t, "/account/sessions").says(t, "Every other device is logged out.")
	ada.get("/dashboard").is(t, 200)
}

// Item 30: the session's old token is dead after a fresh proof.
func TestItem30AFreshProofRenewsTheSessionsToken(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	thief := ada.twin()
	ada.post("/account/prove", "factor", "password", "answer", goodPassword).redirects(t, "/account")
	thief.get("/dashboard").is(t, 303)
	ada.get("/dashboard").is(t, 200)
}

// Whoever has a second factor proves that one; the passwords of the form wait sealed, and open nowhere else.
func TestChangingThePasswordAsksForTheSecondFactorTooAndThenGoesThrough(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	app := ada.secondFactor()
	s.clock.passes(10 * time.Minute)
	asked := ada.post("/account/security", "current_password", goodPassword, "password", otherPassword).is(t, http.StatusUnauthorized).hides(t, goodPassword, otherPassword)
	ada.post("/account/prove", "factor", "password", "answer", goodPassword).is(t, 422)
	asked.proves(app).redirects(t, "/account/security")
	s.visitor().post("/login", "email", ada.email, "password", otherPassword).redirects(t, "/login/factor")
}

// In the very person's other browser, at the login and at the proof.
func TestPasswordsThatWaitForAProofOpenInTheirSessionAlone(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	app := ada.secondFactor()
	s.clock.passes(10 * time.Minute)
	kept := attribute(ada.post("/account/security", "current_password", goodPassword, "password", otherPassword).input("kept"), "value")
	phone := s.visitor()
	asked := phone.post("/login", "email", ada.email, "password", goodPassword, "kept", kept).is(t, http.StatusUnauthorized)
	asked.proves(app, "kept", kept).redirects(t, "/dashboard")
	phone.get("/account/prove").proves(app, "kept", kept).redirects(t, "/account")
	s.visitor().post("/login", "email", ada.email, "password", goodPassword).redirects(t, "/login/factor")
}

func TestGuessingAtAFreshProofIsBounded(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	for range 5 {
		ada.post("/account/prove", "factor", "password", "answer", otherPassword).is(t, 422)
	}
	ada.post("/account/prove", "factor", "password", "answer", goodPassword).redirects(t, "/account").says(t, "too many wrong answers")
}

func TestAFormThatWaitsForAProofSurvivesWrongAnswersAndTheWaitsAfterThem(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	s.visitor().post("/login", "email", ada.email, "password", goodPassword)
	s.clock.passes(10 * time.Minute)
	asked := ada.post("/account/sessions/end-others").is(t, http.StatusUnauthorized)
	for range 2 {
		for range 5 {
			asked = asked.submit("answer", otherPassword).is(t, 422)
		}
		asked = asked.submit("answer", goodPassword).is(t, http.StatusTooManyRequests).says(t, "too many wrong answers")
		s.clock.passes(10 * time.Minute)
	}
	asked = asked.submit("answer", goodPassword).is(t, http.StatusTooManyRequests).says(t, "Try again in")
	s.clock.passes(15 * time.Minute)
	asked.submit("answer", goodPassword).redirects(t, "/account/sessions").says(t, "Every other device is logged out.")
}

func TestAProofThatTheEndOfTheSessionOvertakesLeadsToItsPageByTheLogIn(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	asked := ada.get("/account/prove?next=/account/sessions")
	s.clock.passes(idle)
	asked.submit("answer", goodPassword).redirects(t, "/login?next=%2Faccount%2Fsessions")
}

// session is the id of a new session of the person's.
func (p *person) session() (id string) {
	p.s.t.Helper()
	p.enters()
	if err := p.s.db.Raw("SELECT id FROM sessions WHERE user_id = ? ORDER BY id DESC LIMIT 1", p.user().ID).Scan(&id).Error; err != nil {
		p.s.t.Fatal(err)
	}
	return id
}

// protected are the forms that change how an account is protected, or who is in it, with what a person fills in.
func protected() map[string]func(*person) url.Values {
	return map[string]func(*person) url.Values{
		"/account/sessions/end":            func(p *person) url.Values { return url.Values{"id": {p.elsewhere().session()}} },
		"/account/sessions/end-others":     func(p *person) url.Values { p.elsewhere().enters(); return nil },
		"/account/email/cancel":            func(p *person) url.Values { p.moving("next@example.org"); return nil },
		"/account/delete":                  func(p *person) url.Values { return url.Values{"confirmation": {p.email}} },
		"/account/email":                   func(*person) url.Values { return url.Values{"email": {"thief@example.org"}} },
		"/account/export":                  func(*person) url.Values { return nil },
		"/account/totp/remove":             func(p *person) url.Values { p.authenticator(); return url.Values{"id": {p.first("authenticators")}} }, // feature:totp
		"/account/passkeys/remove":         func(p *person) url.Values { p.passkey(); return url.Values{"id": {p.first("passkeys")}} },             // feature:passkeys
		"/account/recovery-codes":          func(p *person) url.Values { p.secondFactor(); return nil },                                            // feature:recovery_codes
		"/account/trusted-devices/end":     func(p *person) url.Values { return url.Values{"id": {p.trustedDevice()}} },                            // feature:trusted_devices
		"/account/trusted-devices/end-all": func(*person) url.Values { return nil },                                                                // feature:trusted_devices
	}
}

// Items 34 and 48: a session that has proven nothing for long changes nothing of it.
func TestItem34WhatProtectsAnAccountAsksForAFreshProof(t *testing.T) {
	for path, form := range protected() {
		t.Run(path, func(t *testing.T) {
			s := newStage(t)
			ada := s.member("ada@example.com")
			fields := form(ada)
			s.mailIsSent()
			s.clock.passes(s.config.ReauthTTL)
			ada.get("/account")
			before := s.tables()
			if page, err := ada.try(http.MethodPost, path, fields); err != nil || page.status != http.StatusUnauthorized {
				t.Errorf("it is answered %v, %v", page, err)
			}
			before["limits"] = s.tables()["limits"] // the form is counted
			if changed := s.changed(before); len(changed) > 0 {
				t.Errorf("%v have changed", changed)
			}
		})
	}
}

// A thief's change that waits while the owner ends the stolen session is none, whatever it is.
func TestItem31AChangeThatIsOvertakenByTheEndOfItsSessionIsNone(t *testing.T) {
	for path, form := range protected() {
		t.Run(path, func(t *testing.T) {
			s := newStage(t)
			ada := s.member("ada@example.com")
			fields := form(ada)
			s.mailIsSent()
			before := s.tables()
			s.overtaken(func() {
				if page, err := ada.try(http.MethodPost, path, fields); err != nil || page.header.Get("Location") != "/login" {
					t.Errorf("it is answered %v, %v", page, err)
				}
			}, func(tx *gorm.DB) error {
				return tx.Exec("UPDATE sessions SET expires_at = ?", s.clock.now().Add(-time.Minute)).Error
			})
			for _, table := range s.changed(before) {
				if table != "sessions" && table != "limits" {
					t.Errorf("%s has changed", table)
				}
			}
		})
	}
}
