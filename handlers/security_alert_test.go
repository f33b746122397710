package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// alerted is somebody who has a mail that their password was changed.
func (s *stage) alerted(email string) *person {
	s.t.Helper()
	p := s.member(email)
	p.post("/account/security", "current_password", goodPassword, "password", otherPassword).redirects(s.t, "/account/security")
	return p
}

// elsewhere is a new browser of the person's.
func (p *person) elsewhere() *person {
	other := p.s.visitor()
	other.email = p.email
	return other
}

// A link that cannot be used now is not called dead, and is there for the next try.
func TestAFaultInsideLeavesALinkAlive(t *testing.T) {
	s := newStage(t)
	links := map[string]string{}
	links["alert"] = s.alerted("ada@example.com").mail().Link
	reset := s.member("bob@example.com")
	reset.post("/password/forgot", "email", reset.email)
	links["reset"] = reset.mail().Link
	links["recovery"] = s.recovery(t)
	links["deletion"] = s.member("cid@example.com").leaves().Link
	_, links["approval"] = s.member("dan@example.com").moving("eve@example.com")
	links["undo"] = s.member("fay@example.com").moves("gus@example.com")
	for name, link := range links {
		if link == "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			visitor := s.visitor()
			page := visitor.get(link).is(t, 200)
			s.failing(func() { page.submit("password", otherPassword).is(t, 500) })
			visitor.get(link).submit("password", otherPassword).is(t, http.StatusSeeOther)
		})
	}
}

// Item 17: a login on a device that was never seen is told of; the first of all, and one on a device that is known, are not.
func TestItem17TheOwnerIsToldOfALogInOnANewDevice(t *testing.T) {
	s := newStage(t)
	ada := s.visitor()
	ada.signUp("Ada", "ada@example.com", goodPassword).redirects(t, "/dashboard")
	ada.post("/logout")
	ada.login(goodPassword).redirects(t, "/dashboard")
	phone := ada.elsewhere()
	phone.agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
	phone.login(goodPassword).redirects(t, "/dashboard")
	told := ada.notice()
	for _, fact := range []string{"Safari on iOS", phone.ip, s.clock.now().UTC().Format("January 2, 2006 at 15:04 UTC"), "This wasn’t me"} {
		if !strings.Contains(told.Text, fact) {
			t.Errorf("the mail does not tell %q:\n%s", fact, told.Text)
		}
	}
	phone.post("/logout")
	phone.login(goodPassword).redirects(t, "/dashboard")
	s.mailIsSent()
	if n := len(s.mailbox.To(ada.email)); n != 2 {
		t.Errorf("she got %d mails, not one to confirm and one of the phone", n)
	}
}

// Item 17: nobody who came with an import, or was away for longer than a cookie lives, is robbed of that mail by having no device yet.
func TestItem17TheFirstLogInIsToldOfWhereNobodyHasJustSignedUp(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	ada.login(goodPassword).redirects(t, "/dashboard")
	if told := ada.notice(); !strings.HasPrefix(told.Subject, "New login") {
		t.Errorf("she is mailed %q", told.Subject)
	}
}

// A browser that somebody else has logged in with is a new one to her.
func TestADeviceIsKnownForEachOfItsPeople(t *testing.T) {
	s := newStage(t)
	ada, bob := s.member("ada@example.com"), s.member("bob@example.com")
	ada.post("/logout")
	ada.email = bob.email
	ada.login(goodPassword).redirects(t, "/dashboard")
	bob.notice()
}

// Items 17 and 33: whoever was not the one locks the thief out, whatever the thief knows, and chooses a new password.
func TestItem17WhoeverItWasNotLocksTheThiefOut(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	thief := ada.elsewhere()
	thief.login(goodPassword).redirects(t, "/dashboard")
	page := ada.get(ada.notice().Link).is(t, 200).says(t, "ada@example.com", "Every device is logged out")
	asked := page.submit().redirects(t, "/login/password").says(t, "Set a new password")
	for _, p := range []*person{thief, ada} {
		p.get("/dashboard").redirects(t, "/login?next=%2Fdashboard")
	}
	thief.login(goodPassword).is(t, 422).says(t, "don’t match")
	thief.login("").is(t, 422)
	asked.submit("password", "short").is(t, 422).says(t, "15 characters")
	asked.submit("password", otherPassword).redirects(t, "/login").says(t, "Log in with the new one.")
	ada.login(otherPassword).redirects(t, "/dashboard")
	if events := strings.Join(s.events(), " "); !strings.Contains(events, "account.compromise_reported") || !strings.Contains(events, "account.compromise_reported session.ended login.begun login.failed password.reset session.started") {
		t.Errorf("the log tells %s", events)
	}
}

// Without a password the owner is not locked out: the mailbox opens the way, as it does for who has forgotten it.
func TestWhoLocksEverybodyOutAndLeavesResetsByMail(t *testing.T) {
	s := newStage(t)
	ada := s.alerted("ada@example.com")
	ada.get(ada.mail().Link).submit().redirects(t, "/login/password")
	s.clock.passes(10 * time.Minute)
	ada.get("/login/password").redirects(t, "/login")
	ada.login(otherPassword).is(t, 422)
	ada.post("/password/forgot", "email", ada.email)
	ada.get(ada.mail().Link).submit("password", goodPassword).redirects(t, "/login")
	ada.login(goodPassword).redirects(t, "/dashboard")
}

// Item 25: the link in an alert is as good as one to reset, and no better.
func TestItem25TheLinkInAnAlertDoesNotBypassTheSecondFactor(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	app := ada.secondFactor()
	thief := ada.elsewhere()
	thief.login(goodPassword).redirects(t, "/login/factor").proves(app).redirects(t, "/dashboard")
	asked := ada.get(ada.notice().Link).submit().redirects(t, "/login/factor").says(t, "Go on", "turn to whoever runs this site")
	thief.twin().post("/login/password", "password", otherPassword).is(t, 303)
	asked.proves(app).choosesAnotherPassword(t)
	ada.login(otherPassword).redirects(t, "/login/factor").proves(app).redirects(t, "/dashboard")
}

// Item 17: what a mail tells of goes with the word that it was not its reader who did it, and nothing that was there before.
func TestItem17WhatAnAlertTellsOfIsNoWayIn(t *testing.T) {
	eachSecondFactor(t, func(t *testing.T, s *stage, ada *person, add func(*person) factor) {
		own := ada.secondFactor()
		thiefs := add(ada.twin())
		ada.get(s.lastMail(ada.email).Link).submit().redirects(t, "/login/factor").proves(own).
			choosesAnotherPassword(t)
		ada.keepsOnly(own, thiefs)
	})
}

// Item 17: a thief who resets the password, which voids the mail of what they added, does not keep that.
func TestItem17AResetDoesNotHideWhatAThiefAddedBeforeIt(t *testing.T) {
	eachSecondFactor(t, func(t *testing.T, s *stage, ada *person, add func(*person) factor) {
		own := add(ada)
		s.clock.passes(8 * 24 * time.Hour) // so that the mail of her own is of no use any more
		ada.login(goodPassword)
		ada.get("/login/factor").proves(own)
		s.clock.passes(time.Minute)
		thief := ada.twin()
		thiefs := add(thief)
		s.clock.passes(time.Hour)
		thief = ada.elsewhere()
		thief.post("/password/forgot", "email", ada.email)
		s.mailIsSent()
		thief.get(s.lastMail(ada.email).Link).submit().redirects(t, "/login/factor").proves(thiefs).
			redirects(t, "/login/password").submit("password", "the thief chose this one").redirects(t, "/login")
		s.mailIsSent()
		s.clock.passes(time.Minute)
		ada.get(s.lastMail(ada.email).Link).submit().redirects(t, "/login/factor").proves(own).
			choosesAnotherPassword(t)
		ada.keepsOnly(own, thiefs)
	})
}

// Item 17: of several mails people answer any, and often the last. What was added between them goes as well, and the factor that the owner
// proves with stays, whenever it came.
func TestItem17TheLastOfSeveralMailsLocksOutAsWellAsTheFirst(t *testing.T) {
	eachSecondFactor(t, func(t *testing.T, s *stage, ada *person, add func(*person) factor) {
		own := add(ada)
		s.clock.passes(time.Minute)
		thief := ada.twin()
		thiefs := []factor{add(thief)}
		s.clock.passes(time.Minute)
		thiefs = append(thiefs, add(thief))
		ada.get(s.lastMail(ada.email).Link).submit().redirects(t, "/login/factor").proves(own).
			choosesAnotherPassword(t)
		ada.keepsOnly(own, thiefs...)
	})
}

func TestItem21TheLinkInAnAlertWorksOnceForAWeek(t *testing.T) {
	s := newStage(t)
	ada := s.alerted("ada@example.com")
	link := ada.mail().Link
	page := ada.get(link).is(t, 200)
	s.clock.passes(7 * 24 * time.Hour)
	page.submit().is(t, 410)
	ada = s.alerted("bob@example.com")
	link = ada.mail().Link
	s.clock.passes(7*24*time.Hour - time.Second)
	ada.get(link).submit().is(t, 303)
	ada.get(link).redirects(t, "/login/password") // where the first press led
	s.visitor().get(link).redirects(t, "/password/forgot").says(t, "already used this link")
}

// An old mail is nothing to come upon: a reset voids the alerts before it.
func TestAResetVoidsOlderAlerts(t *testing.T) {
	s := newStage(t)
	ada := s.alerted("ada@example.com")
	link := ada.mail().Link
	ada.post("/password/forgot", "email", ada.email)
	ada.get(ada.mail().Link).submit("password", goodPassword).redirects(t, "/login")
	s.visitor().get(link).is(t, 410)
}

// Item 67: fifty who press at once have one winner.
func TestItem67FiftyWhoDisownAtOnceHaveOneWinner(t *testing.T) {
	s := newStage(t, noRateLimit)
	ada := s.alerted("ada@example.com")
	link, _ := url.Parse(ada.mail().Link)
	var won, lost atomic.Int32
	s.atOnce(50, func(int) {
		page, err := ada.elsewhere().try(http.MethodPost, "/security-alert", url.Values{"token": {link.Query().Get("token")}})
		switch {
		case err != nil:
			t.Error(err)
		case page.header.Get("Location") == "/login/password":
			won.Add(1)
		case page.header.Get("Location") == "/password/forgot":
			lost.Add(1)
		default:
			t.Errorf("one was answered %d: %s", page.status, page.text())
		}
	})
	if won.Load() != 1 || lost.Load() != 49 {
		t.Errorf("%d won and %d lost", won.Load(), lost.Load())
	}
}

// Item 39: a scanner that opens the link of an alert does nothing.
func TestItem39OpeningTheLinkInAnAlertChangesNothing(t *testing.T) {
	s := newStage(t)
	s.visitor().scans(s.alerted("ada@example.com").mail().Link)
}

// Somebody else who is logged in in this browser is not any more: what follows is about another account.
func TestWhoDisownsInSomebodyElsesBrowserLogsThemOut(t *testing.T) {
	s := newStage(t)
	ada, bob := s.alerted("ada@example.com"), s.member("bob@example.com")
	bob.get(ada.mail().Link).submit().redirects(t, "/login/password").submit("password", goodPassword).redirects(t, "/login")
	ada.login(goodPassword).redirects(t, "/dashboard")
}

// Item 27: the token cannot be guessed, and is not tried for ever.
func TestItem27TryingTokensOfAlertsIsLimited(t *testing.T) {
	s := newStage(t)
	eve := s.visitor()
	eve.post("/security-alert", "token", "guessed").is(t, 410)
	s.hits("dead-link-ip", 29)
	eve.post("/security-alert", "token", "guessed").is(t, 410)
	eve.post("/security-alert", "token", "guessed").is(t, 429)
}

// Item 17: only what the owner proves with in the login that ends in the new password is spared, and not what somebody else uses meanwhile.
func TestItem17WhatAThiefProvesWithMeanwhileIsNotSpared(t *testing.T) {
	eachSecondFactor(t, func(t *testing.T, s *stage, ada *person, add func(*person) factor) {
		own := add(ada)
		s.clock.passes(time.Minute)
		thiefs := add(ada.twin())
		s.clock.passes(time.Minute)
		asked := ada.get(s.lastMail(ada.email).Link).submit().redirects(t, "/login/factor")
		s.clock.passes(time.Minute)
		thief := ada.elsewhere()
		thief.post("/password/forgot", "email", ada.email)
		thief.get(s.lastMail(ada.email).Link).submit().redirects(t, "/login/factor").proves(thiefs).redirects(t, "/login/password")
		s.clock.passes(time.Minute)
		asked.proves(own).choosesAnotherPassword(t)
		ada.keepsOnly(own, thiefs)
	})
}

// Item 14: the cookie by which a browser is known is another after the lock-out: a copy of it is not known, and slows nobody down.
func TestItem14ACopiedDeviceIsNotKnownAfterTheLockOut(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	thief := ada.twin()
	thief.post("/account/security", "current_password", goodPassword, "password", "the thief chose this one").redirects(t, "/account/security")
	ada.get(s.lastMail(ada.email).Link).submit().choosesAnotherPassword(t)
	for range 6 {
		thief.login("wrong wrong wrong wrong")
	}
	ada.login(otherPassword).redirects(t, "/dashboard")
	s.clock.passes(time.Hour)
	s.mailIsSent()
	before := len(s.mailbox.To(ada.email))
	thief.login(otherPassword).redirects(t, "/dashboard") // were they to learn the new one
	s.mailIsSent()
	if len(s.mailbox.To(ada.email)) == before {
		t.Error("nobody is told of the login with the copy")
	}
}

// Item 14: nor is it known again where the owner logs in with the browser that it was copied from.
func TestItem14ACopiedDeviceIsNotKnownAgain(t *testing.T) {
	s := newStage(t)
	laptop := s.member("ada@example.com")
	thief := laptop.twin()
	thief.post("/account/security", "current_password", goodPassword, "password", "the thief chose this one").redirects(t, "/account/security")
	phone := laptop.elsewhere()
	phone.get(s.lastMail(laptop.email).Link).submit().choosesAnotherPassword(t)
	s.clock.passes(time.Hour)
	laptop.login(otherPassword).redirects(t, "/dashboard")
	for range 6 {
		thief.login("wrong wrong wrong wrong")
	}
	laptop.post("/logout")
	laptop.login(otherPassword).redirects(t, "/dashboard")
}
