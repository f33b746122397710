package handlers_test

import (
	"slices"
	"strings"
	"testing"
)

// Whoever does not accept the terms is not let in, and is not kept from what is theirs.
func TestWhoDoesNotAcceptTheTermsTakesTheirDataAlong(t *testing.T) {
	s := newStage(t, withTerms("1"))
	ada := s.owingTerms("ada@example.com")
	ada.get("/login/terms").says(t, "I do not accept", "A copy of your data")
	if files := ada.exportFrom("/login/terms/export"); !strings.Contains(files["users.json"], ada.email) {
		t.Errorf("she gets %s", files["users.json"])
	}
	if told := ada.mail(); !strings.Contains(told.Subject, "data was downloaded") || !slices.Contains(s.events(), "account.exported") {
		t.Errorf("the owner is mailed %q, and the log has %v", told.Subject, s.events())
	}
	ada.get("/dashboard").redirects(t, "/login?next=%2Fdashboard")
	for range 4 {
		ada.exportFrom("/login/terms/export")
	}
	ada.post("/login/terms/export").is(t, 429)
}
