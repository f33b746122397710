package e2e

import "testing"

// roleViews are the pages that a role opens or changes.
func roleViews(t *testing.T) []view {
	s := startWithMail(t, "RATE_LIMIT=off")
	ada := s.visit(t, "Ada Lovelace").joins()
	s.runs(t, "user", "grant", ada.email, "admin")
	grace := s.visit(t, "Grace Hopper").joins()
	return []view{
		{"dashboard-role", "/dashboard", 200, ada, opens("/dashboard")},
		{"sign-ups", "/sign-ups", 200, ada, opens("/sign-ups")},
		{"sign-ups-refused", "/sign-ups", 403, grace, opens("/sign-ups")},
	}
}
