package handlers_test

import (
	"testing"
	"time"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/models"
)

// ASVS 2.4.1: an attacker who knows the password floods logins.
func TestLogin_FloodLeavesUsedSessions(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	s.clock.passes(2 * time.Minute)
	ada.get("/dashboard").is(t, 200)
	var last *person
	for range auth.MaxSessions + 20 {
		last = s.visitorAs(ada.email)
		last.enters()
	}
	if got := s.count("sessions", "1 = 1"); got != auth.MaxSessions {
		t.Errorf("got %d sessions, want %d", got, auth.MaxSessions)
	}
	ada.get("/dashboard").is(t, 200)
	last.get("/dashboard").is(t, 200)
	if got := s.count("events", "name = 'session.ended' AND detail LIKE '%excess%'"); got != 21 {
		t.Errorf("got %d sessions ended on record, want 21", got)
	}
}

func TestLogin_EndedSessionsMakeRoomFirst(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	for range auth.MaxSessions {
		ada.elsewhere().enters()
	}
	s.exec("UPDATE sessions SET last_seen_at = ?", s.clock.now().Add(time.Minute)) // each was used
	s.clock.passes(2 * idle)
	tablet, phone := ada.elsewhere(), ada.elsewhere()
	tablet.enters()
	phone.enters()
	tablet.get("/dashboard").is(t, 200)
	phone.get("/dashboard").is(t, 200)
	if got := s.count("events", "name = 'session.ended'"); got != 0 {
		t.Errorf("%d sessions that had ended are on record as ended", got)
	}
}

func TestLogin_FloodLeavesKnownDevices(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	owners := s.rows("known_devices", "1 = 1")
	for range models.MaxKnownDevices {
		ada.elsewhere().hasBeenHere()
	}
	for range 3 {
		ada.elsewhere().enters()
		if got := s.count("known_devices", "1 = 1"); got != models.MaxKnownDevices {
			t.Errorf("got %d known devices, want %d", got, models.MaxKnownDevices)
		}
	}
	first := models.KnownDevice{}
	if err := s.db.Order("created_at").First(&first).Error; err != nil {
		t.Fatal(err)
	}
	if got := s.rows("known_devices", "id = ?", first.ID); got != owners {
		t.Errorf("the flood left\n%swant\n%s", got, owners)
	}
	if err := models.VoidDevices(s.db, ada.user().ID, s.clock.now()); err != nil {
		t.Fatal(err)
	}
	ada.elsewhere().hasBeenHere()
	if err := models.VoidDevices(s.db, ada.user().ID, s.clock.now()); err != nil {
		t.Fatal(err)
	}
	if got := s.count("known_devices", "1 = 1"); got != models.MaxKnownDevices {
		t.Errorf("got %d devices, want the %d that were seen last", got, models.MaxKnownDevices)
	}
}
