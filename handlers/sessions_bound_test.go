package handlers_test

import (
	"testing"
	"time"

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/auth"
	"example.com/gatehouse/models"
)

// ASVS 2.4.1: an attacker who knows the password floods logins.
func TestLogin_FloodLeavesUsedSessions(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	app.Clock.Advance(2 * time.Minute)
	ada.Get("/dashboard").WantStatus(t, 200)
	var last *apptest.Browser
	for range auth.MaxSessions + 20 {
		last = app.BrowserOf(ada.Email)
		last.StartLogin()
	}
	if got := app.Count("sessions", "1 = 1"); got != auth.MaxSessions {
		t.Errorf("got %d sessions, want %d", got, auth.MaxSessions)
	}
	ada.Get("/dashboard").WantStatus(t, 200)
	last.Get("/dashboard").WantStatus(t, 200)
	if got := app.Count("events", "name = 'session.ended' AND detail LIKE '%excess%'"); got != 21 {
		t.Errorf("got %d sessions ended on record, want 21", got)
	}
}

func TestLogin_EndedSessionsMakeRoomFirst(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	for range auth.MaxSessions {
		ada.OtherBrowser().StartLogin()
	}
	app.Exec("UPDATE sessions SET last_seen_at = ?", app.Clock.Now().Add(time.Minute)) // each was used
	app.Clock.Advance(2 * app.Config.SessionIdle)
	tablet, phone := ada.OtherBrowser(), ada.OtherBrowser()
	tablet.StartLogin()
	phone.StartLogin()
	tablet.Get("/dashboard").WantStatus(t, 200)
	phone.Get("/dashboard").WantStatus(t, 200)
	if got := app.Count("events", "name = 'session.ended'"); got != 0 {
		t.Errorf("%d sessions that had ended are on record as ended", got)
	}
}

func TestLogin_FloodLeavesKnownDevices(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	owners := app.Rows("known_devices", "1 = 1")
	for range models.MaxKnownDevices {
		ada.OtherBrowser().MarkKnown()
	}
	for range 3 {
		ada.OtherBrowser().StartLogin()
		if got := app.Count("known_devices", "1 = 1"); got != models.MaxKnownDevices {
			t.Errorf("got %d known devices, want %d", got, models.MaxKnownDevices)
		}
	}
	first := models.KnownDevice{}
	if err := app.DB.Order("created_at").First(&first).Error; err != nil {
		t.Fatal(err)
	}
	if got := app.Rows("known_devices", "id = ?", first.ID); got != owners {
		t.Errorf("the flood left\n%swant\n%s", got, owners)
	}
	if err := models.VoidDevices(app.DB, ada.User().ID, app.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	ada.OtherBrowser().MarkKnown()
	if err := models.VoidDevices(app.DB, ada.User().ID, app.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	if got := app.Count("known_devices", "1 = 1"); got != models.MaxKnownDevices {
		t.Errorf("got %d devices, want the %d that were seen last", got, models.MaxKnownDevices)
	}
}
