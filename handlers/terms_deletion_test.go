package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/config"
)

func TestWhoDoesNotAcceptTheTermsDeletesTheirAccount(t *testing.T) {
	s := newStage(t, withTerms("1"))
	ada := s.owingTerms("ada@example.com")
	ada.get("/login/terms").says(t, "I do not accept", "Delete your account")
	page := ada.get("/login/terms/delete").is(t, 200)
	page.submit("confirmation", "delete").is(t, 422).says(t, "Type your address, ada@example.com")
	page.submit("confirmation", ada.email).redirects(t, "/login").says(t, "Your account is closed")
	ada.get("/login/terms").redirects(t, "/login")
	s.visitor().get(ada.mail().Link).submit().redirects(t, "/login")
	ada.login(goodPassword).redirects(t, "/login/terms")
	page.submit("confirmation", ada.email).redirects(t, "/login").says(t, "Your account is closed")
	s.cleanups()
	if n := s.count("users", "true"); n != 0 {
		t.Errorf("there are still %d users", n)
	}
}

// Item 34: what was proven too long ago deletes nothing.
func TestItem34WhoLeavesWithoutTheTermsHasJustProvenWhoTheyAre(t *testing.T) {
	s := newStage(t, withTerms("1"), func(c *config.Config) { c.ReauthTTL = 5 * time.Minute })
	ada := s.owingTerms("ada@example.com")
	s.clock.passes(5 * time.Minute)
	ada.twin().get("/login/terms/delete").redirects(t, "/login").says(t, "show once more who you are")
	ada.twin().post("/login/terms/export").redirects(t, "/login").says(t, "show once more who you are")
	ada.post("/login/terms/delete", "confirmation", ada.email).redirects(t, "/login").says(t, "show once more who you are")
	if n := s.count("account_deletions", "true"); n != 0 {
		t.Error("the account is closed")
	}
	ada.login(goodPassword).redirects(t, "/login/terms")
	ada.get("/login/terms/delete").submit("confirmation", ada.email).redirects(t, "/login").says(t, "Your account is closed")
}

// Items 34 and 46: a trusted device stands in for the second factor, but not where somebody leaves for good. // feature:trusted_devices
func TestItem34NobodyLeavesWithoutTheTermsByATrustedDeviceAlone(t *testing.T) { // feature:trusted_devices
	s := newStage(t, withTerms("1"))                                                                                          // feature:trusted_devices
	ada, factor := s.owing("ada@example.com")                                                                                 // feature:trusted_devices
	ada.get("/login/factor").proves(factor, "trust", "true").redirects(t, "/dashboard")                                       // feature:trusted_devices
	ada.post("/logout")                                                                                                       // feature:trusted_devices
	s.becomes("2")                                                                                                            // feature:trusted_devices
	ada.login(goodPassword).redirects(t, "/login/terms")                                                                      // feature:trusted_devices
	ada.post("/login/terms/delete", "confirmation", ada.email).redirects(t, "/login").says(t, "show once more who you are")   // feature:trusted_devices
	ada.login(goodPassword).redirects(t, "/login/factor").proves(factor).redirects(t, "/login/terms")                         // feature:trusted_devices
	ada.get("/login/terms/delete").submit("confirmation", ada.email).redirects(t, "/login").says(t, "Your account is closed") // feature:trusted_devices
} // feature:trusted_devices

// Item 49: an unfinished login is worthless once the password is another, or another press has used it, in that very moment too.
func TestItem49NobodyLeavesWithoutTheTermsByASignInThatIsNoMore(t *testing.T) {
	for what, change := range map[string]string{
		"another password": "UPDATE users SET password_hash = 'another'",
		"another press":    "DELETE FROM pending_logins",
	} {
		t.Run(what, func(t *testing.T) {
			s := newStage(t, withTerms("1"))
			ada := s.owingTerms("ada@example.com")
			s.overtaken(func() {
				page, err := ada.try(http.MethodPost, "/login/terms/delete", url.Values{"confirmation": {ada.email}})
				if err != nil || page.status != 303 {
					t.Errorf("%v %v", page, err)
				}
			}, func(tx *gorm.DB) error { return tx.Exec(change).Error })
			if n := s.count("account_deletions", "true"); n != 0 {
				t.Error("the account is closed")
			}
		})
	}
}

func TestItem67FiftyWhoLeaveWithoutTheTermsAtOnceAreOne(t *testing.T) {
	s := newStage(t, withTerms("1"), noRateLimit)
	ada := s.owingTerms("ada@example.com")
	s.atOnce(50, func(int) {
		page, err := ada.twin().try(http.MethodPost, "/login/terms/delete", url.Values{"confirmation": {ada.email}})
		if err != nil || page.status != 303 {
			t.Errorf("%v %v", page, err)
		}
	})
	s.mailIsSent()
	if n, mails := s.count("account_deletions", "true"), s.count("outbox", "kind = 'account_deletion'"); n != 1 || mails != 1 {
		t.Errorf("%d deletions, %d mails", n, mails)
	}
	if !strings.HasPrefix(ada.get("/dashboard").header.Get("Location"), "/login") {
		t.Error("she is in")
	}
}
