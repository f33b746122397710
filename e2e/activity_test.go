package e2e

import "testing"

// activityViews are the pages of an account's activity.
func activityViews(t *testing.T) []view {
	s := startWithMail(t, "RATE_LIMIT=off")
	ada := s.visit(t, "Ada Lovelace").joins()
	return []view{
		{"activity", "/account/activity", 200, ada, func(p *person) {
			eve := s.visit(t, "Eve")
			eve.open("/login").fill("Email", p.email).fill("Password", "a wrong guess").press("Log in")
			p.open("/account").fill("Name", "Ada King").press("Save").open("/account/activity")
		}},
		{"activity-refused", "/account/activity", 200, ada,
			func(p *person) { p.open("/account/activity").press("Refused") }},
		{"activity-none", "/account/activity", 200, ada, opens("/account/activity?q=steam+whistle")},
		{"activity-pages", "/account/activity", 200, ada, func(p *person) {
			for range 22 {
				p.open("/account").press("Save")
			}
			p.open("/account/activity").press("Next")
		}},
	}
}

func TestActivity_IsSearched(t *testing.T) {
	for _, scripts := range []bool{true, false} {
		ada := startWithMail(t).visit(t, "Ada Lovelace").joins()
		if !scripts {
			ada.withoutScripts()
		}
		ada.open("/account").fill("Name", "Ada King").press("Save").open("/account/activity").sees("Your name was changed", "This device")
		ada.fill("Search activity", "name was").press("Search").sees("Your name was changed")
		ada.press("Logins").sees("Nothing found")
	}
}
