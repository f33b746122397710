package handlers_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"example.com/gatehouse/apptest"
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
	app := apptest.New(t)
	spared := 0
	for _, route := range app.Routes {
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
	app := apptest.New(t)
	ada, bob := app.LoggedIn("ada@example.com"), app.LoggedIn("bob@example.com")
	ada.Post("/account", "name", "Ada").WantStatus(t, 303)
	app.SetHits("changes", 999)
	ada.Post("/account", "name", "Ada the last").WantStatus(t, 303)
	events := app.Count("events", "1 = 1")
	for range 3 {
		refused := ada.Post("/account", "name", "Ada one more").WantStatus(t, 429).
			WantText(t, "Wait before you send this", "Ada one more", "in 10 minutes")
		if got := refused.Header.Get("Retry-After"); got != "600" {
			t.Errorf("Retry-After: got %s, want 600", got)
		}
	}
	if got := app.Count("events", "1 = 1"); got != events {
		t.Errorf("what was refused wrote %d events", got-events)
	}
	bob.Post("/account", "name", "Bob").WantStatus(t, 303)
	ada.Get("/account").WantStatus(t, 200).WantText(t, "Ada the last")

	refused := ada.Post("/account", "name", "Ada at last").WantStatus(t, 429)
	app.Clock.Advance(10 * time.Minute)
	refused.Submit().WantStatus(t, 303)
	ada.Get("/account").WantText(t, "Ada at last")
}

// An attacker who has taken a session must not keep the owner from ending it.
func TestChanges_WhatProtectsTheAccountIsNeverRefused(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	phone := ada.OtherBrowser()
	phone.StartLogin()
	phone.Post("/account", "name", "Mallory")
	app.SetHits("changes", 1000)
	app.Exec("UPDATE limits SET open_at = ends_at WHERE id LIKE 'changes:%'")
	phone.Post("/account", "name", "Mallory").WantStatus(t, 429)
	for _, path := range protecting {
		if got := ada.Post(path); got.Status == 429 {
			t.Errorf("%s is refused", path)
		}
	}
	phone.Get("/account").WantStatus(t, 303)
	ada.Post("/account/security", "current_password", apptest.Password, "password", apptest.OtherPassword).
		WantStatus(t, 303)
	ada.Post("/logout").WantStatus(t, 303)
	ada.Get("/account").WantStatus(t, 303)
}

// What did nothing is not on record, or it could fill the disk uncounted.
func TestChanges_ProtectingTwiceIsOnRecordOnce(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	ada.OtherBrowser().StartLogin()
	ada.Post("/account/sessions/end-others").WantStatus(t, 303)
	const done = "name <> 'access.denied'" // which is on record for fifty an hour
	events := app.Count("events", done)
	for _, path := range protecting {
		ada.Post(path)
	}
	if got := app.Count("events", done); got != events {
		t.Errorf("ending nothing wrote %d events", got-events)
	}
}

func TestLogins_AreCountedForEachUser(t *testing.T) {
	app := apptest.New(t)
	laptop := app.LoggedOut("ada@example.com")
	laptop.MarkKnown()
	app.BrowserOf(laptop.Email).Login(apptest.Password).WantStatus(t, 303)
	app.SetHits("logins", 99)
	app.BrowserOf(laptop.Email).Login(apptest.Password).WantStatus(t, 303)
	sessions := app.Count("sessions", "1 = 1")
	if got := app.BrowserOf(laptop.Email).Login(apptest.Password).WantStatus(t, 429).Header.Get("Retry-After"); got != "600" {
		t.Errorf("Retry-After: got %s, want 600", got)
	}
	if got := app.Count("sessions", "1 = 1"); got != sessions {
		t.Errorf("a login over the limit made %d sessions", got-sessions)
	}
	laptop.Login(apptest.Password).WantStatus(t, 303)
}
