package handlers_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/gatehouse/auth"
)

// knocks is a thief of the person's password, on a device of their own, who has entered it and stands before the second factor.
func (p *person) knocks() *person {
	p.s.t.Helper()
	thief := p.elsewhere()
	thief.agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
	thief.login(goodPassword).redirects(p.s.t, "/login/factor")
	return thief
}

// runsOut lets what was begun run out, and be swept.
func (s *stage) runsOut() {
	s.t.Helper()
	s.clock.passes(10 * time.Minute)
	if err := s.cleanup(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	if n := s.count("pending_logins", "true"); n != 0 {
		s.t.Errorf("%d are left", n)
	}
}

// reports are how often the person was mailed of a login that was not finished.
func (p *person) reports() int64 {
	p.s.t.Helper()
	return p.s.count("outbox", "kind = 'unfinished_log_in'")
}

// Item 17: who knows the password and no more is told of, whatever they do next or do not do, and can be locked out.
func TestItem17TheOwnerIsToldOfWhoKnewThePasswordAndCameNoFurther(t *testing.T) {
	s := newStage(t)
	ada, _ := s.owing("ada@example.com")
	thief, at := ada.knocks(), s.clock.now()
	s.runsOut()
	told := ada.mail()
	for _, fact := range []string{"right password", "not in", "Safari on iOS", thief.ip, at.UTC().Format("January 2, 2006 at 15:04 UTC"), "This wasn’t me"} {
		if !strings.Contains(told.Text, fact) {
			t.Errorf("the mail does not tell %q:\n%s", fact, told.Text)
		}
	}
	ada.get(told.Link).is(t, 200).submit().redirects(t, "/login/factor")
	thief.login(goodPassword).is(t, 422)
}

func TestItem17WrongAnswersAreToldOfAtOnceAndOnceADay(t *testing.T) {
	s := newStage(t)
	ada, app := s.owing("ada@example.com")
	fails := func() {
		thief := ada.knocks()
		for range 5 {
			thief.post("/login/factor", "factor", app.factor(), "answer", "000000").is(t, 422)
		}
		thief.post("/login/factor", "factor", app.factor(), "answer", "000000").redirects(t, "/login")
	}
	fails()
	if n := ada.reports(); n != 1 {
		t.Errorf("she was told %d times", n)
	}
	s.clock.passes(23 * time.Hour)
	ada.knocks()
	s.runsOut()
	if n := ada.reports(); n != 1 {
		t.Errorf("she was told %d times within a day", n)
	}
	s.clock.passes(time.Hour)
	fails()
	if n := ada.reports(); n != 2 {
		t.Errorf("she was told %d times", n)
	}
}

// A thief who logs in as themselves in that browser has hidden nothing.
func TestSomebodyElsesSignInDoesNotHideWhatWasNotFinished(t *testing.T) {
	s := newStage(t)
	ada, _ := s.owing("ada@example.com")
	thief := ada.knocks()
	thief.post("/login", "email", s.user("mallory@example.com").email, "password", goodPassword).redirects(t, "/dashboard")
	s.runsOut()
	if n := ada.reports(); n != 1 {
		t.Errorf("she was told %d times", n)
	}
}

// On a known device, behind a mailed link, finished after all, or with a password that has been replaced since, there is nothing to tell.
func TestOrdinarySignInsAreNoAlarm(t *testing.T) {
	s := newStage(t)
	ada, app := s.owing("ada@example.com")
	phone := ada.knocks()
	phone.get("/login/factor").proves(app).redirects(t, "/dashboard")
	ada.post("/password/forgot", "email", ada.email)
	ada.elsewhere().get(ada.nextOf("Reset")).submit().redirects(t, "/login/factor")
	bob := s.alerted("bob@example.com")
	bob.elsewhere().get(bob.nextOf("changed")).submit().redirects(t, "/login/password")
	grace, _ := s.owing("grace@example.com")
	grace.knocks()
	grace.hasPassword(otherPassword)
	s.runsOut()
	if n := ada.reports(); n != 0 {
		t.Errorf("there are %d alarms", n)
	}
}

// Item 68: what was proven is on record, also where it was not enough.
func TestItem68ASignInThatOwesSomethingIsOnRecord(t *testing.T) {
	s := newStage(t)
	ada, app := s.owing("ada@example.com")
	ada.hasPassword("ada1815ada1815ada")
	asked := ada.login("ada1815ada1815ada").redirects(t, "/login/factor").proves(app).redirects(t, "/login/password")
	asked.submit("password", otherPassword).redirects(t, "/dashboard")
	names := strings.Join(s.events(), " ")
	if !strings.Contains(names, "login.begun login.continued session.ended password.changed session.started") &&
		!strings.Contains(names, "login.begun login.continued password.changed session.started") {
		t.Errorf("the log tells %s", names)
	}
	if n := s.count("events", `name = 'login.begun' AND detail LIKE '%"step":"second_factor"%'`); n != 2 {
		t.Errorf("%d of them tell what was owed", n)
	}
}

// Item 68: whoever still has a way in after everybody was locked out has tried it, which the owner sees.
func TestItem68ASignInOfSomebodyLockedOutIsOnRecord(t *testing.T) {
	s := newStage(t)
	ada := s.alerted("ada@example.com")
	ada.get(ada.mail().Link).submit().redirects(t, "/login/password")
	_, err := s.auth.Login(t.Context(), ada.user(), auth.Authentication{Method: "somehow", Second: true}, auth.Browser{}, auth.Client{})
	if !errors.Is(err, auth.ErrAccountLocked) || !slices.Contains(s.events(), "login.refused") {
		t.Errorf("%v, and the log tells %v", err, s.events())
	}
}

// Item 17: whoever logs in again and again, and never finishes, does not put off that the owner is told.
func TestItem17AReportIsNotPutOffByLoggingInAgain(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.secondFactor()
	thief := ada.elsewhere()
	for range 4 {
		thief.login(goodPassword).redirects(t, "/login/factor")
		s.clock.passes(9 * time.Minute)
		if err := s.cleanup(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := ada.reports(); n != 1 {
		t.Errorf("she was told %d times", n)
	}
	thief.get("/login/factor").is(t, 200) // what is going on goes on
}

// Item 17: what ends a login with the password does not keep from the owner that somebody knows it.
func TestItem17AReportOutlivesWhatEndsTheSignIn(t *testing.T) {
	for name, ends := range map[string]func(ada *person){
		"the end of the other sessions": func(ada *person) { ada.post("/account/sessions/end-others").is(t, 303) },
		"recovery codes":                func(ada *person) { ada.recoveryCodes() }, // feature:recovery_codes
		"another factor":                func(ada *person) { ada.passkey() },       // feature:passkeys
		"another address":               func(ada *person) { ada.moves("ada@example.org") },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			ada := s.member("ada@example.com")
			ada.secondFactor()
			ada.knocks()
			s.clock.passes(5 * time.Minute)
			ends(ada)
			s.runsOut()
			if n := ada.reports(); n != 1 {
				t.Errorf("she was told %d times", n)
			}
		})
	}
}
