package handlers_test

import (
	"bytes"
	"encoding/base32"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"example.com/gatehouse/models"
)

// authenticator is a person's app that makes codes.
type authenticator struct {
	t      *testing.T
	clock  *clock
	secret string
}

func (a *authenticator) factor() string { return "totp" }

func (a *authenticator) beside(*person) factor { return a }

// code is the one that the app shows now.
func (a *authenticator) code() string {
	code, err := totp.GenerateCode(a.secret, a.clock.now())
	if err != nil {
		a.t.Fatal(err)
	}
	return code
}

// next waits for the app's next code.
func (a *authenticator) next() string {
	a.clock.passes(30 * time.Second)
	return a.code()
}

// authenticator is a new app of the person's, which stays logged in.
func (p *person) authenticator() *authenticator {
	p.s.t.Helper()
	page := p.get("/account/totp/new").is(p.s.t, 200)
	app := &authenticator{p.s.t, p.s.clock, page.key()}
	page.submit("code", app.next()).is(p.s.t, 303)
	p.get("/account") // and its notice is seen
	if subject := p.mail().Subject; !strings.Contains(subject, "security") {
		p.s.t.Fatalf("the owner is mailed %q", subject)
	}
	return app
}

// key is the secret that a page shows to be typed.
func (g *page) key() string {
	for _, code := range g.all("code") {
		if attribute(code, "id") == "totp-key" {
			return strings.ReplaceAll(code.FirstChild.Data, " ", "")
		}
	}
	return ""
}

func TestSomebodySetsUpAnAuthenticatorAndLogsInWithIt(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	app := ada.authenticator()
	ada.get("/account/totp").says(t, "Authenticator app", "Last used")
	ada.post("/logout")
	asked := ada.login(goodPassword).redirects(t, "/login/factor").says(t, "One more step", "authenticator app")
	ada.get("/dashboard").is(t, 303)
	asked.submit("answer", app.next()).redirects(t, "/dashboard").says(t, "Hello, Ada")
}

// Item 44: a code is accepted once, and its neighbors in time; no more.
func TestItem44ACodeIsAcceptedOnceAndOneStepAround(t *testing.T) {
	s := newStage(t)
	app := s.member("ada@example.com").authenticator()
	logIn := func(code string) *page {
		ada := s.visitor()
		return ada.post("/login", "email", "ada@example.com", "password", goodPassword).redirects(t, "/login/factor").submit("answer", code)
	}
	code := app.next()
	s.clock.passes(30 * time.Second)
	logIn(code).redirects(t, "/dashboard") // late, as people are
	logIn(code).is(t, 422).says(t, "used already")
	old := app.next()
	s.clock.passes(60 * time.Second)
	logIn(old).is(t, 422)
}

// Item 44: neither the code of the set-up nor one that is older than the last is good for another login, and spaces do not matter.
func TestItem44NoCodeIsAcceptedAfterANewerOne(t *testing.T) {
	s := newStage(t)
	app := s.member("ada@example.com").authenticator()
	factor := s.visitorAs("ada@example.com").login(goodPassword).redirects(t, "/login/factor")
	factor.submit("answer", app.code()).is(t, 422) // which set it up
	s.clock.passes(30 * time.Second)
	older := app.code()
	s.clock.passes(30 * time.Second)
	newer := app.code()
	factor.submit("answer", newer[:3]+" "+newer[3:]).redirects(t, "/dashboard")
	s.visitorAs("ada@example.com").login(goodPassword).redirects(t, "/login/factor").submit("answer", older).is(t, 422)
}

// otherDigits are those that keyboards of other languages type: Arabic-Indic,
// Devanagari and full-width zero.
var otherDigits = map[string]rune{"Arabic": '٠', "Devanagari": '०', "full-width": '０'}

// A right code is right in the digits of every script, and with what is pasted
// along (Unicode, chapter 22.3: a decimal digit has one value in every script).
func TestTOTP_AcceptsTheDigitsOfEveryScript(t *testing.T) {
	for script, zero := range otherDigits {
		t.Run(script, func(t *testing.T) {
			s := newStage(t)
			app := s.member("ada@example.com").authenticator()
			code := []rune(strings.Map(func(r rune) rune { return r - '0' + zero }, app.next()))
			asked := s.visitorAs("ada@example.com").login(goodPassword).redirects(t, "/login/factor")
			asked.submit("answer", "\u200b"+string(code[:3])+" – "+string(code[3:])+"\u200f").redirects(t, "/dashboard")
		})
	}
}

// What can't be a code is no guess: it uses up no try, and no failure is on
// record. A wrong code still is one (NIST SP 800-63B-4 3.2.2).
func TestTOTP_CountsOnlyWhatCanBeACode(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	app := ada.authenticator()
	asked := s.visitorAs("ada@example.com").login(goodPassword).redirects(t, "/login/factor")
	enroll := ada.get("/account/totp/new")
	for _, typed := range []string{"12345", "1234567", "abcdef", " ", "—", "12 34 5", ada.email, strings.Repeat("1", 5000)} {
		asked.submit("answer", typed).is(t, 422).says(t, "six digits")
		enroll.submit("code", typed).is(t, 422).says(t, "six digits")
	}
	if n := s.count("events", "name = 'factor.failed'"); n != 0 {
		t.Errorf("got %d failures on record, want 0", n)
	}
	for range 4 {
		asked.submit("answer", "000000").is(t, 422).says(t, "not right")
		enroll.submit("code", "000000").is(t, 422).says(t, "not right")
	}
	if n := s.count("events", "name = 'factor.failed'"); n != 4 {
		t.Errorf("got %d failures on record, want 4", n)
	}
	asked.submit("answer", app.next()).redirects(t, "/dashboard")
}

// Item 67: of fifty requests with one code one is let in.
func TestItem67FiftyRequestsWithOneCodeAreOneLogIn(t *testing.T) {
	s := newStage(t, noRateLimit)
	app := s.member("ada@example.com").authenticator()
	people := s.owingAtOnce("ada@example.com", 50)
	code := app.next()
	in := s.count("sessions", "method = 'password totp'")
	s.atOnce(len(people), func(i int) {
		people[i].races("/login/factor", url.Values{"factor": {"totp"}, "answer": {code}})
	})
	if got := s.count("sessions", "method = 'password totp'") - in; got != 1 {
		t.Errorf("%d are let in", got)
	}
}

// Items 14 and 45: five tries a login, ten failures in all, then a pause.
func TestItem45GuessingACodeEndsTheLogInAndThenPausesTheFactor(t *testing.T) {
	s := newStage(t)
	app := s.member("ada@example.com").authenticator()
	for range 2 {
		asked := s.visitor().post("/login", "email", "ada@example.com", "password", goodPassword).redirects(t, "/login/factor")
		for range 5 {
			asked.submit("answer", "000000").is(t, 422)
		}
		asked.submit("answer", app.code()).is(t, 303)
		asked.p.get("/login/factor").redirects(t, "/login")
	}
	paused := s.visitor().post("/login", "email", "ada@example.com", "password", goodPassword).redirects(t, "/login/factor")
	paused.submit("answer", app.next()).is(t, 429).says(t, "another way to prove who you are, if you have one, does not wait")
	s.clock.passes(15 * time.Minute)
	s.visitor().post("/login", "email", "ada@example.com", "password", goodPassword).redirects(t, "/login/factor").submit("answer", app.next()).redirects(t, "/dashboard")
}

// Item 14: a hundred in a row are all that strangers have in a day, however long they wait between them.
func TestItem14AFactorIsClosedToStrangersForADayAfterAHundredFailures(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	app := ada.authenticator()
	desk := ada.knownElsewhere(app)
	ada.thiefGuesses("totp")
	s.hits("factor", 99)
	s.clock.passes(15 * time.Minute)
	thief := ada.elsewhere()
	thief.login(goodPassword).redirects(t, "/login/factor").submit("answer", "000000").is(t, 422)
	for range 4 {
		s.clock.passes(time.Hour)
		thief.login(goodPassword).redirects(t, "/login/factor").submit("answer", app.next()).is(t, 429)
	}
	desk.login(goodPassword).redirects(t, "/login/factor").proves(app).redirects(t, "/dashboard")
}

// knownElsewhere is another browser of the person's, which has logged in before.
func (p *person) knownElsewhere(f factor) *person {
	p.s.t.Helper()
	other := p.elsewhere()
	other.login(goodPassword).redirects(p.s.t, "/login/factor").proves(f).redirects(p.s.t, "/dashboard")
	other.post("/logout")
	return other
}

// thiefGuesses is somebody who has come by the password, and answers as often as strangers may before the factor is paused.
func (p *person) thiefGuesses(name string) {
	p.s.t.Helper()
	for range 2 {
		thief := p.elsewhere()
		thief.login(goodPassword).redirects(p.s.t, "/login/factor")
		for range 5 {
			thief.post("/login/factor", "factor", name, "answer", "000000").is(p.s.t, 422)
		}
	}
}

// Item 14: whoever has the password uses up what strangers have; where the owner is known, and logged in, nothing of it is felt.
func TestItem14AThiefOfThePasswordCannotKeepTheOwnerFromTheFactor(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	app := ada.authenticator()
	desk := ada.knownElsewhere(app)
	ada.thiefGuesses("totp")
	laptop := ada.elsewhere()
	laptop.login(goodPassword)
	laptop.post("/login/factor", "factor", "totp", "answer", app.next()).is(t, 429)
	if n := ada.reports(); n != 1 { // item 17
		t.Errorf("she was told %d times that somebody knows her password", n)
	}
	desk.login(goodPassword).redirects(t, "/login/factor").proves(app).redirects(t, "/dashboard")
	ada.thiefGuesses("totp") // as often again: those failures are no longer in a row
	ada.post("/account/prove", "factor", "totp", "answer", app.next()).redirects(t, "/account")
}

// Items 14 and 45: a known device and a session are paused each for what was wrong there, and closed together after a hundred.
func TestItem45KnownDevicesAndSessionsArePausedToo(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	app := ada.authenticator()
	desk := ada.knownElsewhere(app)
	guess := func(p *person, path, answer string) *page { return p.post(path, "factor", "totp", "answer", answer) }
	for range 2 {
		desk.login(goodPassword)
		for range 5 {
			guess(desk, "/login/factor", "000000").is(t, 422)
			guess(ada, "/account/prove", "000000").is(t, 422)
		}
		s.clock.passes(10 * time.Minute)
	}
	desk.login(goodPassword)
	guess(desk, "/login/factor", app.next()).is(t, 429)
	guess(ada, "/account/prove", app.next()).is(t, 429)
	s.clock.passes(15 * time.Minute)
	desk.login(goodPassword)
	s.hits("factor-known", 99)
	guess(desk, "/login/factor", "000000").is(t, 422)
	guess(ada, "/account/prove", app.next()).is(t, 429)
	s.clock.passes(24 * time.Hour)
	desk.login(goodPassword)
	guess(desk, "/login/factor", app.next()).redirects(t, "/dashboard")
}

// Item 48: nothing is asked for before a code has shown that the app has the secret, and who asks has just shown who they are.
func TestItem48AnAuthenticatorIsNoneBeforeItHasProvenItself(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	page := ada.get("/account/totp/new").is(t, 200)
	page.submit("code", "000000").is(t, 422).says(t, "not right")
	if s.count("authenticators", "1=1") != 0 {
		t.Error("there is one already")
	}
	s.clock.passes(10 * time.Minute)
	ada.get("/account/totp/new").redirects(t, "/account/prove?next=%2Faccount%2Ftotp%2Fnew")
	mallory := s.member("mallory@example.com")
	mallory.post("/account/totp/new", "enrollment", attribute(page.input("enrollment"), "value"), "name", "x", "code", "000000").redirects(t, "/account/totp/new")
}

// Two authenticators with one secret would accept each code twice.
func TestItem44AnEnrollmentThatIsSentAgainAddsNothing(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	page := ada.get("/account/totp/new").is(t, 200)
	app := &authenticator{t, s.clock, page.key()}
	page.submit("code", app.next()).is(t, 303)
	page.submit("code", app.next()).redirects(t, "/account/totp/new").says(t, "used already")
	if n := s.count("authenticators", "1=1"); n != 1 {
		t.Errorf("there are %d authenticators", n)
	}
}

func TestTenAuthenticatorsAreTheMost(t *testing.T) {
	s := newStage(t, noRateLimit)
	ada := s.member("ada@example.com")
	for range 9 {
		ada.authenticator()
	}
	first, second := ada.get("/account/totp/new"), ada.get("/account/totp/new")
	app := &authenticator{t, s.clock, first.key()}
	first.submit("code", app.next()).is(t, 303)
	app.secret = second.key()
	second.submit("code", app.next()).is(t, 422).says(t, "10 authenticators are the most. Remove one first.")
	if n := s.count("authenticators", "1=1"); n != 10 {
		t.Errorf("there are %d", n)
	}
}

func TestAnAuthenticatorIsRenamedAndRemovedByItsOwnerAlone(t *testing.T) {
	s := newStage(t)
	ada, mallory := s.member("ada@example.com"), s.member("mallory@example.com")
	ada.authenticator()
	id := ada.first("authenticators")
	mallory.post("/account/totp/rename", "id", id, "name", "Mine").is(t, 404)
	mallory.post("/account/totp/remove", "id", id).is(t, 404)
	ada.post("/account/totp/rename", "id", id, "name", "").is(t, 422).says(t, "Enter a name.")
	ada.post("/account/totp/rename", "id", id, "name", "My phone").redirects(t, "/account/totp").says(t, "My phone")
	ada.post("/account/totp/remove", "id", id).redirects(t, "/account/totp").says(t, "No app yet")
	ada.mail()
	ada.post("/logout")
	ada.login(goodPassword).redirects(t, "/dashboard")
}

// The secret at rest is sealed: a stolen copy of the database makes no codes.
func TestTheSecretOfAnAuthenticatorIsNotInTheDatabase(t *testing.T) {
	s := newStage(t)
	app := s.member("ada@example.com").authenticator()
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(app.secret)
	if err != nil || len(secret) != 20 {
		t.Fatalf("the secret is %d bytes long, %v", len(secret), err)
	}
	var stored models.Authenticator
	if err := s.db.Take(&stored).Error; err != nil || len(stored.Secret) < 20 || bytes.Contains(stored.Secret, secret) {
		t.Errorf("stored: %q, %v", stored.Secret, err)
	}
}

// Whoever puts a new key before the old one takes the old one out some day.
func TestAnAuthenticatorOutlivesTheKeyThatItWasSealedWith(t *testing.T) {
	s := newStage(t)
	app := s.member("ada@example.com").authenticator()
	s.config.SecretKeys = append([]string{"a fresh key of more than thirty-two bytes"}, s.config.SecretKeys...)
	s.open()
	if err := s.cleanup(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.config.SecretKeys = s.config.SecretKeys[:1]
	s.open()
	s.visitor().post("/login", "email", "ada@example.com", "password", goodPassword).redirects(t, "/login/factor").
		submit("answer", app.next()).redirects(t, "/dashboard")
}

// oathtool is somebody else's implementation of RFC 6238.
func TestCodesOfOathtoolAreAccepted(t *testing.T) {
	oathtool, err := exec.LookPath("oathtool")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("install oathtool")
		}
		t.Skip("install oathtool to compare with it")
	}
	s := newStage(t)
	ada := s.member("ada@example.com")
	page := ada.get("/account/totp/new").is(t, 200)
	code, err := exec.Command(oathtool, "--totp", "--base32", "--now", s.clock.now().UTC().Format("2006-01-02 15:04:05 UTC"), page.key()).Output()
	if err != nil {
		t.Fatal(err)
	}
	page.submit("code", strings.TrimSpace(string(code))).is(t, 303)
}

func TestTheLastFactorTakesItsRecoveryCodesAlong(t *testing.T) { // feature:recovery_codes
	s := newStage(t)                                                                                  // feature:recovery_codes
	ada := s.member("ada@example.com")                                                                // feature:recovery_codes
	ada.authenticator()                                                                               // feature:recovery_codes
	ada.recoveryCodes()                                                                               // feature:recovery_codes
	ada.post("/account/totp/remove", "id", ada.first("authenticators")).redirects(t, "/account/totp") // feature:recovery_codes
	if s.count("recovery_codes", "1=1") != 0 {                                                        // feature:recovery_codes
		t.Error("they are left behind") // feature:recovery_codes
	} // feature:recovery_codes
} // feature:recovery_codes

func TestAPageThatNeedsAFreshProofOpensAfterIt(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	app := ada.authenticator()
	s.clock.passes(10 * time.Minute)
	ada.get("/account/totp/new").redirects(t, "/account/prove?next=%2Faccount%2Ftotp%2Fnew").hides(t, "Use your password").
		submit("answer", app.next()).redirects(t, "/account/totp/new")
	ada.post("/account/prove", "factor", "password", "answer", goodPassword).is(t, 422)
}

// Items 33 and 48: whoever changes a factor is offered to end what was logged in without it, and goes on from there.
func TestItem48OtherSessionsAreOfferedToEndWhenAFactorChanges(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	phone := ada.elsewhere()
	phone.login(goodPassword).redirects(t, "/dashboard")
	shown := ada.get("/account/totp/new").is(t, 200)
	app := &authenticator{t, s.clock, shown.key()}
	added := ada.get(shown.submit("code", app.next()).is(t, 303).header.Get("Location")).says(t, "Other devices are still logged in", "Log them out")
	phone.get("/dashboard").is(t, 200)
	added.submit().redirects(t, added.path).says(t, "Every other device is logged out.")
	phone.get("/dashboard").is(t, 303)

	remove := func() *page {
		return ada.post("/account/totp/remove", "id", ada.first("authenticators")).redirects(t, "/account/totp").says(t, "is removed")
	}
	remove().hides(t, "Other devices") // there are none
	again := ada.authenticator()
	phone.login(goodPassword).redirects(t, "/login/factor").proves(again).redirects(t, "/dashboard")
	remove().says(t, "Other devices are still logged in")
}

// Item 48: whose proof lapses while they scan goes on with the same key: the app that has it keeps it.
func TestItem48AnEnrollmentOutlivesTheProofThatItWasBegunWith(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	page := ada.get("/account/totp/new").is(t, 200)
	app := &authenticator{t, s.clock, page.key()}
	s.clock.passes(10 * time.Minute)
	asked := page.submit("code", app.code(), "name", "My phone").is(t, 401).says(t, "Is it you?")
	s.clock.passes(2 * time.Minute)
	again := asked.submit("answer", goodPassword).is(t, 422).says(t, "That code is not right")
	if again.key() != app.secret || attribute(again.input("name"), "value") != "My phone" {
		t.Fatal("there is another key, or another name")
	}
	again.submit("code", app.next()).is(t, 303)
	ada.get("/account/totp").says(t, "My phone")
}

func TestItem68WhatHappensToAnAuthenticatorIsOnRecord(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	app := ada.authenticator()
	id := ada.first("authenticators")
	ada.post("/account/prove", "factor", "totp", "answer", "000000").is(t, 422)
	ada.post("/account/prove", "factor", "totp", "answer", app.next()).redirects(t, "/account")
	ada.post("/account/totp/rename", "id", id, "name", "My phone").redirects(t, "/account/totp")
	ada.post("/account/totp/remove", "id", id).redirects(t, "/account/totp")
	s.records("authenticator.added", "factor.failed", "session.reauthenticated", "authenticator.renamed", "authenticator.removed")
}

func TestItem67FiftyRequestsToSetUpOneAppAddOne(t *testing.T) {
	s := newStage(t, noRateLimit)
	ada := s.member("ada@example.com")
	page := ada.get("/account/totp/new").is(t, 200)
	app := &authenticator{t, s.clock, page.key()}
	fields := url.Values{"enrollment": {attribute(page.input("enrollment"), "value")}, "name": {"Phone"}, "code": {app.next()}}
	ada.sendsFifty("/account/totp/new", func(int) url.Values { return fields })
	if n := s.count("authenticators", "1=1"); n != 1 {
		t.Errorf("there are %d", n)
	}
}

func TestItem67FiftyRequestsWithOneCodeAreOneProof(t *testing.T) {
	s := newStage(t, noRateLimit)
	ada := s.member("ada@example.com")
	fields := url.Values{"factor": {"totp"}, "answer": {ada.authenticator().next()}}
	ada.sendsFifty("/account/prove", func(int) url.Values { return fields })
	if n := s.count("events", "name = 'session.reauthenticated'"); n != 1 {
		t.Errorf("%d are taken", n)
	}
}

func TestItem67FiftyWrongCodesAtOnceAreNoMoreThanFiveTries(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.authenticator()
	thief := ada.elsewhere()
	thief.login(goodPassword).redirects(t, "/login/factor")
	thief.sendsFifty("/login/factor", func(i int) url.Values { return url.Values{"factor": {"totp"}, "answer": {fmt.Sprintf("%06d", i)}} })
	if n := s.count("events", "name = 'factor.failed'"); n > 5 || s.count("pending_logins", "1=1") != 0 {
		t.Errorf("%d are looked at, and %d logins go on", n, s.count("pending_logins", "1=1"))
	}
}

func TestEarlierDatabase_AuthenticatorAndUnfinishedLogin(t *testing.T) {
	e := newEarlier(t)
	alan, known := e.browser("alan@example.com")
	app := &authenticator{t, e.clock, known.Secrets["totp"]}
	alan.get("/dashboard").is(t, 303)
	alan.get("/login/factor").is(t, 200).proves(app).redirects(t, "/dashboard").says(t, "Hello, Alan")
	e.elsewhere(alan.email).redirects(t, "/login/factor").proves(app).redirects(t, "/dashboard")
}
