package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/apptest"
)

func TestWhoDoesNotAcceptTheTermsDeletesTheirAccount(t *testing.T) {
	app := apptest.New(t, withTerms("1"))
	ada := atTerms(app, "ada@example.com")
	ada.Get("/login/terms").WantText(t, "I do not accept", "Delete your account")
	page := ada.Get("/login/terms/delete").WantStatus(t, 200)
	page.Submit("confirmation", "delete").WantStatus(t, 422).WantText(t, "Type your address, ada@example.com")
	page.Submit("confirmation", ada.Email).WantRedirect(t, "/login").WantText(t, "Your account is closed")
	ada.Get("/login/terms").WantRedirect(t, "/login")
	app.Browser().Get(ada.Mail().Link).Submit().WantRedirect(t, "/login")
	ada.Login(apptest.Password).WantRedirect(t, "/login/terms")
	page.Submit("confirmation", ada.Email).WantRedirect(t, "/login").WantText(t, "Your account is closed")
	app.CleanupAfterWeek()
	if n := app.Count("users", "true"); n != 0 {
		t.Errorf("there are still %d users", n)
	}
}

// Item 34: what was proven too long ago deletes nothing.
func TestItem34WhoLeavesWithoutTheTermsHasJustProvenWhoTheyAre(t *testing.T) {
	app := apptest.New(t, withTerms("1"), func(app *apptest.App) { app.Config.ReauthTTL = 5 * time.Minute })
	ada := atTerms(app, "ada@example.com")
	app.Clock.Advance(5 * time.Minute)
	ada.Tab().Get("/login/terms/delete").WantRedirect(t, "/login").WantText(t, "show once more who you are")
	ada.Tab().Post("/login/terms/export").WantRedirect(t, "/login").WantText(t, "show once more who you are")
	ada.Post("/login/terms/delete", "confirmation", ada.Email).WantRedirect(t, "/login").
		WantText(t, "show once more who you are")
	if n := app.Count("account_deletions", "true"); n != 0 {
		t.Error("the account is closed")
	}
	ada.Login(apptest.Password).WantRedirect(t, "/login/terms")
	ada.Get("/login/terms/delete").Submit("confirmation", ada.Email).WantRedirect(t, "/login").
		WantText(t, "Your account is closed")
}

// Items 34 and 46: a trusted device stands in for the second factor, but not where somebody leaves for good. // feature:trusted_devices
func TestItem34NobodyLeavesWithoutTheTermsByATrustedDeviceAlone(t *testing.T) { // feature:trusted_devices
	app := apptest.New(t, withTerms("1"))                                                                                            // feature:trusted_devices
	ada, factor := atSecondFactor(app, "ada@example.com")                                                                            // feature:trusted_devices
	ada.Get("/login/factor").Answer(factor, "trust", "true").WantRedirect(t, "/dashboard")                                           // feature:trusted_devices
	ada.Post("/logout")                                                                                                              // feature:trusted_devices
	changeTerms(app, "2")                                                                                                            // feature:trusted_devices
	ada.Login(apptest.Password).WantRedirect(t, "/login/terms")                                                                      // feature:trusted_devices
	ada.Post("/login/terms/delete", "confirmation", ada.Email).WantRedirect(t, "/login").WantText(t, "show once more who you are")   // feature:trusted_devices
	ada.Login(apptest.Password).WantRedirect(t, "/login/factor").Answer(factor).WantRedirect(t, "/login/terms")                      // feature:trusted_devices
	ada.Get("/login/terms/delete").Submit("confirmation", ada.Email).WantRedirect(t, "/login").WantText(t, "Your account is closed") // feature:trusted_devices
} // feature:trusted_devices

// Item 49: an unfinished login is worthless once the password is another, or another press has used it, in that very moment too.
func TestItem49NobodyLeavesWithoutTheTermsByASignInThatIsNoMore(t *testing.T) {
	for what, change := range map[string]string{
		"another password": "UPDATE users SET password_hash = 'another'",
		"another press":    "DELETE FROM pending_logins",
	} {
		t.Run(what, func(t *testing.T) {
			app := apptest.New(t, withTerms("1"))
			ada := atTerms(app, "ada@example.com")
			app.Overtake(func() {
				page, err := ada.Try(http.MethodPost, "/login/terms/delete", url.Values{"confirmation": {ada.Email}})
				if err != nil || page.Status != 303 {
					t.Errorf("%v %v", page, err)
				}
			}, func(tx *gorm.DB) error { return tx.Exec(change).Error })
			if n := app.Count("account_deletions", "true"); n != 0 {
				t.Error("the account is closed")
			}
		})
	}
}

func TestItem67FiftyWhoLeaveWithoutTheTermsAtOnceAreOne(t *testing.T) {
	app := apptest.New(t, withTerms("1"), apptest.NoRateLimit)
	ada := atTerms(app, "ada@example.com")
	app.AtOnce(50, func(int) {
		page, err := ada.Tab().Try(http.MethodPost, "/login/terms/delete", url.Values{"confirmation": {ada.Email}})
		if err != nil || page.Status != 303 {
			t.Errorf("%v %v", page, err)
		}
	})
	app.WaitForMail()
	if n, mails := app.Count("account_deletions", "true"), app.Count("outbox", "kind = 'account_deletion'"); n != 1 || mails != 1 {
		t.Errorf("%d deletions, %d mails", n, mails)
	}
	if !strings.HasPrefix(ada.Get("/dashboard").Header.Get("Location"), "/login") {
		t.Error("she is in")
	}
}
