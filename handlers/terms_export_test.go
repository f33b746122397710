package handlers_test

import (
	"slices"
	"strings"
	"testing"

	"example.com/gatehouse/apptest"
)

// Whoever does not accept the terms is not let in, and is not kept from what is theirs.
func TestWhoDoesNotAcceptTheTermsTakesTheirDataAlong(t *testing.T) {
	app := apptest.New(t, withTerms("1"))
	ada := atTerms(app, "ada@example.com")
	ada.Get("/login/terms").WantText(t, "I do not accept", "A copy of your data")
	if files := exportFrom(ada, "/login/terms/export"); !strings.Contains(files["users.json"], ada.Email) {
		t.Errorf("she gets %s", files["users.json"])
	}
	if told := ada.Mail(); !strings.Contains(told.Subject, "data was downloaded") || !slices.Contains(app.Events(), "account.exported") {
		t.Errorf("the owner is mailed %q, and the log has %v", told.Subject, app.Events())
	}
	ada.Get("/dashboard").WantRedirect(t, "/login?next=%2Fdashboard")
	for range 4 {
		exportFrom(ada, "/login/terms/export")
	}
	ada.Post("/login/terms/export").WantStatus(t, 429)
}
