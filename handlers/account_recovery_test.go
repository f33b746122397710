package handlers_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/gatehouse/models"
)

// unusedRecovery is the id of a recovery that the person was offered.
func (p *person) unusedRecovery() string {
	p.s.t.Helper()
	now, id := p.s.clock.now(), uuid.NewString()
	err := p.s.db.Create(&models.AccountRecovery{ID: id, UserID: p.user().ID, TokenHash: []byte(id), CreatedAt: now, ExpiresAt: now.Add(time.Hour)}).Error
	if err != nil {
		p.s.t.Fatal(err)
	}
	return id
}

// recovery is the link that was mailed to somebody who has lost their second factor; "" where there is none to lose.
func (s *stage) recovery(t *testing.T) (link string) {
	t.Helper()
	alan := s.member("alan@example.com")
	alan.authenticator() // feature:totp
	if s.auth.OfferRecovery(t.Context(), alan.email) == nil {
		link = alan.mail().Link
	}
	return link
}

func TestWhoLostEveryFactorIsLetInThroughTheMailboxAndThePassword(t *testing.T) {
	s := newStage(t)
	ada, lost := s.owing("ada@example.com")
	if err := s.auth.OfferRecovery(t.Context(), " ADA@example.com"); err != nil {
		t.Fatal(err)
	}
	link := ada.mail().Link
	page := s.visitor().get(link).is(t, 200).says(t, "ada@example.com", "Your password stays")
	page.submit().redirects(t, "/login").says(t, "second factors are removed")
	if mail := ada.mail(); !strings.Contains(mail.Text, "Every second factor was removed") {
		t.Errorf("the owner is told %s", mail.Text)
	}
	ada.post("/login/factor", "factor", lost.factor(), "answer", lost.next()).redirects(t, "/login")
	ada.login(goodPassword).redirects(t, "/dashboard")
	s.visitor().get(link).redirects(t, "/login").says(t, "second factors are removed")
	s.records("account.recovery_offered", "account.recovered")
}

// A session that a recovery ends leaves no change of the address behind.
func TestAccountRecovery_VoidsChangeOfAddress(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.secondFactor()
	confirm, _ := ada.moving("mallory@example.com")
	if err := s.auth.OfferRecovery(t.Context(), ada.email); err != nil {
		t.Fatal(err)
	}
	ada.get(s.lastMail(ada.email).Link).submit().redirects(t, "/login")
	s.visitor().get(confirm).is(t, 410)
}

// Item 31: as with a reset, what the browser forgets the server has ended, whoever's it was.
func TestItem31ARecoveryInSomebodyElsesBrowserEndsTheirSession(t *testing.T) {
	s := newStage(t)
	ada, _ := s.owing("ada@example.com")
	bob := s.member("bob@example.com")
	stolen := bob.twin()
	if err := s.auth.OfferRecovery(t.Context(), ada.email); err != nil {
		t.Fatal(err)
	}
	bob.get(ada.mail().Link).submit().redirects(t, "/login")
	stolen.get("/dashboard").redirects(t, "/login?next=%2Fdashboard")
}

func TestARecoveryLinkWorksOnceForAnHourAndOnlyTheNewest(t *testing.T) {
	s := newStage(t)
	ada, _ := s.owing("ada@example.com")
	offer := func() string {
		if err := s.auth.OfferRecovery(t.Context(), ada.email); err != nil {
			t.Fatal(err)
		}
		return ada.mail().Link
	}
	old, link := offer(), offer()
	s.visitor().get(old).is(t, 410)
	form := s.visitor().get(link).is(t, 200)
	s.clock.passes(time.Hour)
	form.submit().is(t, 410)
	if err := s.auth.OfferRecovery(t.Context(), "nobody@example.com"); err == nil {
		t.Error("nobody is offered something")
	}
	s.user("bob@example.com")
	if err := s.auth.OfferRecovery(t.Context(), "bob@example.com"); err == nil {
		t.Error("Bob has no second factor to lose")
	}
}

// Item 21: whoever has chosen a password, or locked everybody out, has ended what somebody asked for in their name.
func TestItem21ARecoveryLinkEndsWithTheNextPassword(t *testing.T) {
	for how, ends := range map[string]func(ada *person, own factor){
		"it is changed": func(ada *person, _ factor) {
			ada.post("/account/security", "current_password", goodPassword, "password", otherPassword).is(t, 303)
		},
		"it is reset": func(ada *person, own factor) {
			ada.post("/password/forgot", "email", ada.email)
			ada.elsewhere().get(ada.mail().Link).submit().redirects(t, "/login/factor").proves(own).
				choosesAnotherPassword(t)
		},
		"everybody is locked out": func(ada *person, own factor) {
			ada.elsewhere().login(goodPassword).redirects(t, "/login/factor").proves(own).redirects(t, "/dashboard")
			ada.elsewhere().get(ada.notice().Link).submit().redirects(t, "/login/factor")
		},
	} {
		t.Run(how, func(t *testing.T) {
			s := newStage(t)
			ada := s.member("ada@example.com")
			own := ada.secondFactor()
			if err := s.auth.OfferRecovery(t.Context(), ada.email); err != nil {
				t.Fatal(err)
			}
			link := ada.mail().Link
			ends(ada, own)
			s.visitor().get(link).is(t, 410)
		})
	}
}

// Item 67: one atomic statement decides who wins.
func TestItem67FiftyRacingRecoveriesHaveOneWinner(t *testing.T) {
	s := newStage(t, noRateLimit)
	ada, _ := s.owing("ada@example.com")
	if err := s.auth.OfferRecovery(t.Context(), ada.email); err != nil {
		t.Fatal(err)
	}
	link, _ := url.Parse(ada.mail().Link)
	told := s.count("outbox", "kind = 'factor_changed'")
	s.atOnce(50, func(int) {
		s.visitor().races("/account-recovery", url.Values{"token": {link.Query().Get("token")}})
	})
	s.mailIsSent()
	done := s.count("events", "name = 'account.recovered'")
	if mails := s.count("outbox", "kind = 'factor_changed'"); done != 1 || mails-told != 1 {
		t.Errorf("it is done %d times and told %d times", done, mails-told)
	}
}

// Item 67: who had come past a factor before all were removed has not come past what is asked for since.
func TestItem67ASignInDoesNotOutliveTheRecovery(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	factor := ada.secondFactor()
	thief := ada.elsewhere()
	thief.post("/password/forgot", "email", ada.email)
	asked := thief.get(s.lastMail(ada.email).Link).submit().redirects(t, "/login/factor").proves(factor).redirects(t, "/login/password")
	if err := s.auth.OfferRecovery(t.Context(), ada.email); err != nil {
		t.Fatal(err)
	}
	ada.get(s.lastMail(ada.email).Link).submit().redirects(t, "/login")
	asked.submit("password", "the thief chose this one").redirects(t, "/login")
	if n := s.count("events", "name = 'password.reset'"); n != 0 {
		t.Error("the thief has set a password")
	}
}
