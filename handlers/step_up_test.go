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

// Whoever has a second factor proves that one; a password that was sent with the form is not kept meanwhile.
func TestChangingThePasswordAsksForTheSecondFactorToo(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	app := ada.secondFactor()
	s.clock.passes(10 * time.Minute)
	asked := ada.post("/account/security", "current_password", goodPassword, "password", otherPassword).is(t, http.StatusUnauthorized).hides(t, otherPassword, `name="kept"`)
	asked.proves(app).redirects(t, "/account")
	ada.post("/account/prove", "factor", "password", "answer", goodPassword).is(t, 422)
	ada.post("/account/security", "current_password", goodPassword, "password", otherPassword).redirects(t, "/account/security")
}

func TestGuessingAtAFreshProofIsBounded(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	for range 5 {
		ada.post("/account/prove", "factor", "password", "answer", otherPassword).is(t, 422)
	}
	ada.post("/account/prove", "factor", "password", "answer", goodPassword).redirects(t, "/account").says(t, "too many wrong answers")
}
