package handlers_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/gatehouse/mail/mailtest"
)

// logsInAnew is a login of the person's in a browser that was never seen.
func (p *person) logsInAnew() *person {
	p.s.t.Helper()
	other := p.s.visitorAs(p.email)
	other.ip = p.ip
	other.enters()
	return other
}

// alerts are the mails to the person once all are sent that are due.
func (p *person) alerts() []mailtest.Message {
	p.s.t.Helper()
	p.s.mailIsSent()
	return p.s.mailbox.To(p.email)
}

// folded is the mail of folded alerts, once its time has come.
func (p *person) folded() mailtest.Message {
	p.s.t.Helper()
	p.s.clock.passes(6 * time.Minute)
	p.s.outbox.Wake()
	return p.nextWith("More happened")
}

func (p *person) nextWith(subject string) mailtest.Message {
	p.s.t.Helper()
	for {
		if m := p.s.mailbox.Next(p.s.t, p.email); strings.Contains(m.Subject, subject) {
			return m
		}
	}
}

// ASVS 2.4.1, CPH: a strict limit on whatever sends mail. Alerts that say the
// same are folded, and none is lost.
func TestAlerts_AFloodIsFoldedIntoOneMail(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	for range 100 {
		ada.logsInAnew()
	}
	if n := len(ada.alerts()); n != 3 {
		t.Errorf("100 new devices make %d mails at once, want 3", n)
	}
	told := ada.folded()
	for _, want := range []string{"Somebody has logged in", "97 times", "Firefox on Linux", ada.ip} {
		if text := strings.Join(strings.Fields(told.Text), " "); !strings.Contains(text, want) {
			t.Errorf("the mail lacks %q:\n%s", want, told.Text)
		}
	}
	if n := len(ada.alerts()); n != 4 {
		t.Errorf("they make %d mails in all, want 4", n)
	}
	s.clock.passes(10 * time.Minute)
	ada.logsInAnew()
	if n := len(ada.alerts()); n != 5 {
		t.Errorf("a new device later on has no mail of its own")
	}
}

// An attacker cannot hide one change behind a flood of others, nor where it came
// from.
func TestAlerts_AFloodHidesNothing(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	for range 10 {
		ada.logsInAnew()
	}
	ada.post("/account/security", "current_password", goodPassword, "password", otherPassword).is(t, http.StatusSeeOther)
	if !slices.ContainsFunc(ada.alerts(), func(m mailtest.Message) bool { return strings.Contains(m.Subject, "password was changed") }) {
		t.Error("an alert of another kind was held back")
	}
	thief := s.visitorAs(ada.email)
	thief.agent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
	thief.enters()
	told := ada.folded()
	for _, want := range []string{ada.ip, thief.ip, "Chrome on macOS"} {
		if !strings.Contains(told.Text, want) {
			t.Errorf("the mail lacks %q:\n%s", want, told.Text)
		}
	}
	s.visitor().get(told.Link).is(t, 200).submit().choosesAnotherPassword(t)
	thief.get("/dashboard").is(t, http.StatusSeeOther)
}

// A reset voids the links of earlier alerts, but what was folded is still told.
func TestAlerts_AResetSilencesNothingThatIsFolded(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	for range 5 {
		ada.logsInAnew()
	}
	ada.resets(otherPassword)
	if told := ada.folded(); !strings.Contains(told.Text, "2 times") {
		t.Errorf("the mail says:\n%s", told.Text)
	}
}

// The number of mails is bounded whatever their kind and wherever they come
// from; the sentences are all told.
func TestAlerts_ToOneUserAreBoundedInAll(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	for n := range 30 {
		other := s.visitorAs(ada.email)
		other.ip = fmt.Sprintf("198.51.100.%d", n)
		other.enters()
	}
	if n := len(ada.alerts()); n != 3 {
		t.Errorf("30 addresses make %d mails at once, want 3", n)
	}
	told := ada.folded()
	for _, want := range []string{"27 times", "198.51.100.3 ", "and other places"} {
		if text := strings.Join(strings.Fields(told.Text), " "); !strings.Contains(text, want) {
			t.Errorf("the mail lacks %q:\n%s", want, told.Text)
		}
	}
}
