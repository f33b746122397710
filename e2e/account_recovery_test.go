package e2e

import "testing"

// accountRecoveryViews are the pages that the mail of user recover leads to.
func accountRecoveryViews(t *testing.T) []view {
	s := startWithMail(t, "RATE_LIMIT=off")
	ada := s.visit(t, "Ada Lovelace")
	return []view{
		{"account-recovery", "/account-recovery", 200, ada, s.recovers}, // feature:totp
		{"account-recovery-dead", "/account-recovery", 410, ada, opens("/account-recovery?token=gone")},
	}
}
