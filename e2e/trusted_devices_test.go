package e2e

import (
	"net/http" // feature:totp
	"testing"
)

// trustedDeviceViews are the pages of trusted devices.
func trustedDeviceViews(t *testing.T) []view {
	s := startWithMail(t, "RATE_LIMIT=off")
	ada := s.visit(t, "Ada Lovelace").joins()
	return []view{
		{"trusted-devices-none", "/account/trusted-devices", 200, ada, opens("/account/trusted-devices")},
		{"trusted-devices", "/account/trusted-devices", 200, ada, func(p *person) { // feature:totp
			phone := p.open("/account/totp/new").enrolls()   // feature:totp
			p.trusts(phone).open("/account/trusted-devices") // feature:totp
		}}, // feature:totp
		{"security-trusting", "/account/security", 200, ada, opens("/account/security")},
	}
}

// trusts logs in with the second factor and trusts the browser. // feature:totp
func (p *person) trusts(phone *app) *person { // feature:totp
	p.t.Helper()                                                                                             // feature:totp
	p.press("Log out").logIn().at("/login/factor", http.StatusOK)                                            // feature:totp
	p.toggle("Trust this device").fill("Code", phone.code()).press("Log in").at("/dashboard", http.StatusOK) // feature:totp
	p.message("security")                                                                                    // feature:totp
	return p                                                                                                 // feature:totp
} // feature:totp

func TestATrustedBrowserIsNotAskedForTheCodeUntilItIsNotTrustedAnyMore(t *testing.T) { // feature:totp
	t.Parallel()                                  // feature:totp
	for _, scripts := range []bool{true, false} { // feature:totp
		s := startWithMail(t)                            // feature:totp
		ada := s.visit(t, "Ada Lovelace").joins()        // feature:totp
		phone := ada.open("/account/totp/new").enrolls() // feature:totp
		if !scripts {                                    // feature:totp
			ada.withoutScripts() // feature:totp
		} // feature:totp
		ada.trusts(phone).press("Log out").logIn().at("/dashboard", http.StatusOK)                                            // feature:totp
		laptop := s.visit(t, ada.name)                                                                                        // feature:totp
		laptop.logIn().at("/login/factor", http.StatusOK)                                                                     // feature:totp
		ada.open("/account/trusted-devices").press("Stop trusting").sees("Is it you?")                                        // feature:totp
		ada.fill("Code", phone.code()).press("Go on").at("/account/trusted-devices", http.StatusOK).sees("No trusted device") // feature:totp
		ada.press("Log out").logIn().at("/login/factor", http.StatusOK)                                                       // feature:totp
	} // feature:totp
} // feature:totp
