package e2e

import (
	"net/http"
	"regexp"
	"testing"

	"example.com/gatehouse/mail/mailtest"
)

// mailed asks for a login by mail.
func (p *person) mailed() mailtest.Message {
	p.t.Helper()
	p.open("/login").fill("Email", p.email).press("Email me a login link").at("/login/mail/sent", http.StatusOK)
	return p.message("Log in to")
}

// code returns the code in a mail.
func code(m mailtest.Message) string {
	return regexp.MustCompile(`\b[0-9A-Z]{4}-[0-9A-Z]{4}\b`).FindString(m.Text)
}

// mailLoginViews are the pages of login by mail.
func mailLoginViews(t *testing.T) []view {
	s := startWithMail(t, "RATE_LIMIT=off")
	ada, eve := s.visit(t, "Ada Lovelace").joins().press("Log out"), s.visit(t, "Eve")
	var link string
	return []view{
		{"mail-login", "/login/mail", 200, ada, opens("/login/mail?next=/account")},
		{"mail-login-wrong", "/login/mail", 422, ada, func(p *person) {
			p.open("/login/mail").fill("Email", "nowhere").press("Email me a login link")
		}},
		{"mail-login-sent", "/login/mail/sent", 200, ada, func(p *person) { link = p.mailed().Link }},
		{"mail-login-sent-wrong", "/login/mail/sent", 422, ada,
			func(p *person) { p.fill("Code", "AAAA-AAAA").press("Log in") }},
		{"mail-login-link", "/login/mail/confirm", 200, ada, func(p *person) { p.open(link) }},
		{"mail-login-elsewhere", "/login/mail/confirm", 200, eve, func(p *person) { p.open(link) }},
		{"mail-login-dead", "/login/mail/confirm", 410, eve, opens("/login/mail/confirm?token=gone")},
	}
}

func TestMailLogin_LogsIn(t *testing.T) {
	for _, scripts := range []bool{true, false} {
		ada := startWithMail(t).visit(t, "Ada Lovelace").joins().press("Log out")
		if !scripts {
			ada.withoutScripts()
		}
		ada.open(ada.mailed().Link).at("/login/mail/confirm", http.StatusOK).sees(ada.email)
		ada.press("Log in").at("/dashboard", http.StatusOK).press("Log out")

		ada.open("/account/sessions").at("/login", http.StatusOK)
		ada.fill("Email", ada.email).press("Email me a login link").at("/login/mail/sent",
			http.StatusOK).hasFocus("textbox", "Code from the mail")
		ada.fill("Code", code(ada.message("Log in to"))).press("Log in").at("/account/sessions", http.StatusOK)
	}
}

func TestMailLogin_ExplainsItselfInAnotherBrowser(t *testing.T) {
	s := startWithMail(t)
	laptop := s.visit(t, "Ada Lovelace").joins().press("Log out")
	m := laptop.mailed()
	phone := s.visit(t, laptop.name)
	phone.open(m.Link).at("/login/mail/confirm", http.StatusOK).sees("Log in where you asked")
	laptop.fill("Code", code(m)).press("Log in").at("/dashboard", http.StatusOK)
	phone.open("/dashboard").at("/login", http.StatusOK)
}

// Users paste a code with the text around it.
func TestMailLogin_AcceptsAPastedCode(t *testing.T) {
	ada := startWithMail(t).visit(t, "Ada Lovelace").joins().press("Log out")
	ada.fill("Code", "  "+code(ada.mailed())+" ").press("Log in").at("/dashboard", http.StatusOK)
}
