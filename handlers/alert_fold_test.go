package handlers_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/mail/mailtest"
)

// loginFromNewDevice is a login of the user's in a browser that was never seen.
func loginFromNewDevice(b *apptest.Browser) *apptest.Browser {
	b.App.T.Helper()
	other := b.App.BrowserOf(b.Email)
	other.IP = b.IP
	other.StartLogin()
	return other
}

// alertMails are the mails to the user once all are sent that are due.
func alertMails(b *apptest.Browser) []mailtest.Message {
	b.App.T.Helper()
	b.App.WaitForMail()
	return b.App.Mailbox.To(b.Email)
}

// foldedMail is the mail of folded alerts, once its time has come.
func foldedMail(b *apptest.Browser) mailtest.Message {
	b.App.T.Helper()
	b.App.Clock.Advance(6 * time.Minute)
	b.App.Outbox.Wake()
	return mailWith(b, "More happened")
}

func mailWith(b *apptest.Browser, subject string) mailtest.Message {
	b.App.T.Helper()
	for {
		if m := b.App.Mailbox.Next(b.App.T, b.Email); strings.Contains(m.Subject, subject) {
			return m
		}
	}
}

// ASVS 2.4.1, CPH: a strict limit on whatever sends mail. Alerts that say the
// same are folded, and none is lost.
func TestAlerts_AFloodIsFoldedIntoOneMail(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	for range 100 {
		loginFromNewDevice(ada)
	}
	if n := len(alertMails(ada)); n != 3 {
		t.Errorf("100 new devices make %d mails at once, want 3", n)
	}
	told := foldedMail(ada)
	for _, want := range []string{"Somebody has logged in", "97 times", "Firefox on Linux", ada.IP} {
		if text := strings.Join(strings.Fields(told.Text), " "); !strings.Contains(text, want) {
			t.Errorf("the mail lacks %q:\n%s", want, told.Text)
		}
	}
	if n := len(alertMails(ada)); n != 4 {
		t.Errorf("they make %d mails in all, want 4", n)
	}
	app.Clock.Advance(10 * time.Minute)
	loginFromNewDevice(ada)
	if n := len(alertMails(ada)); n != 5 {
		t.Errorf("a new device later on has no mail of its own")
	}
}

// An attacker cannot hide one change behind a flood of others, nor where it came
// from.
func TestAlerts_AFloodHidesNothing(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	for range 10 {
		loginFromNewDevice(ada)
	}
	ada.Post("/account/security", "current_password", apptest.Password, "password", apptest.OtherPassword).
		WantStatus(t, http.StatusSeeOther)
	if !slices.ContainsFunc(alertMails(ada), func(m mailtest.Message) bool { return strings.Contains(m.Subject, "password was changed") }) {
		t.Error("an alert of another kind was held back")
	}
	attacker := app.BrowserOf(ada.Email)
	attacker.UserAgent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
	attacker.StartLogin()
	told := foldedMail(ada)
	for _, want := range []string{ada.IP, attacker.IP, "Chrome on macOS"} {
		if !strings.Contains(told.Text, want) {
			t.Errorf("the mail lacks %q:\n%s", want, told.Text)
		}
	}
	app.Browser().Get(told.Link).WantStatus(t, 200).Submit().ChooseOtherPassword(t)
	attacker.Get("/dashboard").WantStatus(t, http.StatusSeeOther)
}

// A reset voids the links of earlier alerts, but what was folded is still told.
func TestAlerts_AResetSilencesNothingThatIsFolded(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	for range 5 {
		loginFromNewDevice(ada)
	}
	ada.ResetPassword(apptest.OtherPassword)
	if told := foldedMail(ada); !strings.Contains(told.Text, "2 times") {
		t.Errorf("the mail says:\n%s", told.Text)
	}
}

// The number of mails is bounded whatever their kind and wherever they come
// from; the sentences are all told.
func TestAlerts_ToOneUserAreBoundedInAll(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	for n := range 30 {
		other := app.BrowserOf(ada.Email)
		other.IP = fmt.Sprintf("198.51.100.%d", n)
		other.StartLogin()
	}
	if n := len(alertMails(ada)); n != 3 {
		t.Errorf("30 addresses make %d mails at once, want 3", n)
	}
	told := foldedMail(ada)
	for _, want := range []string{"27 times", "198.51.100.3 ", "and other places"} {
		if text := strings.Join(strings.Fields(told.Text), " "); !strings.Contains(text, want) {
			t.Errorf("the mail lacks %q:\n%s", want, told.Text)
		}
	}
}
