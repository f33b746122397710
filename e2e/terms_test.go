package e2e

import (
	"net/http"
	"testing"
)

// termsViews are the terms, and the pages that differ when there are terms to
// accept.
func termsViews(t *testing.T) []view {
	s := startWithMail(t, "RATE_LIMIT=off")
	s.visit(t, "Ada Lovelace").joins()
	first := s.again(t, "RATE_LIMIT=off", "TERMS_VERSION=2026-12-01")
	first.visit(t, "Grace Hopper").joins()
	second := s.again(t, "RATE_LIMIT=off", "TERMS_VERSION=2027-06-01")
	eve, ada, grace := s.visit(t, "Eve"), first.visit(t, "Ada Lovelace"), second.visit(t, "Grace Hopper")
	return []view{
		{"terms-none", "/terms", 200, eve, opens("/terms")},
		{"terms", "/terms", 200, ada, opens("/terms")},
		{"register-terms", "/register", 200, ada, opens("/register")},
		{"home-terms", "/", 200, ada, opens("/")},
		{"terms-accept", "/login/terms", 200, ada, func(p *person) { p.logIn() }},
		{"terms-declined", "/login/terms", 200, ada, func(p *person) { p.toggle("I do not accept") }},
		{"terms-delete", "/login/terms/delete", 200, ada, opens("/login/terms/delete")},
		{"terms-back", "/login/terms", 200, ada, func(p *person) { p.press("Keep it") }},
		{"terms-accepted", "/dashboard", 200, ada, func(p *person) { p.press("Accept and continue") }},
		{"terms-changed", "/login/terms", 200, grace, func(p *person) { p.logIn() }},
		{"terms-meanwhile", "/login/terms", 422, grace, func(p *person) {
			evaluate[bool](p, `document.querySelector("[name=version]").value = "2026-12-01", true`)
			p.press("Accept and continue")
		}},
	}
}

// again runs a second program on the same folder and mail server, with other
// settings.
func (s *site) again(t *testing.T, settings ...string) *site {
	t.Helper()
	other := startIn(t, s.dir, append(settings, "SMTP_URL="+s.mail.URL().String())...)
	other.mail = s.mail
	return other
}

func TestTerms_AreAcceptedAtTheNextLogin(t *testing.T) {
	for _, scripts := range []bool{true, false} {
		s := startWithMail(t, "TERMS_VERSION=2026-12-01")
		ada := s.visit(t, "Ada Lovelace")
		ada.open("/register").sees("By creating an account you accept the terms").joins().press("Log out").logIn().at("/dashboard", http.StatusOK)
		ada = s.again(t, "TERMS_VERSION=2027-06-01").visit(t, ada.name)
		if !scripts {
			ada.withoutScripts()
		}
		ada.open("/account/sessions").at("/login", http.StatusOK)
		ada.fill("Email", ada.email).fill("Password", ada.password).press("Log in").at("/login/terms", http.StatusOK)
		ada.sees("Version 2027-06-01 replaces version 2026-12-01").open("/dashboard").at("/login", http.StatusOK)
		ada.open("/terms").at("/terms", http.StatusOK).sees("Version 2027-06-01").open("/login/terms?next=/account/sessions")
		ada.press("Accept and continue").at("/account/sessions", http.StatusOK)
		ada.press("Log out").logIn().at("/dashboard", http.StatusOK)
	}
}
