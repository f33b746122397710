package handlers_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// People click twice, and open their mail once more: a link that has done its
// work leads on. One that is unknown, replaced or old still says so.
func TestMailedLink_LeadsOnAfterItWasUsed(t *testing.T) {
	s := newStage(t)
	ada := s.visitorAs("ada@example.com")
	ada.post("/register", "name", "Ada", "email", ada.email, "password", goodPassword)
	link := ada.mail().Link
	_, token, _ := strings.Cut(link, "token=")
	page := ada.get(link)
	page.submit().redirects(t, "/dashboard")
	page.submit().redirects(t, "/login").redirects(t, "/dashboard").says(t, "Your email address is confirmed.")
	ada.get(link).redirects(t, "/login").redirects(t, "/dashboard")
	phone := s.visitor()
	phone.get(link).redirects(t, "/login").says(t, "Your email address is confirmed.")
	phone.post("/email/confirm", "token", token).redirects(t, "/login")
	if sessions := s.count("sessions", "true"); sessions != 1 {
		t.Errorf("the link has started %d sessions, want 1", sessions)
	}
	phone.get("/email/confirm?token="+strings.Repeat("A", 43)).is(t, http.StatusGone)
	phone.get("/email/confirm").is(t, http.StatusGone)
	phone.get("/password/reset?token="+token).is(t, http.StatusGone)
	s.clock.passes(7*24*time.Hour + time.Second)
	phone.get(link).is(t, http.StatusGone)
	s.cleanups()
	if left := s.count("used_links", "true"); left != 0 {
		t.Errorf("%d used links are left after the sweep, want none", left)
	}
}

// ASVS 6.3.8: a link that was replaced before it was used has done nothing.
func TestMailedLink_SaysSoWhenItWasReplaced(t *testing.T) {
	s := newStage(t)
	ada := s.visitorAs("ada@example.com")
	ada.post("/register", "name", "Ada", "email", ada.email, "password", goodPassword)
	old := ada.mail().Link
	ada.post("/register/resend").redirects(t, "/register/sent")
	ada.get(ada.mail().Link).submit().redirects(t, "/dashboard")
	s.visitor().get(old).is(t, http.StatusGone).says(t, "Log in")
}
