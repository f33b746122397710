package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/auth/hash"
	"example.com/gatehouse/config"
)

// hasPassword gives the person a password past the rules, as an import does.
func (p *person) hasPassword(password string) {
	p.s.t.Helper()
	hash, err := hash.New(hash.Cheap, 1, 1).Hash(p.s.t.Context(), password)
	if err != nil {
		p.s.t.Fatal(err)
	}
	p.s.exec("UPDATE users SET password_hash = ? WHERE email = ?", hash, p.email)
}

// A password that could not be chosen any more lets nobody in before there is another.
func TestAPasswordThatNoLongerMeetsTheRulesIsReplacedAtTheLogIn(t *testing.T) {
	s := newStage(t, func(c *config.Config) { c.PasswordMin = 20 })
	ada := s.user("ada@example.com")
	for _, weak := range []string{"passwordpassword1234", "nine lamps hum"} {
		ada.hasPassword(weak)
		ada.get("/account/sessions").redirects(t, "/login?next=%2Faccount%2Fsessions")
		asked := ada.post("/login", "email", ada.email, "password", weak, "next", "/account/sessions").
			redirects(t, "/login/password?next=%2Faccount%2Fsessions").says(t, "no longer meets the rules")
		ada.get("/dashboard").is(t, 303)
		asked.submit("password", weak).is(t, 422)
		asked.submit("password", goodPassword).redirects(t, "/account/sessions")
		if told := ada.mail(); !strings.Contains(told.Subject, "password was changed") {
			t.Errorf("the owner is told %q", told.Subject)
		}
		ada.post("/logout")
		ada.login(weak).is(t, 422)
		ada.login(goodPassword).redirects(t, "/dashboard")
		ada.post("/logout")
	}
}

// Item 46: what is owed is owed on every way in, and a wrong password tells nothing of it.
func TestItem46ANewPasswordIsOwedUntilItIsThere(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	ada.hasPassword("ada1815ada1815ada")
	ada.login("ada1815ada1815adb").is(t, 422)
	ada.login("ada1815ada1815ada").redirects(t, "/login/password")
	if _, err := s.auth.Login(t.Context(), ada.user(), auth.Authentication{Method: "somehow"}, auth.Browser{}, auth.Client{}); err != nil {
		t.Fatal(err)
	}
	if n := s.count("sessions", "1=1"); n != 0 {
		t.Errorf("there are %d sessions", n)
	}
}

// The second factor comes first: who only knows the password chooses no other.
func TestTheSecondFactorComesBeforeTheNewPassword(t *testing.T) {
	s := newStage(t)
	ada, app := s.owing("ada@example.com")
	ada.hasPassword("ada1815ada1815ada")
	ada.login("ada1815ada1815ada").redirects(t, "/login/factor")
	ada.post("/login/password", "password", otherPassword).redirects(t, "/login")
	asked := ada.login("ada1815ada1815ada").redirects(t, "/login/factor")
	asked.proves(app).redirects(t, "/login/password").submit("password", otherPassword).redirects(t, "/dashboard")
}

// Whoever runs the application has a password replaced, without seeing or setting one.
func TestAnExpiredPasswordIsReplacedByMailAlone(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	if err := s.auth.ExpirePassword(t.Context(), " Ada@Example.com "); err != nil {
		t.Fatal(err)
	}
	told := ada.mail()
	if !strings.Contains(told.Subject, "Choose a new password") {
		t.Errorf("she is mailed %q", told.Subject)
	}
	ada.get("/dashboard").redirects(t, "/login?next=%2Fdashboard")
	ada.elsewhere().login(goodPassword).is(t, 422) // whoever else knows it is not the one to choose
	ada.get(told.Link).submit("email", ada.email)
	ada.get(ada.mail().Link).submit("password", otherPassword).redirects(t, "/login")
	ada.login(otherPassword).redirects(t, "/dashboard")
	s.records("password.expired")
}

// Since when a locked account was not its owner's is what tells the owner's factors from a thief's.
func TestAnAccountThatIsLockedIsNotLockedAnew(t *testing.T) {
	s := newStage(t)
	ada := s.alerted("ada@example.com")
	ada.get(ada.mail().Link).submit().redirects(t, "/login/password")
	since := ada.user().PasswordDueAt
	s.clock.passes(time.Hour)
	if err := s.auth.ExpirePassword(t.Context(), ada.email); err != nil {
		t.Fatal(err)
	}
	if now := ada.user().PasswordDueAt; since == nil || now == nil || !now.Equal(*since) {
		t.Errorf("it is locked since %v, and was since %v", now, since)
	}
}

func TestWhatSomebodyWasSendingSurvivesThatTheirAccountChanges(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.hasPassword("short")
	owed := ada.isAway().submit("email", ada.email, "password", "short").is(t, 401)
	fields := url.Values{"password": {otherPassword}, "kept": {attribute(owed.input("kept"), "value")}}
	hash, err := goodHash()
	if err != nil {
		t.Fatal(err)
	}
	var again *page
	s.overtaken(func() {
		var err error
		if again, err = ada.try(http.MethodPost, "/login/password", fields); err != nil {
			t.Error(err)
		}
	}, func(tx *gorm.DB) error {
		return tx.Exec("UPDATE users SET password_hash = ?, password_due_at = NULL", hash).Error
	})
	again.is(t, 422).says(t, "just changed", "still there").submit("email", ada.email, "password", goodPassword).is(t, 200).says(t, "You are back", "Ada Lovelace")
}

// Item 67: a new password whose sending began before the owner set up a second factor is none after it.
func TestItem67AnOwedPasswordHeldBackIsNoWayRoundASecondFactor(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	s.exec("UPDATE users SET password_due_at = ?", s.clock.now())
	thief := ada.elsewhere()
	thief.login(goodPassword).redirects(t, "/login/password")
	finish := thief.sending("/login/password", "password", "the thief chose this one")
	ada.secondFactor()
	finish().redirects(t, "/login")
	ada.get("/dashboard").is(t, 200)
	if n := s.count("events", "name = 'password.changed'"); n != 0 {
		t.Error("the thief has changed the password")
	}
}

// An account that is locked already is rid of whoever has not finished logging in, and stays locked since when it was.
func TestAPasswordIsMadeVoidOnceMore(t *testing.T) {
	s := newStage(t)
	ada := s.alerted("ada@example.com")
	asked := ada.elsewhere().get(ada.mail().Link).submit().redirects(t, "/login/password")
	since := ada.user().PasswordDueAt
	if err := s.auth.ExpirePassword(t.Context(), ada.email); err != nil {
		t.Fatal(err)
	}
	asked.submit("password", goodPassword).redirects(t, "/login")
	if due := ada.user().PasswordDueAt; due == nil || !due.Equal(*since) || s.count("events", "name = 'password.reset'") != 0 {
		t.Errorf("it is locked since %v, and was since %v", due, since)
	}
}

// Item 7: wherever a password is chosen it is none that is about its owner, or the application.
func TestItem7APasswordIsNotAboutItsOwnerOrTheApplication(t *testing.T) {
	for _, password := range []string{"ada lovelace lovelace ada", "ada.byron@example.com!", "boathouse boathouse 2026"} {
		for how, chooses := range map[string]func(s *stage, p *person) *page{
			"sign-up": func(s *stage, _ *person) *page {
				return s.visitor().post("/register", "name", "Ada Lovelace", "email", "ada.byron@example.com", "password", password)
			},
			"change": func(_ *stage, p *person) *page {
				return p.post("/account/security", "current_password", goodPassword, "password", password)
			},
			"reset": func(_ *stage, p *person) *page {
				p.post("/password/forgot", "email", p.email)
				return p.get(p.mail().Link).submit("password", password)
			},
			"what is owed": func(s *stage, p *person) *page {
				s.exec("UPDATE users SET password_due_at = ?", s.clock.now())
				return p.elsewhere().login(goodPassword).redirects(s.t, "/login/password").submit("password", password)
			},
		} {
			t.Run(how+" "+password, func(t *testing.T) {
				s := newStage(t, named("The Boathouse"))
				ada := s.member("ada.byron@example.com")
				s.exec("UPDATE users SET name = 'Ada Lovelace'")
				chooses(s, ada).is(t, http.StatusUnprocessableEntity).says(t, "your name, your email address or the name of this site")
			})
		}
	}
}
