package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/gatehouse/config"
)

func TestAForgottenPasswordIsResetByMail(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	ada.get("/password/forgot").submit("email", "ADA@example.com").redirects(t, "/password/forgot/sent").says(t, "30 minutes")
	ada.get(ada.mail().Link).is(t, 200).submit("password", otherPassword).redirects(t, "/login").says(t, "changed")
	ada.login(goodPassword).is(t, 422)
	ada.login(otherPassword).redirects(t, "/dashboard")
	if told := ada.mail(); !strings.Contains(strings.ToLower(told.Subject), "password") || !strings.Contains(told.Link, "/security-alert?token=") {
		t.Errorf("the owner is told %q, with a link to %s", told.Subject, told.Link)
	}
}

func TestItem16AskingForAResetAnswersTheSameForKnownAndUnknownAddresses(t *testing.T) {
	s := newStage(t)
	s.user("ada@example.com")
	known := s.visitor().post("/password/forgot", "email", "ada@example.com")
	unknown := s.visitor().post("/password/forgot", "email", "bob@example.com")
	known.redirects(t, "/password/forgot/sent")
	sameAnswer(t, known, unknown)
	s.mailIsSent()
	if mails := s.mailbox.To("bob@example.com"); len(mails) != 0 {
		t.Errorf("somebody without an account was mailed %q", mails[0].Subject)
	}
}

// Item 21: single use, the newest only, and not for long.
func TestItem21AResetLinkWorksOnceAndOnlyTheNewest(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	ada.post("/password/forgot", "email", ada.email)
	first := ada.mail().Link
	ada.post("/password/forgot", "email", ada.email)
	second := ada.mail().Link
	ada.get(first).is(t, 410).says(t, "no longer works")
	page := ada.get(second)
	page.submit("password", otherPassword).redirects(t, "/login")
	page.submit("password", goodPassword).redirects(t, "/login").says(t, "already set a new password")
	ada.get(second).redirects(t, "/login")
	ada.login(otherPassword).redirects(t, "/dashboard")
}

func TestItem21AResetLinkIsTooOldAfterHalfAnHour(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	ada.post("/password/forgot", "email", ada.email)
	link := ada.mail().Link
	page := ada.get(link).is(t, 200)
	s.clock.passes(30*time.Minute + time.Second)
	ada.get(link).is(t, 410)
	page.submit("password", otherPassword).is(t, 410)
}

// Item 67: one atomic statement decides who wins.
func TestItem67FiftyRacingResetsHaveOneWinner(t *testing.T) {
	s := newStage(t, noRateLimit)
	ada := s.user("ada@example.com")
	ada.post("/password/forgot", "email", ada.email)
	link, _ := url.Parse(ada.mail().Link)
	var won, lost atomic.Int32
	passwords := make([]string, 50)
	winner := atomic.Int32{}
	s.atOnce(len(passwords), func(i int) {
		passwords[i] = fmt.Sprint(otherPassword, " ", i)
		page, err := ada.try(http.MethodPost, "/password/reset", url.Values{"token": {link.Query().Get("token")}, "password": {passwords[i]}})
		switch {
		case err != nil:
			t.Error(err)
		case page.status == http.StatusSeeOther && strings.Contains(fmt.Sprint(page.header["Set-Cookie"]), s.cookieNamed("device")+"="):
			won.Add(1)
			winner.Store(int32(i))
		case page.status == http.StatusSeeOther, page.status == http.StatusServiceUnavailable: // where too much is being hashed
			lost.Add(1)
		default:
			t.Errorf("one was answered %d: %s", page.status, page.text())
		}
	})
	if won.Load() != 1 || lost.Load() != 49 {
		t.Fatalf("%d won and %d lost", won.Load(), lost.Load())
	}
	ada.login(passwords[winner.Load()]).redirects(t, "/dashboard")
}

// Item 24: nobody is logged in by it, and everybody who was logged in is not any more.
func TestItem24AResetEndsEverySessionAndStartsNone(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	laptop := s.visitor()
	laptop.email = ada.email
	laptop.login(goodPassword).redirects(t, "/dashboard")
	ada.post("/password/forgot", "email", ada.email)
	phone := ada.twin()
	phone.get(ada.mail().Link).submit("password", otherPassword).redirects(t, "/login")
	if phone.cookie("session") != "" {
		t.Error("the browser keeps its session")
	}
	for _, device := range []*person{ada, laptop, phone} {
		device.get("/dashboard").redirects(t, "/login?next=%2Fdashboard")
	}
}

// Item 31: what the browser forgets, the server has ended, whoever's it was.
func TestItem31AResetInSomebodyElsesBrowserEndsTheirSession(t *testing.T) {
	s := newStage(t)
	ada, bob := s.user("ada@example.com"), s.member("bob@example.com")
	stolen := bob.twin()
	ada.post("/password/forgot", "email", ada.email)
	bob.get(ada.mail().Link).submit("password", otherPassword).redirects(t, "/login")
	stolen.get("/dashboard").redirects(t, "/login?next=%2Fdashboard")
}

// Item 26: asking alone changes nothing for the owner.
func TestItem26AskingForAResetLocksNobodyOut(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	s.visitor().post("/password/forgot", "email", ada.email)
	ada.mail()
	ada.get("/dashboard").is(t, 200)
	ada.post("/logout")
	ada.login(goodPassword).redirects(t, "/dashboard")
}

// Item 39: a scanner that opens the link uses nothing up.
func TestItem39OpeningAResetLinkChangesNothing(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	ada.post("/password/forgot", "email", ada.email)
	s.visitor().scans(ada.mail().Link)
}

// Item 22: the link is built from the configured address, whatever the request claims to be for.
func TestItem22TheLinkIsBuiltFromTheConfiguredAddress(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	r := ada.request(http.MethodPost, "/password/forgot", strings.NewReader("email=ada@example.com"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Host = "evil.example"
	r.Header.Set("X-Forwarded-Host", "evil.example")
	r.Header.Set("Forwarded", "host=evil.example")
	if _, err := ada.send(r); err != nil {
		t.Fatal(err)
	}
	if link := ada.mail().Link; !strings.HasPrefix(link, s.config.AppURL.String()+"/password/reset?token=") {
		t.Errorf("the link is %s", link)
	}
}

// Item 23: the token goes nowhere else.
func TestItem23TheResetPageGivesItsTokenToNobody(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	ada.post("/password/forgot", "email", ada.email)
	page := ada.get(ada.mail().Link)
	if got := page.header.Get("Referrer-Policy"); got != "no-referrer" {
		t.Errorf("Referrer-Policy is %q", got)
	}
	if got := page.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control is %q", got)
	}
	for _, name := range []string{"link", "script", "img"} {
		for _, n := range page.all(name) {
			if from := attribute(n, "href") + attribute(n, "src"); !strings.HasPrefix(from, "/assets/") {
				t.Errorf("the page loads %s", from)
			}
		}
	}
}

// Items 21 and 68: what a thief of the database or the log could use is in neither.
func TestItem68NoSecretIsInTheDatabaseOrTheLog(t *testing.T) {
	s := newStage(t, func(c *config.Config) { c.Production = true })
	ada := s.visitor()
	ada.email = "ada@example.com"
	ada.post("/register", "name", "Ada", "email", ada.email, "password", goodPassword)
	registration := ada.mail().Link
	secrets := []string{goodPassword, otherPassword, ada.cookie("registration"), carried(ada.cookie("registration"))}
	ada.get(registration).submit().redirects(t, "/dashboard")
	secrets = append(secrets, ada.cookie("session"), carried(ada.cookie("session")), ada.cookie("device"), carried(ada.cookie("device")))
	ada.post("/password/forgot", "email", ada.email)
	reset := ada.mail().Link
	secrets = append(secrets, registration[strings.Index(registration, "=")+1:], reset[strings.Index(reset, "=")+1:])
	dump := s.tables()
	ada.get(reset).submit("password", otherPassword).redirects(t, "/login")
	ada.login("a mistyped " + goodPassword)
	for table, rows := range s.tables() {
		dump[table] += rows
	}
	dump["log"] = s.log.String()
	for place, text := range dump {
		for i, secret := range secrets {
			if secret == "" {
				t.Fatalf("secret %d is empty", i)
			}
			if strings.Contains(text, secret) {
				t.Errorf("%s holds secret %d, %s", place, i, secret)
			}
		}
	}
	if !strings.Contains(dump["log"], "password.reset_requested") {
		t.Error("the log says nothing of the reset")
	}
	if strings.Contains(dump["outbox"], ada.email) {
		t.Error("the outbox shows whom it mails")
	}
}

// Item 18: pages that send mail are limited by recipient.
func TestItem18NobodyIsFloodedWithMail(t *testing.T) {
	s := newStage(t)
	s.user("ada@example.com")
	for _, email := range []string{"ada@example.com", "nobody@example.com"} {
		for range 5 {
			s.visitor().post("/password/forgot", "email", email).is(t, 303)
		}
		page := s.visitor().post("/password/forgot", "email", email).is(t, 429).says(t, "Too many")
		if page.header.Get("Retry-After") == "" {
			t.Error("the answer does not say when to come back")
		}
		mailed := s.count("outbox", "true")
		for range 6 {
			s.visitor().post("/register", "name", "Eve", "email", email, "password", goodPassword).redirects(t, "/register/sent")
		}
		if n := s.count("outbox", "true") - mailed; n != 5 {
			t.Errorf("%s is mailed %d times", email, n)
		}
	}
}

// A login whose password was checked just before the reset must not outlive it.
func TestALogInThatRacesAResetIsNotLeftBehind(t *testing.T) {
	s := newStage(t, noRateLimit)
	for round := range 2 {
		ada := s.user(fmt.Sprintf("ada%d@example.com", round))
		ada.post("/password/forgot", "email", ada.email)
		reset := ada.get(ada.mail().Link)
		token := attribute(reset.input("token"), "value")
		thieves := make([]*person, 6)
		for i := range thieves {
			thieves[i] = s.visitor()
		}
		s.atOnce(7, func(i int) {
			who, path, form := ada, "/password/reset", url.Values{"token": {token}, "password": {otherPassword}}
			if i < len(thieves) {
				who, path, form = thieves[i], "/login", url.Values{"email": {ada.email}, "password": {goodPassword}}
			}
			page, err := who.try(http.MethodPost, path, form)
			if err != nil {
				t.Error(err)
			} else if page.status != http.StatusSeeOther && page.status != http.StatusUnprocessableEntity {
				t.Errorf("%s was answered %d", path, page.status)
			}
		})
		for _, thief := range thieves {
			thief.get("/dashboard").redirects(t, "/login?next=%2Fdashboard")
		}
	}
}

func TestAWeakNewPasswordUsesTheLinkNotUp(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	ada.post("/password/forgot", "email", ada.email)
	page := ada.get(ada.mail().Link)
	page = page.submit("password", "short").is(t, 422).says(t, "15 characters")
	page = page.submit("password", "ada@example.com").is(t, 422)
	page.submit("password", otherPassword).redirects(t, "/login")
}

// Item 18: nor does one who writes from one address flood everybody.
func TestItem18OneAddressCannotMailTheWholeWorld(t *testing.T) {
	s := newStage(t)
	eve := s.visitor()
	register := func(email string) *page {
		return eve.post("/register", "name", "Eve", "email", email, "password", goodPassword)
	}
	register("a@example.com").is(t, 303)
	s.hits("registration-ip", 29)
	register("b@example.com").is(t, 303)
	register("c@example.com").is(t, 429)
	eve.post("/register/resend").is(t, 429)
	eve.post("/register/correct", "email", "d@example.com").is(t, 429)
	eve.post("/password/forgot", "email", "a@example.com").is(t, 303)
	s.hits("forgot-ip", 29)
	eve.post("/password/forgot", "email", "b@example.com").is(t, 303)
	eve.post("/password/forgot", "email", "c@example.com").is(t, 429)
}

// Item 18: sending again and correcting are mails like any other.
func TestItem18ResendingAndCorrectingAreCountedByRecipient(t *testing.T) {
	s := newStage(t)
	eve := s.visitor()
	eve.post("/register", "name", "Eve", "email", "ada@example.com", "password", goodPassword).is(t, 303)
	for range 4 {
		eve.post("/register/resend").is(t, 303)
	}
	eve.post("/register/resend").redirects(t, "/register/sent").says(t, "no new one for now")
	eve.post("/register/correct", "email", "ada@example.com").redirects(t, "/register/sent").says(t, "no new one for now")
	eve.post("/register/correct", "email", "adda@example.com").redirects(t, "/register/sent").says(t, "corrected address")
	if n := s.count("outbox", "true"); n != 6 {
		t.Errorf("%d mails went out", n)
	}
}

// Item 27: a token cannot be guessed, and is not tried for ever either.
func TestItem27TryingResetTokensIsLimited(t *testing.T) {
	s := newStage(t)
	eve := s.visitor()
	try := func() *page {
		return eve.post("/password/reset", "token", "guessed", "password", otherPassword)
	}
	try().is(t, 410)
	s.hits("dead-link-ip", 29)
	try().is(t, 410)
	try().is(t, 429)
}

// Items 21 and 31: a link of an account that was disabled meanwhile opens nothing.
func TestItem31ADisabledAccountsLinkIsDead(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	ada.post("/password/forgot", "email", ada.email)
	page := ada.get(ada.mail().Link).is(t, 200)
	s.exec("UPDATE users SET disabled_at = ?", s.clock.now())
	page.submit("password", otherPassword).is(t, 410)
	ada.post("/password/forgot", "email", ada.email).is(t, 303)
	s.mailIsSent()
	if n := len(s.mailbox.To(ada.email)); n != 1 {
		t.Errorf("a disabled account was mailed %d more links", n-1)
	}
}

// The owner who resets knows best which browsers are theirs: only the one that did it stays known.
func TestAResetForgetsEveryKnownDeviceButItsOwn(t *testing.T) {
	s := newStage(t)
	thief := s.member("ada@example.com")
	thief.post("/logout")
	ada := s.visitor()
	ada.email = thief.email
	ada.post("/password/forgot", "email", ada.email)
	ada.get(ada.mail().Link).submit("password", otherPassword).redirects(t, "/login")
	for range 5 {
		bot := s.visitor()
		bot.email = ada.email
		bot.login("wrong wrong wrong wrong").is(t, 422)
	}
	thief.login(otherPassword).is(t, 429)
	ada.login(otherPassword).redirects(t, "/dashboard")
}

func TestAResetForgivesTheFailuresBeforeIt(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	ada.login("wrong wrong wrong wrong").is(t, 422)
	s.hits("login-pair", 9)
	ada.login("wrong wrong wrong wrong").is(t, 422)
	ada.login(goodPassword).is(t, 429)
	ada.post("/password/forgot", "email", ada.email)
	ada.get(ada.mail().Link).submit("password", otherPassword).redirects(t, "/login")
	ada.login(otherPassword).redirects(t, "/dashboard")
}

// Item 14: neither junk from the same address nor mail that was asked for on purpose keeps the owner from resetting.
func TestItem14NobodyKeepsAnOwnerFromResetting(t *testing.T) {
	s := newStage(t)
	ada, mallory := s.user("ada@example.com"), s.visitor()
	mallory.ip = ada.ip
	ada.post("/password/forgot", "email", ada.email)
	page := ada.get(ada.mail().Link)
	for range 31 {
		mallory.post("/password/reset", "token", "junk", "password", otherPassword)
	}
	mallory.post("/password/reset", "token", "junk", "password", otherPassword).is(t, 429)
	page.submit("password", otherPassword).redirects(t, "/login")

	for range 6 {
		s.visitor().post("/password/forgot", "email", ada.email)
	}
	ada.post("/password/forgot", "email", ada.email).is(t, 429)
	s.clock.passes(30*time.Minute + time.Second) // as long as the last link worked
	ada.post("/password/forgot", "email", ada.email).is(t, 303)
}

// What one person does to one account in many windows at once may be too late, but is never an error of ours.
func TestEverythingAtOnceToOneAccountFailsNobody(t *testing.T) {
	s := newStage(t)
	for round := range 3 {
		ada := s.member(fmt.Sprintf("ada%d@example.com", round))
		tabs := []*person{ada, ada.twin(), ada.twin()}
		ada.post("/password/forgot", "email", ada.email)
		reset, _ := url.Parse(ada.mail().Link)
		token := reset.Query().Get("token")
		deeds := []func(p *person) (*page, error){
			func(p *person) (*page, error) {
				return p.try(http.MethodPost, "/login", url.Values{"email": {ada.email}, "password": {goodPassword}})
			},
			func(p *person) (*page, error) {
				return p.try(http.MethodPost, "/password/reset", url.Values{"token": {token}, "password": {goodPassword}})
			},
			func(p *person) (*page, error) {
				return p.try(http.MethodPost, "/password/forgot", url.Values{"email": {ada.email}})
			},
			func(p *person) (*page, error) {
				return p.try(http.MethodPost, "/account/security", url.Values{"current_password": {goodPassword}, "password": {goodPassword}})
			},
			func(p *person) (*page, error) { return p.try(http.MethodPost, "/account/sessions/end-others", nil) },
			func(p *person) (*page, error) { return p.try(http.MethodPost, "/logout", nil) },
		}
		s.atOnce(4*len(deeds), func(i int) {
			who := tabs[i%len(tabs)]
			if i%len(deeds) == 0 {
				who = s.visitor()
				who.ip = ada.ip
			}
			if page, err := deeds[i%len(deeds)](who); err != nil || page.status >= 500 {
				t.Errorf("deed %d: %v %v", i%len(deeds), page, err)
			}
		})
	}
}
