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

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/models"
)

// authenticator is a user's app that makes codes.
type authenticator struct {
	t      *testing.T
	clock  *apptest.Clock
	secret string
}

func (a *authenticator) Kind() string { return "totp" }

func (a *authenticator) In(*apptest.Browser) apptest.Factor { return a }

// code is the one that the app shows now.
func (a *authenticator) code() string {
	code, err := totp.GenerateCode(a.secret, a.clock.Now())
	if err != nil {
		a.t.Fatal(err)
	}
	return code
}

// Next waits for the app's next code.
func (a *authenticator) Next() string {
	a.clock.Advance(30 * time.Second)
	return a.code()
}

// addTOTP is a new app of the user's, which stays logged in.
func addTOTP(b *apptest.Browser) *authenticator {
	b.App.T.Helper()
	page := b.Get("/account/totp/new").WantStatus(b.App.T, 200)
	factor := &authenticator{b.App.T, b.App.Clock, totpKey(page)}
	page.Submit("code", factor.Next()).WantStatus(b.App.T, 303)
	b.Get("/account") // and its notice is seen
	if subject := b.Mail().Subject; !strings.Contains(subject, "security") {
		b.App.T.Fatalf("the owner is mailed %q", subject)
	}
	return factor
}

// totpKey is the secret that a page shows to be typed.
func totpKey(page *apptest.Page) string {
	for _, code := range page.All("code") {
		if apptest.Attr(code, "id") == "totp-key" {
			return strings.ReplaceAll(code.FirstChild.Data, " ", "")
		}
	}
	return ""
}

func TestSomebodySetsUpAnAuthenticatorAndLogsInWithIt(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	factor := addTOTP(ada)
	ada.Get("/account/totp").WantText(t, "Authenticator app", "Last used")
	ada.Post("/logout")
	asked := ada.Login(apptest.Password).WantRedirect(t, "/login/factor").
		WantText(t, "One more step", "authenticator app")
	ada.Get("/dashboard").WantStatus(t, 303)
	asked.Submit("answer", factor.Next()).WantRedirect(t, "/dashboard").WantText(t, "Hello, Ada")
}

// Item 44: a code is accepted once, and its neighbors in time; no more.
func TestItem44ACodeIsAcceptedOnceAndOneStepAround(t *testing.T) {
	app := apptest.New(t)
	factor := addTOTP(app.LoggedIn("ada@example.com"))
	logIn := func(code string) *apptest.Page {
		ada := app.Browser()
		return ada.Post("/login", "email", "ada@example.com", "password", apptest.Password).
			WantRedirect(t, "/login/factor").Submit("answer", code)
	}
	code := factor.Next()
	app.Clock.Advance(30 * time.Second)
	logIn(code).WantRedirect(t, "/dashboard") // late, as people are
	logIn(code).WantStatus(t, 422).WantText(t, "used already")
	old := factor.Next()
	app.Clock.Advance(60 * time.Second)
	logIn(old).WantStatus(t, 422)
}

// Item 44: neither the code of the set-up nor one that is older than the last is good for another login, and spaces do not matter.
func TestItem44NoCodeIsAcceptedAfterANewerOne(t *testing.T) {
	app := apptest.New(t)
	code := addTOTP(app.LoggedIn("ada@example.com"))
	factor := app.BrowserOf("ada@example.com").Login(apptest.Password).WantRedirect(t, "/login/factor")
	factor.Submit("answer", code.code()).WantStatus(t, 422) // which set it up
	app.Clock.Advance(30 * time.Second)
	older := code.code()
	app.Clock.Advance(30 * time.Second)
	newer := code.code()
	factor.Submit("answer", newer[:3]+" "+newer[3:]).WantRedirect(t, "/dashboard")
	app.BrowserOf("ada@example.com").Login(apptest.Password).WantRedirect(t, "/login/factor").Submit("answer", older).
		WantStatus(t, 422)
}

// otherDigits are those that keyboards of other languages type: Arabic-Indic,
// Devanagari and full-width zero.
var otherDigits = map[string]rune{"Arabic": '٠', "Devanagari": '०', "full-width": '０'}

// A right code is right in the digits of every script, and with what is pasted
// along (Unicode, chapter 22.3: a decimal digit has one value in every script).
func TestTOTP_AcceptsTheDigitsOfEveryScript(t *testing.T) {
	for script, zero := range otherDigits {
		t.Run(script, func(t *testing.T) {
			app := apptest.New(t)
			factor := addTOTP(app.LoggedIn("ada@example.com"))
			code := []rune(strings.Map(func(r rune) rune { return r - '0' + zero }, factor.Next()))
			asked := app.BrowserOf("ada@example.com").Login(apptest.Password).WantRedirect(t, "/login/factor")
			asked.Submit("answer", "\u200b"+string(code[:3])+" – "+string(code[3:])+"\u200f").
				WantRedirect(t, "/dashboard")
		})
	}
}

// What can't be a code is no guess: it uses up no try, and no failure is on
// record. A wrong code still is one (NIST SP 800-63B-4 3.2.2).
func TestTOTP_CountsOnlyWhatCanBeACode(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	factor := addTOTP(ada)
	asked := app.BrowserOf("ada@example.com").Login(apptest.Password).WantRedirect(t, "/login/factor")
	enroll := ada.Get("/account/totp/new")
	for _, typed := range []string{"12345", "1234567", "abcdef", " ", "—", "12 34 5", ada.Email, strings.Repeat("1", 5000)} {
		asked.Submit("answer", typed).WantStatus(t, 422).WantText(t, "six digits")
		enroll.Submit("code", typed).WantStatus(t, 422).WantText(t, "six digits")
	}
	if n := app.Count("events", "name = 'factor.failed'"); n != 0 {
		t.Errorf("got %d failures on record, want 0", n)
	}
	for range 4 {
		asked.Submit("answer", "000000").WantStatus(t, 422).WantText(t, "not right")
		enroll.Submit("code", "000000").WantStatus(t, 422).WantText(t, "not right")
	}
	if n := app.Count("events", "name = 'factor.failed'"); n != 4 {
		t.Errorf("got %d failures on record, want 4", n)
	}
	asked.Submit("answer", factor.Next()).WantRedirect(t, "/dashboard")
}

// Item 67: of fifty requests with one code one is let in.
func TestItem67FiftyRequestsWithOneCodeAreOneLogIn(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	factor := addTOTP(app.LoggedIn("ada@example.com"))
	people := manyAtSecondFactor(app, "ada@example.com", 50)
	code := factor.Next()
	in := app.Count("sessions", "method = 'password totp'")
	app.AtOnce(len(people), func(i int) {
		people[i].PostRacing("/login/factor", url.Values{"factor": {"totp"}, "answer": {code}})
	})
	if got := app.Count("sessions", "method = 'password totp'") - in; got != 1 {
		t.Errorf("%d are let in", got)
	}
}

// Items 14 and 45: five tries a login, ten failures in all, then a pause.
func TestItem45GuessingACodeEndsTheLogInAndThenPausesTheFactor(t *testing.T) {
	app := apptest.New(t)
	factor := addTOTP(app.LoggedIn("ada@example.com"))
	for range 2 {
		asked := app.Browser().Post("/login", "email", "ada@example.com", "password", apptest.Password).
			WantRedirect(t, "/login/factor")
		for range 5 {
			asked.Submit("answer", "000000").WantStatus(t, 422)
		}
		asked.Submit("answer", factor.code()).WantStatus(t, 303)
		asked.Browser.Get("/login/factor").WantRedirect(t, "/login")
	}
	paused := app.Browser().Post("/login", "email", "ada@example.com", "password", apptest.Password).
		WantRedirect(t, "/login/factor")
	paused.Submit("answer", factor.Next()).WantStatus(t, 429).
		WantText(t, "another way to prove who you are, if you have one, does not wait")
	app.Clock.Advance(15 * time.Minute)
	app.Browser().Post("/login", "email", "ada@example.com", "password", apptest.Password).
		WantRedirect(t, "/login/factor").Submit("answer", factor.Next()).WantRedirect(t, "/dashboard")
}

// Item 14: a hundred in a row are all that strangers have in a day, however long they wait between them.
func TestItem14AFactorIsClosedToStrangersForADayAfterAHundredFailures(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	factor := addTOTP(ada)
	desk := otherKnownBrowser(ada, factor)
	guessAsAttacker(ada, "totp")
	app.SetHits("factor", 99)
	app.Clock.Advance(15 * time.Minute)
	attacker := ada.OtherBrowser()
	attacker.Login(apptest.Password).WantRedirect(t, "/login/factor").Submit("answer", "000000").WantStatus(t, 422)
	for range 4 {
		app.Clock.Advance(time.Hour)
		attacker.Login(apptest.Password).WantRedirect(t, "/login/factor").Submit("answer", factor.Next()).
			WantStatus(t, 429)
	}
	desk.Login(apptest.Password).WantRedirect(t, "/login/factor").Answer(factor).WantRedirect(t, "/dashboard")
}

// otherKnownBrowser is another browser of the user's, which has logged in before.
func otherKnownBrowser(b *apptest.Browser, f apptest.Factor) *apptest.Browser {
	b.App.T.Helper()
	other := b.OtherBrowser()
	other.Login(apptest.Password).WantRedirect(b.App.T, "/login/factor").Answer(f).WantRedirect(b.App.T, "/dashboard")
	other.Post("/logout")
	return other
}

// guessAsAttacker is somebody who has come by the password, and answers as often as strangers may before the factor is paused.
func guessAsAttacker(b *apptest.Browser, name string) {
	b.App.T.Helper()
	for range 2 {
		attacker := b.OtherBrowser()
		attacker.Login(apptest.Password).WantRedirect(b.App.T, "/login/factor")
		for range 5 {
			attacker.Post("/login/factor", "factor", name, "answer", "000000").WantStatus(b.App.T, 422)
		}
	}
}

// Item 14: whoever has the password uses up what strangers have; where the owner is known, and logged in, nothing of it is felt.
func TestItem14AAttackerOfThePasswordCannotKeepTheOwnerFromTheFactor(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	factor := addTOTP(ada)
	desk := otherKnownBrowser(ada, factor)
	guessAsAttacker(ada, "totp")
	laptop := ada.OtherBrowser()
	laptop.Login(apptest.Password)
	laptop.Post("/login/factor", "factor", "totp", "answer", factor.Next()).WantStatus(t, 429)
	if n := unfinishedLoginMails(ada); n != 1 { // item 17
		t.Errorf("she was told %d times that somebody knows her password", n)
	}
	desk.Login(apptest.Password).WantRedirect(t, "/login/factor").Answer(factor).WantRedirect(t, "/dashboard")
	guessAsAttacker(ada, "totp") // as often again: those failures are no longer in a row
	ada.Post("/account/prove", "factor", "totp", "answer", factor.Next()).WantRedirect(t, "/account")
}

// Items 14 and 45: a known device and a session are paused each for what was wrong there, and closed together after a hundred.
func TestItem45KnownDevicesAndSessionsArePausedToo(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	factor := addTOTP(ada)
	desk := otherKnownBrowser(ada, factor)
	guess := func(b *apptest.Browser, path, answer string) *apptest.Page {
		return b.Post(path, "factor", "totp", "answer", answer)
	}
	for range 2 {
		desk.Login(apptest.Password)
		for range 5 {
			guess(desk, "/login/factor", "000000").WantStatus(t, 422)
			guess(ada, "/account/prove", "000000").WantStatus(t, 422)
		}
		app.Clock.Advance(10 * time.Minute)
	}
	desk.Login(apptest.Password)
	guess(desk, "/login/factor", factor.Next()).WantStatus(t, 429)
	guess(ada, "/account/prove", factor.Next()).WantStatus(t, 429)
	app.Clock.Advance(15 * time.Minute)
	desk.Login(apptest.Password)
	app.SetHits("factor-known", 99)
	guess(desk, "/login/factor", "000000").WantStatus(t, 422)
	guess(ada, "/account/prove", factor.Next()).WantStatus(t, 429)
	app.Clock.Advance(24 * time.Hour)
	desk.Login(apptest.Password)
	guess(desk, "/login/factor", factor.Next()).WantRedirect(t, "/dashboard")
}

// Item 48: nothing is asked for before a code has shown that the app has the secret, and who asks has just shown who they are.
func TestItem48AnAuthenticatorIsNoneBeforeItHasProvenItself(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	page := ada.Get("/account/totp/new").WantStatus(t, 200)
	page.Submit("code", "000000").WantStatus(t, 422).WantText(t, "not right")
	if app.Count("authenticators", "1=1") != 0 {
		t.Error("there is one already")
	}
	app.Clock.Advance(10 * time.Minute)
	ada.Get("/account/totp/new").WantRedirect(t, "/account/prove?next=%2Faccount%2Ftotp%2Fnew")
	mallory := app.LoggedIn("mallory@example.com")
	mallory.Post("/account/totp/new", "enrollment", apptest.Attr(page.Input("enrollment"), "value"), "name", "x", "code", "000000").
		WantRedirect(t, "/account/totp/new")
}

// Two authenticators with one secret would accept each code twice.
func TestItem44AnEnrollmentThatIsSentAgainAddsNothing(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	page := ada.Get("/account/totp/new").WantStatus(t, 200)
	factor := &authenticator{t, app.Clock, totpKey(page)}
	page.Submit("code", factor.Next()).WantStatus(t, 303)
	page.Submit("code", factor.Next()).WantRedirect(t, "/account/totp/new").WantText(t, "used already")
	if n := app.Count("authenticators", "1=1"); n != 1 {
		t.Errorf("there are %d authenticators", n)
	}
}

func TestTenAuthenticatorsAreTheMost(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada := app.LoggedIn("ada@example.com")
	for range 9 {
		addTOTP(ada)
	}
	first, second := ada.Get("/account/totp/new"), ada.Get("/account/totp/new")
	factor := &authenticator{t, app.Clock, totpKey(first)}
	first.Submit("code", factor.Next()).WantStatus(t, 303)
	factor.secret = totpKey(second)
	second.Submit("code", factor.Next()).WantStatus(t, 422).
		WantText(t, "10 authenticators are the most. Remove one first.")
	if n := app.Count("authenticators", "1=1"); n != 10 {
		t.Errorf("there are %d", n)
	}
}

func TestAnAuthenticatorIsRenamedAndRemovedByItsOwnerAlone(t *testing.T) {
	app := apptest.New(t)
	ada, mallory := app.LoggedIn("ada@example.com"), app.LoggedIn("mallory@example.com")
	addTOTP(ada)
	id := ada.RowID("authenticators")
	mallory.Post("/account/totp/rename", "id", id, "name", "Mine").WantStatus(t, 404)
	mallory.Post("/account/totp/remove", "id", id).WantStatus(t, 404)
	ada.Post("/account/totp/rename", "id", id, "name", "").WantStatus(t, 422).WantText(t, "Enter a name.")
	ada.Post("/account/totp/rename", "id", id, "name", "My phone").WantRedirect(t, "/account/totp").
		WantText(t, "My phone")
	ada.Post("/account/totp/remove", "id", id).WantRedirect(t, "/account/totp").WantText(t, "No app yet")
	ada.Mail()
	ada.Post("/logout")
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
}

// The secret at rest is sealed: a stolen copy of the database makes no codes.
func TestTheSecretOfAnAuthenticatorIsNotInTheDatabase(t *testing.T) {
	app := apptest.New(t)
	factor := addTOTP(app.LoggedIn("ada@example.com"))
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(factor.secret)
	if err != nil || len(secret) != 20 {
		t.Fatalf("the secret is %d bytes long, %v", len(secret), err)
	}
	var stored models.Authenticator
	if err := app.DB.Take(&stored).Error; err != nil || len(stored.Secret) < 20 || bytes.Contains(stored.Secret, secret) {
		t.Errorf("stored: %q, %v", stored.Secret, err)
	}
}

// Whoever puts a new key before the old one takes the old one out some day.
func TestAnAuthenticatorOutlivesTheKeyThatItWasSealedWith(t *testing.T) {
	app := apptest.New(t)
	factor := addTOTP(app.LoggedIn("ada@example.com"))
	app.Config.SecretKeys = append([]string{"a fresh key of more than thirty-two bytes"}, app.Config.SecretKeys...)
	app.Restart()
	if err := app.Cleanup(t.Context()); err != nil {
		t.Fatal(err)
	}
	app.Config.SecretKeys = app.Config.SecretKeys[:1]
	app.Restart()
	app.Browser().Post("/login", "email", "ada@example.com", "password", apptest.Password).
		WantRedirect(t, "/login/factor").
		Submit("answer", factor.Next()).WantRedirect(t, "/dashboard")
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
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	page := ada.Get("/account/totp/new").WantStatus(t, 200)
	code, err := exec.Command(oathtool, "--totp", "--base32", "--now", app.Clock.Now().UTC().Format("2006-01-02 15:04:05 UTC"), totpKey(page)).
		Output()
	if err != nil {
		t.Fatal(err)
	}
	page.Submit("code", strings.TrimSpace(string(code))).WantStatus(t, 303)
}

func TestTheLastFactorTakesItsRecoveryCodesAlong(t *testing.T) { // feature:recovery_codes
	app := apptest.New(t)                                                                                // feature:recovery_codes
	ada := app.LoggedIn("ada@example.com")                                                               // feature:recovery_codes
	addTOTP(ada)                                                                                         // feature:recovery_codes
	createRecoveryCodes(ada)                                                                             // feature:recovery_codes
	ada.Post("/account/totp/remove", "id", ada.RowID("authenticators")).WantRedirect(t, "/account/totp") // feature:recovery_codes
	if app.Count("recovery_codes", "1=1") != 0 {                                                         // feature:recovery_codes
		t.Error("they are left behind") // feature:recovery_codes
	} // feature:recovery_codes
} // feature:recovery_codes

func TestAPageThatNeedsAFreshProofOpensAfterIt(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	factor := addTOTP(ada)
	app.Clock.Advance(10 * time.Minute)
	ada.Get("/account/totp/new").WantRedirect(t, "/account/prove?next=%2Faccount%2Ftotp%2Fnew").
		WantNoText(t, "Use your password").
		Submit("answer", factor.Next()).WantRedirect(t, "/account/totp/new")
	ada.Post("/account/prove", "factor", "password", "answer", apptest.Password).WantStatus(t, 422)
}

// Items 33 and 48: whoever changes a factor is offered to end what was logged in without it, and goes on from there.
func TestItem48OtherSessionsAreOfferedToEndWhenAFactorChanges(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	phone := ada.OtherBrowser()
	phone.Login(apptest.Password).WantRedirect(t, "/dashboard")
	shown := ada.Get("/account/totp/new").WantStatus(t, 200)
	factor := &authenticator{t, app.Clock, totpKey(shown)}
	added := ada.Get(shown.Submit("code", factor.Next()).WantStatus(t, 303).Header.Get("Location")).
		WantText(t, "Other devices are still logged in", "Log them out")
	phone.Get("/dashboard").WantStatus(t, 200)
	added.Submit().WantRedirect(t, added.Path).WantText(t, "Every other device is logged out.")
	phone.Get("/dashboard").WantStatus(t, 303)

	remove := func() *apptest.Page {
		return ada.Post("/account/totp/remove", "id", ada.RowID("authenticators")).WantRedirect(t, "/account/totp").
			WantText(t, "is removed")
	}
	remove().WantNoText(t, "Other devices") // there are none
	again := addTOTP(ada)
	phone.Login(apptest.Password).WantRedirect(t, "/login/factor").Answer(again).WantRedirect(t, "/dashboard")
	remove().WantText(t, "Other devices are still logged in")
}

// Item 48: whose proof lapses while they scan goes on with the same key: the app that has it keeps it.
func TestItem48AnEnrollmentOutlivesTheProofThatItWasBegunWith(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	page := ada.Get("/account/totp/new").WantStatus(t, 200)
	factor := &authenticator{t, app.Clock, totpKey(page)}
	app.Clock.Advance(10 * time.Minute)
	asked := page.Submit("code", factor.code(), "name", "My phone").WantStatus(t, 401).WantText(t, "Is it you?")
	app.Clock.Advance(2 * time.Minute)
	again := asked.Submit("answer", apptest.Password).WantStatus(t, 422).WantText(t, "That code is not right")
	if totpKey(again) != factor.secret || apptest.Attr(again.Input("name"), "value") != "My phone" {
		t.Fatal("there is another key, or another name")
	}
	again.Submit("code", factor.Next()).WantStatus(t, 303)
	ada.Get("/account/totp").WantText(t, "My phone")
}

func TestItem68WhatHappensToAnAuthenticatorIsOnRecord(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	factor := addTOTP(ada)
	id := ada.RowID("authenticators")
	ada.Post("/account/prove", "factor", "totp", "answer", "000000").WantStatus(t, 422)
	ada.Post("/account/prove", "factor", "totp", "answer", factor.Next()).WantRedirect(t, "/account")
	ada.Post("/account/totp/rename", "id", id, "name", "My phone").WantRedirect(t, "/account/totp")
	ada.Post("/account/totp/remove", "id", id).WantRedirect(t, "/account/totp")
	app.WantEvents("authenticator.added", "factor.failed", "session.reauthenticated", "authenticator.renamed", "authenticator.removed")
}

func TestItem67FiftyRequestsToSetUpOneAppAddOne(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada := app.LoggedIn("ada@example.com")
	page := ada.Get("/account/totp/new").WantStatus(t, 200)
	factor := &authenticator{t, app.Clock, totpKey(page)}
	fields := url.Values{"enrollment": {apptest.Attr(page.Input("enrollment"), "value")}, "name": {"Phone"}, "code": {factor.Next()}}
	ada.PostFifty("/account/totp/new", func(int) url.Values { return fields })
	if n := app.Count("authenticators", "1=1"); n != 1 {
		t.Errorf("there are %d", n)
	}
}

func TestItem67FiftyRequestsWithOneCodeAreOneProof(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada := app.LoggedIn("ada@example.com")
	fields := url.Values{"factor": {"totp"}, "answer": {addTOTP(ada).Next()}}
	ada.PostFifty("/account/prove", func(int) url.Values { return fields })
	if n := app.Count("events", "name = 'session.reauthenticated'"); n != 1 {
		t.Errorf("%d are taken", n)
	}
}

func TestItem67FiftyWrongCodesAtOnceAreNoMoreThanFiveTries(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	addTOTP(ada)
	attacker := ada.OtherBrowser()
	attacker.Login(apptest.Password).WantRedirect(t, "/login/factor")
	attacker.PostFifty("/login/factor", func(i int) url.Values { return url.Values{"factor": {"totp"}, "answer": {fmt.Sprintf("%06d", i)}} })
	if n := app.Count("events", "name = 'factor.failed'"); n > 5 || app.Count("pending_logins", "1=1") != 0 {
		t.Errorf("%d are looked at, and %d logins go on", n, app.Count("pending_logins", "1=1"))
	}
}

func TestEarlierDatabase_AuthenticatorAndUnfinishedLogin(t *testing.T) {
	e := newEarlier(t)
	alan, known := e.browser("alan@example.com")
	factor := &authenticator{t, e.Clock, known.Secrets["totp"]}
	alan.Get("/dashboard").WantStatus(t, 303)
	alan.Get("/login/factor").WantStatus(t, 200).Answer(factor).WantRedirect(t, "/dashboard").WantText(t, "Hello, Alan")
	e.elsewhere(alan.Email).WantRedirect(t, "/login/factor").Answer(factor).WantRedirect(t, "/dashboard")
}
