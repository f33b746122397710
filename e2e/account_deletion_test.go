package e2e

import (
	"net/http"
	"testing"
)

// accountDeletionViews are the pages of deleting and restoring an account.
func accountDeletionViews(t *testing.T) []view {
	ada := startWithMail(t, "RATE_LIMIT=off").visit(t, "Ada Lovelace").joins()
	var link string
	return []view{
		{"account-delete", "/account/delete", 200, ada, opens("/account/delete")},
		{"account-delete-wrong", "/account/delete", 422, ada, func(p *person) {
			p.open("/account/delete").fill("Your email address", "not this one").press("Delete my account")
		}},
		{"account-closed", "/login", 200, ada, func(p *person) {
			p.open("/account/delete").fill("Your email address", p.email).press("Delete my account")
		}},
		{"account-restore", "/account/restore", 200, ada, func(p *person) {
			link = p.message("will be deleted").Link
			p.open(link)
		}},
		{"account-restored", "/login", 200, ada, func(p *person) { p.open(link).press("Keep my account") }},
		{"account-restore-used", "/login", 200, ada, func(p *person) { p.open(link) }},
		{"account-restore-dead", "/account/restore", 410, ada, opens("/account/restore?token=gone")},
	}
}

func TestAccountDeletion_CanBeUndone(t *testing.T) {
	for _, scripts := range []bool{true, false} {
		ada := startWithMail(t).visit(t, "Ada Lovelace").joins()
		if !scripts {
			ada.withoutScripts()
		}
		ada.open("/account").press("Delete").fill("Your email address",
			ada.email).press("Delete my account").sees("Your account is closed")
		ada.open("/dashboard").at("/login", http.StatusOK)
		ada.open(ada.message("will be deleted").Link).press("Keep my account").sees("Your account is back")
		ada.logIn().at("/dashboard", http.StatusOK)
	}
}

func TestAccountDeletion_IsStoppedByItsOwner(t *testing.T) {
	for _, scripts := range []bool{true, false} {
		s := startWithMail(t)
		ada, thief := s.visit(t, "Ada Lovelace").joins(), s.visit(t, "Ada Lovelace")
		if !scripts {
			ada.withoutScripts()
		}
		thief.logIn().open("/account/delete").fill("Your email address",
			ada.email).press("Delete my account").sees("Your account is closed")
		ada.open(ada.message("will be deleted").Link).press("Not me: keep it and lock everybody out").at("/login/password", http.StatusOK)
		thief.logIn().at("/login", http.StatusUnprocessableEntity)
		ada.password = "quiet rivers carry paper boats"
		ada.fill("New password", ada.password).press("Set new password").at("/login", http.StatusOK)
		ada.logIn().at("/dashboard", http.StatusOK)
	}
}
