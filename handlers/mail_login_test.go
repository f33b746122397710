package handlers_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/net/html"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/config"
	"example.com/gatehouse/mail/mailtest"
	"example.com/gatehouse/models"
)

var mailedCodes = regexp.MustCompile(`\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b`)

// mailedCode is the code in a mail.
func mailedCode(m mailtest.Message) string { return mailedCodes.FindString(m.Text) }

// asksForMail has a link and a code mailed to the person.
func (p *person) asksForMail() mailtest.Message {
	p.s.t.Helper()
	p.post("/login/mail", "email", p.email).redirects(p.s.t, "/login/mail/sent")
	return p.mail()
}

// types sends a mailed code.
func (p *person) types(code string) *page {
	p.s.t.Helper()
	return p.post("/login/mail/sent", "code", code)
}

// unusedMailLogin is the id of a mailed login that the person was offered.
func (p *person) unusedMailLogin() string {
	p.s.t.Helper()
	user, now, id := p.user(), p.s.clock.now(), uuid.NewString()
	hash := []byte(id)
	err := p.s.db.Create(&models.MailLogin{ID: id, UserID: &user.ID, Recipient: hash, BrowserHash: hash, TokenHash: hash, CodeHash: hash,
		CredentialVersion: user.CredentialVersion(), CreatedAt: now, ExpiresAt: now.Add(time.Minute)}).Error
	if err != nil {
		p.s.t.Fatal(err)
	}
	return id
}

// otherMailedLinks are living links of the person's that are for something else.
func (p *person) otherMailedLinks() []string {
	p.post("/password/forgot", "email", p.email)
	return []string{p.mail().Link}
}

func TestSomebodyLogsInByAMailedLink(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	ada.get("/login/mail").submit("email", " ADA@example.com").redirects(t, "/login/mail/sent").says(t, "If an account exists", "10 minutes")
	ada.get(ada.mail().Link).says(t, "ada@example.com").submit().redirects(t, "/dashboard").says(t, "Hello, Ada")
	if n := s.count("sessions", "method = 'mail' AND aal = 1 AND NOT remember"); n != 1 {
		t.Errorf("there are %d sessions by mail", n)
	}
}

// A code that is sent with the cookie of an earlier request must not delete the cookie of a newer one.
func TestMailLogin_LateCodeKeepsNewerCookie(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	ada.get("/login/mail").submit("email", ada.email).redirects(t, "/login/mail/sent")
	late := ada.twin()
	ada.mail()
	ada.get("/login/mail").submit("email", ada.email).redirects(t, "/login/mail/sent")
	answer := late.types("AAAA-AAAA").is(t, 303)
	if answer.sets("mail_login") {
		t.Error("the answer to the earlier request's code sets a cookie, want none")
	}
	ada.get(ada.mail().Link).submit().redirects(t, "/dashboard")
}

func TestSomebodyLogsInByAMailedCodeHoweverTheyTypeIt(t *testing.T) {
	for name, typed := range map[string]func(string) string{
		"as it is":           func(code string) string { return code },
		"without the hyphen": func(code string) string { return strings.ReplaceAll(code, "-", "") },
		"small and spaced":   func(code string) string { return " " + strings.ToLower(strings.ReplaceAll(code, "-", " ")) + "\u00a0" },
		"as it looks":        strings.NewReplacer("0", "o", "1", "l").Replace,
		"pasted along":       func(code string) string { return "\ufeff" + code[:4] + "\u200b" + code[4:] + "\u200f" },
		"full-width": func(code string) string {
			return strings.Map(func(r rune) rune { return r - '!' + '！' }, code)
		},
		"Arabic digits": func(code string) string {
			return strings.Map(func(r rune) rune {
				if r >= '0' && r <= '9' {
					return r - '0' + '٠'
				}
				return r
			}, code)
		},
		"with another hyphen": func(code string) string { return strings.ReplaceAll(code, "-", "–") },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			ada := s.user("ada@example.com")
			code := mailedCode(ada.asksForMail())
			ada.get("/login/mail/sent").submit("code", typed(code)).redirects(t, "/dashboard")
		})
	}
}

func TestTheLogInPageSendsAnAddressThatWasTypedThere(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	buttons := ada.get("/login").all("button")
	if !slices.ContainsFunc(buttons, func(b *html.Node) bool { return attribute(b, "formaction") == "/login/mail" }) {
		t.Fatalf("none of %d buttons leads to mail", len(buttons))
	}
	ada.post("/login/mail", "from", "login", "email", "").is(t, 200).says(t, "Log in by mail").hides(t, "Enter your email address.")
	ada.post("/login/mail", "email", "").is(t, 422).says(t, "Enter your email address.")
	ada.post("/login/mail", "from", "login", "email", ada.email, "password", "half of a passw").redirects(t, "/login/mail/sent")
}

func TestWhereSomebodyWasGoingAndKeepMeSignedInSurviveTheMail(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	ada.post("/login/mail", "email", ada.email, "next", "/account/sessions?from=mail", "remember", "true")
	ada.get(ada.mail().Link).submit().redirects(t, "/account/sessions?from=mail")
	if n := s.count("sessions", "remember AND expires_at > ?", s.clock.now().Add(29*24*time.Hour)); n != 1 {
		t.Error("the session is not remembered")
	}
	eve := s.user("eve@example.com")
	eve.post("/login/mail", "email", eve.email, "next", "//evil.example")
	eve.get(eve.mail().Link).submit().redirects(t, "/dashboard")
}

// What was being sent when a session ended travels in the page, as with the password.
func TestAFormThatWasKeptSurvivesTheMailedCode(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	login := ada.isAway()
	kept := attribute(login.input("kept"), "value")
	sent := ada.post("/login/mail", "from", "login", "email", ada.email, "kept", kept).is(t, 200).says(t, "Check your mail")
	sent.submit("code", "AAAA-AAAA").is(t, 422).submit("code", mailedCode(ada.mail())).is(t, 200).says(t, "You are back", "Ada Lovelace")
}

// Item 17: on a new device a login by mail is told of as well.
func TestItem17AMailedLogInOnANewDeviceIsToldOf(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	ada.get(ada.asksForMail().Link).submit().redirects(t, "/dashboard")
	if told := ada.notice(); !strings.HasPrefix(told.Subject, "New login") {
		t.Errorf("she is mailed %q", told.Subject)
	}
}

func TestAFormThatWasKeptSurvivesWrongCodesAndAWaitForTheNextMail(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	login := ada.isAway()
	kept := attribute(login.input("kept"), "value")
	sent := ada.post("/login/mail", "email", ada.email, "kept", kept).is(t, 200)
	for range 2 {
		sent = sent.submit("code", "AAAA-AAAA").is(t, 422)
	}
	asking := sent.submit("code", "AAAA-AAAA").is(t, 422).says(t, "one wrong code too many")
	for range 4 {
		ada.post("/login/mail", "email", ada.email).redirects(t, "/login/mail/sent")
	}
	asking = asking.submit("email", ada.email).is(t, http.StatusTooManyRequests).says(t, "Try again in")
	for range 5 {
		ada.mail()
	}
	s.clock.passes(auth.MailLoginFor)
	asking.submit("email", ada.email).is(t, 200).submit("code", mailedCode(ada.mail())).is(t, 200).says(t, "You are back", "Ada Lovelace")
}

func TestItem16AskingForAMailAnswersTheSameForKnownAndUnknownAddresses(t *testing.T) {
	s := newStage(t)
	s.user("ada@example.com")
	stranger := func(email string) *person {
		p := s.visitor()
		p.email = email
		return p
	}
	known, unknown := stranger("ada@example.com"), stranger("bob@example.com")
	ask := func(p *person) *page { return p.post("/login/mail", "email", p.email) }
	sameAnswer(t, ask(known), ask(unknown))
	sameAnswer(t, known.get("/login/mail/sent"), unknown.get("/login/mail/sent"))
	for range 3 {
		sameAnswer(t, known.types("AAAA-AAAA"), unknown.types("AAAA-AAAA"))
	}
	sameAnswer(t, known.types("AAAA-AAAA"), unknown.types("AAAA-AAAA"))
	// Nor does it show who else has asked: the older one is void for both.
	ask(known)
	ask(unknown)
	ask(stranger("ada@example.com"))
	ask(stranger("bob@example.com"))
	sameAnswer(t, known.types("AAAA-AAAA"), unknown.types("AAAA-AAAA"))
	s.mailIsSent()
	if mails := s.mailbox.To("bob@example.com"); len(mails) != 0 {
		t.Errorf("somebody without an account was mailed %q", mails[0].Subject)
	}
}

func TestItem21AMailedLogInWorksOnceForTenMinutesAndOnlyTheNewest(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	first, second := ada.asksForMail(), ada.asksForMail()
	ada.get(first.Link).is(t, 410).says(t, "no longer works")
	ada.types(mailedCode(first)).is(t, 422)
	page := ada.get(second.Link).is(t, 200)
	page.submit().redirects(t, "/dashboard")
	ada.post("/logout")
	page.submit().redirects(t, "/login/mail").says(t, "already logged in with this link")
	ada.types(mailedCode(second)).redirects(t, "/login/mail")
	third := ada.asksForMail()
	s.clock.passes(10 * time.Minute)
	ada.get(third.Link).is(t, 410)
	ada.types(mailedCode(third)).redirects(t, "/login/mail").says(t, "too old")
}

func TestItem21ANewerMailVoidsThatOfAnotherBrowser(t *testing.T) {
	s := newStage(t)
	laptop, phone := s.user("ada@example.com"), s.visitor()
	phone.email = laptop.email
	older, newer := laptop.asksForMail(), phone.asksForMail()
	laptop.get(older.Link).is(t, 410)
	laptop.types(mailedCode(older)).redirects(t, "/login/mail")
	phone.get(newer.Link).submit().redirects(t, "/dashboard")
}

// Items 21 and 67: link and code are one permission, and of fifty who use it at once one is let in.
func TestItem67FiftyUsesOfOneMailAreOneLogIn(t *testing.T) {
	for name, send := range map[string]func(p *person, m mailtest.Message) (*page, error){
		"link": func(p *person, m mailtest.Message) (*page, error) {
			return p.try(http.MethodPost, "/login/mail/confirm", url.Values{"token": {tokenOf(m.Link)}})
		},
		"code": func(p *person, m mailtest.Message) (*page, error) {
			return p.try(http.MethodPost, "/login/mail/sent", url.Values{"code": {mailedCode(m)}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, noRateLimit)
			ada := s.user("ada@example.com")
			m := ada.asksForMail()
			tabs := make([]*person, 50)
			for i := range tabs {
				tabs[i] = ada.twin()
			}
			s.atOnce(len(tabs), func(i int) {
				if page, err := send(tabs[i], m); err != nil || page.status >= 500 {
					t.Errorf("%v %v", page, err)
				}
			})
			if in := s.count("sessions", "method = 'mail'"); in != 1 {
				t.Errorf("%d are let in", in)
			}
		})
	}
}

// Items 27, 45 and 67: three tries, also where fifty are made at once, and then the link is void as well.
func TestItem45ThreeWrongCodesVoidTheMail(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	m := ada.asksForMail()
	for _, typed := range []string{"", " ", "AAAA", "AAAA-AAAAA", "UUUU-UUUU", "123456"} { // which can't be a code, and are no tries
		ada.types(typed).is(t, 422).says(t, "eight letters and digits")
	}
	ada.types("AAAA-AAAA").is(t, 422).says(t, "not right")
	ada.types("BBBB-BBBB").is(t, 422)
	ada.types("CCCC-CCCC").redirects(t, "/login/mail").says(t, "one wrong code too many")
	ada.types(mailedCode(m)).redirects(t, "/login/mail")
	ada.get(m.Link).is(t, 410)
}

func TestItem67FiftyWrongCodesAtOnceAreThreeTries(t *testing.T) {
	s := newStage(t, noRateLimit)
	ada := s.user("ada@example.com")
	ada.asksForMail()
	tabs := make([]*person, 50)
	for i := range tabs {
		tabs[i] = ada.twin()
	}
	var looked atomic.Int32
	s.atOnce(len(tabs), func(i int) {
		if page, err := tabs[i].try(http.MethodPost, "/login/mail/sent", url.Values{"code": {"AAAA-AAAA"}}); err != nil || page.status >= 500 {
			t.Errorf("%v %v", page, err)
		}
		looked.Add(1)
	})
	if n := s.count("events", "name = 'login.mail_failed'"); n != 3 {
		t.Errorf("%d of %d codes were looked at", n, looked.Load())
	}
}

// Item 27: what was asked for in one browser lets nobody in from another, who has the link or the code.
func TestItem27AMailedLogInIsBoundToTheBrowserThatAsked(t *testing.T) {
	s := newStage(t)
	ada, mallory := s.user("ada@example.com"), s.visitor()
	m := ada.asksForMail()
	mallory.get(m.Link).is(t, 200).says(t, "only in the browser that asked").hides(t, ada.email, "/login/mail/confirm")
	mallory.post("/login/mail/confirm", "token", tokenOf(m.Link)).is(t, 410)
	mallory.types(mailedCode(m)).redirects(t, "/login/mail")
	mallory.get("/dashboard").is(t, 303)
	ada.get(m.Link).submit().redirects(t, "/dashboard")
}

// Item 39: mail scanners open links, with HEAD and GET, from anywhere.
func TestItem39OpeningAMailedLogInChangesNothing(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	link := ada.asksForMail().Link
	s.visitor().scans(link)
	ada.scans(link)
}

// Items 22 and 23: the link is ours whatever the request says, and its page tells nobody the token.
func TestItem23TheMailedLogInGoesNowhereElse(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	r := ada.request(http.MethodPost, "/login/mail", strings.NewReader("email=ada@example.com"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Host = "evil.example"
	if _, err := ada.send(r); err != nil {
		t.Fatal(err)
	}
	link := ada.mail().Link
	if !strings.HasPrefix(link, s.config.AppURL.String()+"/login/mail/confirm?token=") {
		t.Errorf("the link is %s", link)
	}
	for _, who := range []*person{ada, s.visitor()} {
		page := who.get(link)
		if page.header.Get("Referrer-Policy") != "no-referrer" || page.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%v", page.header)
		}
	}
}

// Items 20 and 68: 128 bits or more in the link, 40 in the code, and neither where a thief of the database could find or compute it.
func TestItem68NoMailedSecretIsInTheDatabaseOrTheLog(t *testing.T) {
	s := newStage(t, func(c *config.Config) { c.Production = true })
	ada := s.user("ada@example.com")
	m := ada.asksForMail()
	code := mailedCode(m)
	if len(tokenOf(m.Link)) < 22 || len(code) != 9 {
		t.Fatalf("%s, %s", m.Link, code)
	}
	dump := s.tables()
	dump["log"] = s.log.String()
	for place, text := range dump {
		for _, secret := range []string{tokenOf(m.Link), code, strings.ReplaceAll(code, "-", ""), carried(ada.cookie("mail_login"))} {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds %s", place, secret)
			}
		}
	}
	if strings.Contains(dump["mail_logins"], "ada@") {
		t.Error("the table shows whom it is about")
	}
	if mailedCode(ada.asksForMail()) == code {
		t.Error("the second code is the first")
	}
}

// Items 25 and 46: a mailbox is no way round the second factor.
func TestItem46AMailedLogInOwesTheSecondFactor(t *testing.T) {
	s := newStage(t)
	ada, factor := s.owing("ada@example.com")
	ada.types(mailedCode(ada.asksForMail())).redirects(t, "/login/factor")
	ada.get("/dashboard").is(t, 303)
	ada.get("/login/factor").submit("answer", factor.next()).redirects(t, "/dashboard")
	if n := s.count("sessions", "aal = 2 AND method LIKE 'mail %'"); n != 1 {
		t.Error("the session does not say how it was proven")
	}
}

func TestItem18NobodyIsFloodedWithMailedLogIns(t *testing.T) {
	s := newStage(t)
	s.user("ada@example.com")
	for _, email := range []string{"ada@example.com", "nobody@example.com"} {
		for range 5 {
			s.visitor().post("/login/mail", "email", email).is(t, 303)
		}
		page := s.visitor().post("/login/mail", "email", email).is(t, 429).says(t, "your password")
		if page.header.Get("Retry-After") == "" {
			t.Error("the answer does not say when to come back")
		}
	}
	eve := s.visitor()
	eve.post("/login/mail", "email", "a@example.com").is(t, 303)
	s.hits("mail-login-ip", 29)
	eve.post("/login/mail", "email", "b@example.com").is(t, 303)
	eve.post("/login/mail", "email", "c@example.com").is(t, 429)
	eve.post("/login/mail/confirm", "token", "junk").is(t, 410)
	s.hits("dead-link-ip", 30)
	eve.post("/login/mail/confirm", "token", "junk").is(t, 410)
}

// ASVS 2.4.1: a user who logs in from ever new browsers makes each of them a
// known device, and still has mail sent within a bound.
func TestMailLogin_KnownDevicesShareABound(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	sent := 0
	for range 6 {
		browser := s.visitorAs(ada.email)
		browser.login(goodPassword).redirects(t, "/dashboard")
		browser.post("/logout")
		for range 5 {
			if browser.post("/login/mail", "email", ada.email).status == http.StatusSeeOther {
				sent++
			}
		}
	}
	if sent != 20 {
		t.Errorf("got %d mails from six known devices, want 20", sent)
	}
}

// Item 14: a stranger who uses up the recipient's share neither voids what the owner waits for nor keeps them out.
func TestItem14AStrangerWhoAsksForMailsKeepsNobodyOut(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.post("/logout")
	mine := ada.asksForMail()
	for range 6 {
		s.visitor().post("/login/mail", "email", ada.email)
		ada.s.mailIsSent()
	}
	ada.get(mine.Link).submit().redirects(t, "/dashboard")
	ada.post("/logout")
	ada.post("/login/mail", "email", ada.email).redirects(t, "/login/mail/sent") // where she has been before she has a share of her own
	phone := s.visitor()
	phone.email = ada.email
	phone.post("/login/mail", "email", ada.email).is(t, 429)
	phone.login(goodPassword).redirects(t, "/dashboard")
	s.clock.passes(10 * time.Minute)
	s.visitor().post("/login/mail", "email", ada.email).is(t, 303)
}

// Item 14: wrong passwords close the account to passwords, wrong codes to codes; each leaves another way.
func TestItem14WhateverStrangersGuessTheOwnerGetsIn(t *testing.T) {
	s := newStage(t)
	ada, mallory := s.user("ada@example.com"), s.visitor()
	mallory.email = ada.email
	mallory.login(otherPassword).is(t, 422)
	s.hits("login-account", 100)
	mallory.login(otherPassword).is(t, 422)
	ada.login(goodPassword).is(t, 429)
	mallory.asksForMail()
	mallory.types("AAAA-AAAA").is(t, 422)
	s.hits("mail-login-code", 99)
	mallory.types("AAAA-AAAA").is(t, 422)
	m := ada.asksForMail()
	ada.types(mailedCode(m)).is(t, 429).says(t, "the link in a mail")
	ada.get(m.Link).submit().redirects(t, "/dashboard")
	phone := s.visitor()
	phone.email = ada.email
	link := phone.asksForMail().Link
	phone.types("AAAA-AAAA").is(t, 429) // and the count does not tell that she came in
	phone.get(link).submit().redirects(t, "/dashboard")
}

// Items 21, 31 and 49: what was mailed is for the account as it was then.
func TestItem49AMailedLogInIsVoidWhenTheAccountHasChanged(t *testing.T) {
	for name, change := range map[string]func(s *stage, p *person){
		"another password": func(s *stage, p *person) {
			other := s.visitor()
			other.email = p.email
			other.login(goodPassword)
			other.post("/account/security", "current_password", goodPassword, "password", otherPassword).is(s.t, 303)
		},
		"disabled": func(s *stage, _ *person) { s.exec("UPDATE users SET disabled_at = ?", s.clock.now()) },
		// The mail went to a mailbox that the account no longer belongs to.
		"another address": func(s *stage, _ *person) { s.exec("UPDATE users SET email = 'ada@example.org'") },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			ada := s.user("ada@example.com")
			m := ada.asksForMail()
			page := ada.get(m.Link).is(t, 200)
			tab := ada.twin()
			change(s, ada)
			ada.get(m.Link).is(t, 410)
			ada.types(mailedCode(m)).is(t, 422)
			page.submit().is(t, 410)
			tab.get("/dashboard").is(t, 303)
		})
	}
}

// CVE-2026-53516 and GHSA-qq9h-g4jm-xgf3: a stranger signs up with the owner's address and a password of their own; then the owner shows
// through another way in that the mailbox is theirs. Whoever takes the stranger's account up for the owner hands it to both.
func TestCVE202653516AMailedLogInTakesNoUnconfirmedSignUpUp(t *testing.T) {
	s := newStage(t)
	mallory, ada := s.visitor(), s.visitor()
	mallory.email, ada.email = "ada@example.com", "ada@example.com"
	mallory.post("/register", "name", "Mallory", "email", ada.email, "password", otherPassword)
	ada.mail()
	before := s.rows("registrations", "true")
	ada.post("/login/mail", "email", ada.email).redirects(t, "/login/mail/sent")
	s.mailIsSent()
	if mails := s.mailbox.To(ada.email); len(mails) != 1 {
		t.Errorf("a login is mailed for an account that is none: %q", mails[len(mails)-1].Subject)
	}
	if s.count("users", "true") != 0 || s.count("sessions", "true") != 0 || s.rows("registrations", "true") != before {
		t.Error("asking for it made or changed something")
	}
	mallory.login(otherPassword).is(t, 422)
	mallory.get("/dashboard").is(t, 303)
}

// The same with an owner who goes on to sign up: the stranger's password, link and browser are worth nothing before, between and after.
func TestGHSAqq9hTheStrangersPasswordIsNoneOfTheOwnersAccount(t *testing.T) {
	s := newStage(t)
	mallory, ada := s.visitor(), s.visitor()
	mallory.email, ada.email = "ada@example.com", "ada@example.com"
	mallory.post("/register", "name", "Mallory", "email", ada.email, "password", otherPassword)
	foreign := ada.mail().Link
	ada.signUp("Ada", ada.email, goodPassword).redirects(t, "/dashboard").says(t, "Hello, Ada")
	ada.post("/logout")
	ada.get(ada.asksForMail().Link).submit().redirects(t, "/dashboard").says(t, "Hello, Ada")
	mallory.login(otherPassword).is(t, 422)
	mallory.get(foreign).is(t, 410)
	mallory.post("/email/confirm", "token", tokenOf(foreign), "password", otherPassword).is(t, 410)
	mallory.post("/register/resend")
	if m := ada.mail(); !strings.HasSuffix(m.Link, "/login") {
		t.Errorf("the stranger's sign-up is mailed once more, as %s", m.Link)
	}
	mallory.get("/dashboard").is(t, 303)
}

// "Unexpired session" (Sudhodanan and Paverd, 2022): who was in before the owner took the account back is not in after it.
func TestPreHijackAThiefsSessionEndsWithThePasswordAndNoMailedLogInBringsItBack(t *testing.T) {
	s := newStage(t)
	thief := s.member("ada@example.com")
	waiting := thief.twin()
	waiting.post("/logout") // of the thief's own session, to have a guest's browser
	thief.login(goodPassword).redirects(t, "/dashboard")
	mine := waiting.asksForMail() // the owner's mailbox has it
	ada := s.visitor()
	ada.email = thief.email
	ada.post("/password/forgot", "email", ada.email)
	ada.get(ada.mail().Link).submit("password", otherPassword).redirects(t, "/login")
	ada.mail()
	thief.get("/dashboard").is(t, 303)
	ada.types(mailedCode(ada.asksForMail())).redirects(t, "/dashboard")
	thief.get("/dashboard").is(t, 303)
	thief.login(goodPassword).is(t, 422)
	waiting.types(mailedCode(mine)).is(t, 303)
	waiting.get("/dashboard").is(t, 303)
}

// A mailed login itself ends nothing: other devices of the owner's are no stranger's.
func TestAMailedLogInEndsNoOtherSession(t *testing.T) {
	s := newStage(t)
	laptop := s.member("ada@example.com")
	phone := s.visitor()
	phone.email = laptop.email
	phone.get(phone.asksForMail().Link).submit().redirects(t, "/dashboard")
	laptop.get("/dashboard").is(t, 200)
	laptop.get("/account/sessions").says(t, "Firefox")
}

// "Trojan identifier", and codes that belong to an address and not to a request: a mail of one kind is none of another.
func TestPreHijackAMailOfOneKindOpensNoOtherWay(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	login := tokenOf(ada.asksForMail().Link)
	for _, path := range []string{"/password/reset", "/email/confirm"} {
		ada.get(path+"?token="+login).is(t, 410)
		ada.post(path, "token", login, "password", otherPassword).is(t, 410)
	}
	for _, link := range ada.otherMailedLinks() {
		ada.get("/login/mail/confirm?token="+tokenOf(link)).is(t, 410)
		ada.post("/login/mail/confirm", "token", tokenOf(link)).is(t, 410)
	}
	if ada.cookie("mail_login") == "" {
		t.Fatal("her browser has no cookie of it")
	}
	ada.get("/dashboard").is(t, 303)
}

// A stranger who asks in the owner's name gets nothing of the owner's pressing the button, and the owner is not led into anything.
func TestPreHijackTheOwnersClickLetsNoStrangerIn(t *testing.T) {
	s := newStage(t)
	ada, mallory := s.user("ada@example.com"), s.visitor()
	mallory.email = ada.email
	m := mallory.asksForMail()
	ada.get(m.Link).says(t, "only in the browser that asked")
	ada.post("/login/mail/confirm", "token", tokenOf(m.Link)).is(t, 410)
	mallory.get("/dashboard").is(t, 303)
	ada.get("/dashboard").is(t, 303)
	if !strings.Contains(m.Text, mallory.ip) || !strings.Contains(m.Text, "Give it to nobody") {
		t.Errorf("the mail does not tell who asked:\n%s", m.Text)
	}
}

// Item 30: the browser's former session ends, its token is not kept.
func TestItem30AMailedLogInStartsAFreshSession(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	m := ada.asksForMail()
	cookie := ada.cookie("mail_login")
	ada.get(m.Link).submit().redirects(t, "/dashboard")
	if ada.cookie("mail_login") != "" || ada.cookie("session") == cookie {
		t.Error("the cookie of the request stays")
	}
	for _, name := range []string{"login.mail_requested", "session.started"} {
		if !slices.Contains(s.events(), name) {
			t.Errorf("the security log lacks %s: %v", name, s.events())
		}
	}
	ada.get("/login/mail").redirects(t, "/dashboard")
	ada.get(m.Link).redirects(t, "/dashboard")
}

// tokenOf is the token in a link.
func tokenOf(link string) string {
	address, err := url.Parse(link)
	if err != nil {
		return ""
	}
	return address.Query().Get("token")
}

// Item 17: who logs in by mail while the account is locked, with a factor that they have added, does not hide that they have.
func TestItem17AMailedLogInDoesNotHideWhatAThiefAddedBeforeTheLockOut(t *testing.T) {
	eachSecondFactor(t, func(t *testing.T, s *stage, ada *person, add func(*person) factor) {
		own := add(ada)
		s.clock.passes(8 * 24 * time.Hour) // so that the mail of her own is of no use any more
		ada.login(goodPassword).redirects(t, "/login/factor").proves(own)
		s.clock.passes(time.Minute)
		thiefs := add(ada.twin())
		s.clock.passes(time.Minute)
		ada.elsewhere().get(s.lastMail(ada.email).Link).submit().redirects(t, "/login/factor")
		thief := ada.elsewhere()
		thief.post("/login/mail", "email", ada.email).redirects(t, "/login/mail/sent").submit("code", mailedCode(s.lastMail(ada.email))).
			redirects(t, "/login/factor").proves(thiefs).redirects(t, "/login/password").submit("password", "the thief chose this one").redirects(t, "/dashboard")
		s.clock.passes(time.Hour)
		ada.get(s.lastMail(ada.email).Link).submit().redirects(t, "/login/factor").proves(own).
			choosesAnotherPassword(t)
		ada.keepsOnly(own, thiefs)
	})
}

// Item 17: who comes back by mail after the password was made void has no known device either.
func TestItem17NoDeviceIsKnownAfterAVoidPassword(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	thief := ada.elsewhere()
	thief.login(goodPassword).redirects(t, "/dashboard")
	ada.notice()
	if err := s.auth.ExpirePassword(t.Context(), ada.email); err != nil {
		t.Fatal(err)
	}
	ada.mail()
	ada.get(ada.asksForMail().Link).submit().redirects(t, "/login/password").submit("password", otherPassword).redirects(t, "/dashboard")
	s.mailIsSent()
	before := len(s.mailbox.To(ada.email))
	thief.login(otherPassword).redirects(t, "/dashboard")
	s.mailIsSent()
	if len(s.mailbox.To(ada.email)) == before {
		t.Error("nobody is told of the login on the device of before")
	}
}

func TestEarlierDatabase_MailedLinkAndCode(t *testing.T) {
	for name, logsIn := range map[string]func(*person, knowledge) *page{
		"link": func(p *person, known knowledge) *page { return p.get(known.Links["login"]).submit() },
		"code": func(p *person, known knowledge) *page { return p.types(known.Secrets["code"]) },
	} {
		t.Run(name, func(t *testing.T) {
			karen, known := newEarlier(t).browser("karen@example.com")
			logsIn(karen, known).redirects(t, "/dashboard").says(t, "Hello, Karen")
		})
	}
}
