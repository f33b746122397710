package handlers_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/gatehouse/apptest"
)

// People click twice, and open their mail once more: a link that has done its
// work leads on. One that is unknown, replaced or old still says so.
func TestMailedLink_LeadsOnAfterItWasUsed(t *testing.T) {
	app := apptest.New(t)
	ada := app.BrowserOf("ada@example.com")
	ada.Post("/register", "name", "Ada", "email", ada.Email, "password", apptest.Password)
	link := ada.Mail().Link
	_, token, _ := strings.Cut(link, "token=")
	page := ada.Get(link)
	page.Submit().WantRedirect(t, "/dashboard")
	page.Submit().WantRedirect(t, "/login").WantRedirect(t, "/dashboard").
		WantText(t, "Your email address is confirmed.")
	ada.Get(link).WantRedirect(t, "/login").WantRedirect(t, "/dashboard")
	phone := app.Browser()
	phone.Get(link).WantRedirect(t, "/login").WantText(t, "Your email address is confirmed.")
	phone.Post("/email/confirm", "token", token).WantRedirect(t, "/login")
	if sessions := app.Count("sessions", "true"); sessions != 1 {
		t.Errorf("the link has started %d sessions, want 1", sessions)
	}
	phone.Get("/email/confirm?token="+strings.Repeat("A", 43)).WantStatus(t, http.StatusGone)
	phone.Get("/email/confirm").WantStatus(t, http.StatusGone)
	phone.Get("/password/reset?token="+token).WantStatus(t, http.StatusGone)
	app.Clock.Advance(7*24*time.Hour + time.Second)
	phone.Get(link).WantStatus(t, http.StatusGone)
	app.CleanupAfterWeek()
	if left := app.Count("used_links", "true"); left != 0 {
		t.Errorf("%d used links are left after the sweep, want none", left)
	}
}

// ASVS 6.3.8: a link that was replaced before it was used has done nothing.
func TestMailedLink_SaysSoWhenItWasReplaced(t *testing.T) {
	app := apptest.New(t)
	ada := app.BrowserOf("ada@example.com")
	ada.Post("/register", "name", "Ada", "email", ada.Email, "password", apptest.Password)
	old := ada.Mail().Link
	ada.Post("/register/resend").WantRedirect(t, "/register/sent")
	ada.Get(ada.Mail().Link).Submit().WantRedirect(t, "/dashboard")
	app.Browser().Get(old).WantStatus(t, http.StatusGone).WantText(t, "Log in")
}
