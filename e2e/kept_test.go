package e2e

import (
	"net/http"
	"testing"
)

// endsElsewhere logs p out from p's phone, which stays logged in.
func (p *person) endsElsewhere(phone *person) *person {
	p.t.Helper()
	phone.logIn().open("/account/sessions").press("End all other sessions").at("/account/sessions", http.StatusOK)
	phone.press("Log out")
	return p
}

// isBack logs in at the page that carries the saved form, and submits the form.
func (p *person) isBack(typed string) {
	p.t.Helper()
	p.fill("Email", p.email).fill("Password", p.password).press("Log in").sees("You are back", typed)
	p.press("Send it now").at("/account", http.StatusOK).sees("Your name is saved.", typed)
}

func TestSavedForm_SurvivesAnExpiredSession(t *testing.T) {
	for _, scripts := range []bool{true, false} {
		s := startWithMail(t)
		ada, phone := s.visit(t, "Ada Lovelace"), s.visit(t, "Ada Lovelace")
		if !scripts {
			ada.withoutScripts()
		}
		ada.joins().open("/account").fill("Name", "Ada King").endsElsewhere(phone)
		ada.press("Save").at("/account", http.StatusUnauthorized).sees("what you typed is still there").hasFocus("textbox", "Email")
		ada.isBack("Ada King")
	}
}
