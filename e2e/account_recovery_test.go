package e2e

import (
	"net/http"
	"testing"
)

// accountRecoveryViews are the pages behind the mail of user recover.
func accountRecoveryViews(t *testing.T) []view {
	s := startWithMail(t, "RATE_LIMIT=off")
	ada := s.visit(t, "Ada Lovelace")
	return []view{
		{"account-recovery", "/account-recovery", 200, ada, s.recovers}, // feature:totp
		{"account-recovery-dead", "/account-recovery", 410, ada, opens("/account-recovery?token=gone")},
	}
}

// A user who has lost the app recovers the account by the operator's mail. // feature:totp
func TestAccountRecovery_ReplacesALostApp(t *testing.T) { // feature:totp
	for _, scripts := range []bool{true, false} { // feature:totp
		s := startWithMail(t)             // feature:totp
		ada := s.visit(t, "Ada Lovelace") // feature:totp
		if !scripts {                     // feature:totp
			ada.withoutScripts() // feature:totp
		} // feature:totp
		s.recovers(ada)                                                                   // feature:totp
		ada.sees(ada.email).press("Remove my second factors").at("/login", http.StatusOK) // feature:totp
		ada.message("security")                                                           // feature:totp
		ada.logIn().at("/dashboard", http.StatusOK).open("/account/totp").sees("Set up")  // feature:totp
	} // feature:totp
} // feature:totp
