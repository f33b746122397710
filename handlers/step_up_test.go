package handlers_test

import (
	"net/http"
	"testing"
	"time"
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

// In the very person's other browser, at the log-in and at the proof.
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

func TestAProofThatTheEndOfTheSessionOvertakesLeadsToItsPageByTheLogIn(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	asked := ada.get("/account/prove?next=/account/sessions")
	s.clock.passes(idle)
	asked.submit("answer", goodPassword).redirects(t, "/login?next=%2Faccount%2Fsessions")
}
