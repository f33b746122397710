package handlers_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"example.com/gatehouse/auth/limit"
)

// protecting are the forms that are not counted as changes: an attacker who is
// in an account must not be able to get them refused.
var protecting = []string{
	"/account/security", "/account/prove", "/account/sessions/end", "/account/sessions/end-others",
	"/account/prove/options", "/account/passkeys/remove", // feature:passkeys
	"/account/email/cancel",
	"/account/totp/remove",                                             // feature:totp
	"/account/trusted-devices/end", "/account/trusted-devices/end-all", // feature:trusted_devices
}

func countsChanges(limits []limit.Limit) bool {
	return slices.ContainsFunc(limits, func(l limit.Limit) bool { return l.Name == "changes" })
}

// ASVS 2.4.1: one account cannot fill the disk by sending forms.
func TestLaw_EveryFormOfAUserIsCountedUnlessItProtects(t *testing.T) {
	s := newStage(t)
	spared := 0
	for _, route := range s.routes {
		if route.Guard != "logged in" || route.Method != http.MethodPost {
			continue
		}
		protects := slices.Contains(protecting, route.Path)
		if protects {
			spared++
		}
		if got := countsChanges(route.Limits); got == protects {
			t.Errorf("%s counts as a change: %v, want %v", route.Path, got, !protects)
		}
	}
	if spared != len(protecting) {
		t.Errorf("got %d of the %d forms that protect the account", spared, len(protecting))
	}
}

func TestChanges_AreRefusedOverTheLimit(t *testing.T) {
	s := newStage(t)
	ada, bob := s.member("ada@example.com"), s.member("bob@example.com")
	ada.post("/account", "name", "Ada").is(t, 303)
	s.hits("changes", 999)
	ada.post("/account", "name", "Ada the last").is(t, 303)
	events := s.count("events", "1 = 1")
	for range 3 {
		refused := ada.post("/account", "name", "Ada one more").is(t, 429).says(t, "Wait before you send this", "Ada one more", "in 10 minutes")
		if got := refused.header.Get("Retry-After"); got != "600" {
			t.Errorf("Retry-After: got %s, want 600", got)
		}
	}
	if got := s.count("events", "1 = 1"); got != events {
		t.Errorf("what was refused wrote %d events", got-events)
	}
	bob.post("/account", "name", "Bob").is(t, 303)
	ada.get("/account").is(t, 200).says(t, "Ada the last")

	refused := ada.post("/account", "name", "Ada at last").is(t, 429)
	s.clock.passes(10 * time.Minute)
	refused.submit().is(t, 303)
	ada.get("/account").says(t, "Ada at last")
}

// An attacker who has taken a session must not keep the owner from ending it.
func TestChanges_WhatProtectsTheAccountIsNeverRefused(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	phone := ada.elsewhere()
	phone.enters()
	phone.post("/account", "name", "Mallory")
	s.hits("changes", 1000)
	s.exec("UPDATE limits SET open_at = ends_at WHERE id LIKE 'changes:%'")
	phone.post("/account", "name", "Mallory").is(t, 429)
	for _, path := range protecting {
		if got := ada.post(path); got.status == 429 {
			t.Errorf("%s is refused", path)
		}
	}
	phone.get("/account").is(t, 303)
	ada.post("/account/security", "current_password", goodPassword, "password", otherPassword).is(t, 303)
	ada.post("/logout").is(t, 303)
	ada.get("/account").is(t, 303)
}

// What did nothing is not on record, or it could fill the disk uncounted.
func TestChanges_ProtectingTwiceIsOnRecordOnce(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.elsewhere().enters()
	ada.post("/account/sessions/end-others").is(t, 303)
	const done = "name <> 'access.denied'" // which is on record for fifty an hour
	events := s.count("events", done)
	for _, path := range protecting {
		ada.post(path)
	}
	if got := s.count("events", done); got != events {
		t.Errorf("ending nothing wrote %d events", got-events)
	}
}

func TestLogins_AreCountedForEachUser(t *testing.T) {
	s := newStage(t)
	laptop := s.user("ada@example.com")
	laptop.hasBeenHere()
	s.visitorAs(laptop.email).login(goodPassword).is(t, 303)
	s.hits("logins", 99)
	s.visitorAs(laptop.email).login(goodPassword).is(t, 303)
	sessions := s.count("sessions", "1 = 1")
	if got := s.visitorAs(laptop.email).login(goodPassword).is(t, 429).header.Get("Retry-After"); got != "600" {
		t.Errorf("Retry-After: got %s, want 600", got)
	}
	if got := s.count("sessions", "1 = 1"); got != sessions {
		t.Errorf("a login over the limit made %d sessions", got-sessions)
	}
	laptop.login(goodPassword).is(t, 303)
}
