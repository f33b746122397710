package e2e

import (
	"net/http"
	"testing"

	"example.com/gatehouse/mail/mailtest"
)

// messageTo returns the next mail to another address of the user.
func (p *person) messageTo(email, subject string) mailtest.Message {
	p.t.Helper()
	present := p.email
	defer func() { p.email = present }()
	p.email = email
	return p.message(subject)
}

// asksFor submits the form for another address.
func (p *person) asksFor(email string) *person {
	p.t.Helper()
	return p.open("/account/email").fill("New email", email).press("Change email").at("/account/email",
		http.StatusOK).sees(email, "Waiting")
}

// emailChangeViews are the pages of changing an address.
func emailChangeViews(t *testing.T) []view {
	s := startWithMail(t, "RATE_LIMIT=off")
	ada, eve := s.visit(t, "Ada Lovelace").joins(), s.visit(t, "Eve")
	const next = "ada@example.org"
	return []view{
		{"email", "/account/email", 200, ada, opens("/account/email")},
		{"email-wrong", "/account/email", 422, ada,
			func(p *person) { p.open("/account/email").fill("New email", "nowhere").press("Change email") }},
		{"email-waiting", "/account/email", 200, ada, func(p *person) { p.asksFor(next) }},
		{"email-confirm-new", "/email/change", 200, ada, func(p *person) { p.open(p.messageTo(next, "Confirm").Link) }},
		{"email-half-way", "/account/email", 200, ada, func(p *person) { p.press("Confirm new email") }},
		{"email-approve", "/email/change", 200, ada, func(p *person) { p.open(p.message("Approve").Link) }},
		{"email-changed", "/account/email", 200, ada, func(p *person) { p.press("Approve the new email") }},
		{"email-undo", "/email/undo", 200, eve, func(p *person) { p.open(ada.message("was changed").Link) }},
		{"email-undo-dead", "/email/undo", 410, eve, opens("/email/undo?token=gone")},
		{"email-change-dead", "/email/change", 410, eve, opens("/email/change?token=gone")},
	}
}

func TestEmailChange_CanBeUndone(t *testing.T) {
	for _, scripts := range []bool{true, false} {
		s := startWithMail(t)
		ada, owner := s.visit(t, "Ada Lovelace").joins(), s.visit(t, "Ada Lovelace")
		if !scripts {
			ada.withoutScripts()
			owner.withoutScripts()
		}
		const next = "ada@example.org"
		ada.open("/account").press("Change email").at("/account/email", http.StatusOK)
		ada.asksFor(next)
		owner.open(ada.messageTo(next, "Confirm").Link).press("Confirm new email").at("/login", http.StatusOK)
		ada.open(ada.message("Approve").Link).sees(next, ada.email).press("Approve the new email").at("/account/email",
			http.StatusOK).sees(next)
		undo := ada.message("was changed").Link
		ada.messageTo(next, "has this address now")
		owner.email = next
		owner.logIn().at("/dashboard", http.StatusOK)

		owner.open(undo).press("Undo the change").at("/login/password", http.StatusOK)
		owner.email, owner.password = ada.email, "quiet rivers carry paper boats"
		owner.fill("New password", owner.password).press("Set new password").at("/login", http.StatusOK)
		ada.open("/dashboard").at("/login", http.StatusOK)
		owner.logIn().at("/dashboard", http.StatusOK)
	}
}

// An operator moves the account of a user who has lost the mailbox.
func TestUserMove_MovesTheAccount(t *testing.T) {
	for _, scripts := range []bool{true, false} {
		s := startWithMail(t)
		ada := s.visit(t, "Ada Lovelace").joins()
		if !scripts {
			ada.withoutScripts()
		}
		const next = "ada@example.org"
		s.runs(t, "user", "move", ada.email, next)
		ada.press("Log out").open(ada.messageTo(next,
			"Confirm").Link).press("Confirm new email").at("/login", http.StatusOK)
		ada.message("was changed")
		ada.email = next
		ada.logIn().at("/dashboard", http.StatusOK)
	}
}

func TestEmailChange_IsStoppedByItsOwner(t *testing.T) {
	for _, scripts := range []bool{true, false} {
		s := startWithMail(t)
		ada, thief := s.visit(t, "Ada Lovelace").joins(), s.visit(t, "Ada Lovelace")
		if !scripts {
			ada.withoutScripts()
		}
		thief.logIn().asksFor("thief@example.org")
		ada.open(ada.message("Approve").Link).press("Not me: lock everybody out").at("/login/password", http.StatusOK)
		thief.open("/dashboard").at("/login", http.StatusOK)
		thief.open(thief.messageTo("thief@example.org", "Confirm").Link).at("/email/change", http.StatusGone)
		ada.password = "quiet rivers carry paper boats"
		ada.fill("New password", ada.password).press("Set new password").at("/login", http.StatusOK)
		ada.logIn().at("/dashboard", http.StatusOK)
	}
}
