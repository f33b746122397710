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

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/mail/mailtest"
	"example.com/gatehouse/models"
)

var mailedCodes = regexp.MustCompile(`\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b`)

// mailedCode is the code in a mail.
func mailedCode(m mailtest.Message) string { return mailedCodes.FindString(m.Text) }

// requestMailLogin has a link and a code mailed to the user.
func requestMailLogin(b *apptest.Browser) mailtest.Message {
	b.App.T.Helper()
	b.Post("/login/mail", "email", b.Email).WantRedirect(b.App.T, "/login/mail/sent")
	return b.Mail()
}

// typeCode sends a mailed code.
func typeCode(b *apptest.Browser, code string) *apptest.Page {
	b.App.T.Helper()
	return b.Post("/login/mail/sent", "code", code)
}

// mailLoginPage returns the address of the page that a mailed login opens, in the
// browser that requested it.
func mailLoginPage(tour *apptest.Tour) string {
	maria := tour.App.LoggedOut("maria@example.com")
	tour.Behind("logged out").Post("/login/mail", "email", maria.Email)
	return maria.Mail().Link
}

// unusedMailLoginID is the id of a mailed login that the user was offered.
func unusedMailLoginID(b *apptest.Browser) string {
	b.App.T.Helper()
	user, now, id := b.User(), b.App.Clock.Now(), uuid.NewString()
	hash := []byte(id)
	err := b.App.DB.Create(&models.MailLogin{ID: id, UserID: &user.ID, Recipient: hash, BrowserHash: hash, TokenHash: hash, CodeHash: hash,
		CredentialVersion: user.CredentialVersion(), CreatedAt: now, ExpiresAt: now.Add(time.Minute)}).Error
	if err != nil {
		b.App.T.Fatal(err)
	}
	return id
}

// otherMailedLinks are living links of the user's that are for something else.
func otherMailedLinks(b *apptest.Browser) []string {
	b.Post("/password/forgot", "email", b.Email)
	return []string{b.Mail().Link}
}

func TestSomebodyLogsInByAMailedLink(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	ada.Get("/login/mail").Submit("email", " ADA@example.com").WantRedirect(t, "/login/mail/sent").
		WantText(t, "If an account exists", "10 minutes")
	ada.Get(ada.Mail().Link).WantText(t, "ada@example.com").Submit().WantRedirect(t, "/dashboard").
		WantText(t, "Hello, Ada")
	if n := app.Count("sessions", "method = 'mail' AND aal = 1 AND NOT remember"); n != 1 {
		t.Errorf("there are %d sessions by mail", n)
	}
}

// A code that is sent with the cookie of an earlier request must not delete the cookie of a newer one.
func TestMailLogin_LateCodeKeepsNewerCookie(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	ada.Get("/login/mail").Submit("email", ada.Email).WantRedirect(t, "/login/mail/sent")
	late := ada.Tab()
	ada.Mail()
	ada.Get("/login/mail").Submit("email", ada.Email).WantRedirect(t, "/login/mail/sent")
	answer := typeCode(late, "AAAA-AAAA").WantStatus(t, 303)
	if setsCookie(answer, "mail_login") {
		t.Error("the answer to the earlier request's code sets a cookie, want none")
	}
	ada.Get(ada.Mail().Link).Submit().WantRedirect(t, "/dashboard")
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
			app := apptest.New(t)
			ada := app.LoggedOut("ada@example.com")
			code := mailedCode(requestMailLogin(ada))
			ada.Get("/login/mail/sent").Submit("code", typed(code)).WantRedirect(t, "/dashboard")
		})
	}
}

func TestTheLogInPageSendsAnAddressThatWasTypedThere(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	buttons := ada.Get("/login").All("button")
	if !slices.ContainsFunc(buttons, func(b *html.Node) bool { return apptest.Attr(b, "formaction") == "/login/mail" }) {
		t.Fatalf("none of %d buttons leads to mail", len(buttons))
	}
	ada.Post("/login/mail", "from", "login", "email", "").WantStatus(t, 200).WantText(t, "Log in by mail").
		WantNoText(t, "Enter your email address.")
	ada.Post("/login/mail", "email", "").WantStatus(t, 422).WantText(t, "Enter your email address.")
	ada.Post("/login/mail", "from", "login", "email", ada.Email, "password", "half of a passw").
		WantRedirect(t, "/login/mail/sent")
}

func TestWhereSomebodyWasGoingAndKeepMeSignedInSurviveTheMail(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	ada.Post("/login/mail", "email", ada.Email, "next", "/account/sessions?from=mail", "remember", "true")
	ada.Get(ada.Mail().Link).Submit().WantRedirect(t, "/account/sessions?from=mail")
	if n := app.Count("sessions", "remember AND expires_at > ?", app.Clock.Now().Add(29*24*time.Hour)); n != 1 {
		t.Error("the session is not remembered")
	}
	eve := app.LoggedOut("eve@example.com")
	eve.Post("/login/mail", "email", eve.Email, "next", "//evil.example")
	eve.Get(eve.Mail().Link).Submit().WantRedirect(t, "/dashboard")
}

// What was being sent when a session ended travels in the page, as with the password.
func TestAFormThatWasKeptSurvivesTheMailedCode(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	login := ada.PostAfterIdle()
	kept := apptest.Attr(login.Input("kept"), "value")
	sent := ada.Post("/login/mail", "from", "login", "email", ada.Email, "kept", kept).WantStatus(t, 200).
		WantText(t, "Check your mail")
	sent.Submit("code", "AAAA-AAAA").WantStatus(t, 422).Submit("code", mailedCode(ada.Mail())).WantStatus(t, 200).
		WantText(t, "You are back", "Ada Lovelace")
}

// Item 17: on a new device a login by mail is told of as well.
func TestItem17AMailedLogInOnANewDeviceIsToldOf(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	ada.Get(requestMailLogin(ada).Link).Submit().WantRedirect(t, "/dashboard")
	if told := ada.NewDeviceMail(); !strings.HasPrefix(told.Subject, "New login") {
		t.Errorf("she is mailed %q", told.Subject)
	}
}

func TestAFormThatWasKeptSurvivesWrongCodesAndAWaitForTheNextMail(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	login := ada.PostAfterIdle()
	kept := apptest.Attr(login.Input("kept"), "value")
	sent := ada.Post("/login/mail", "email", ada.Email, "kept", kept).WantStatus(t, 200)
	for range 2 {
		sent = sent.Submit("code", "AAAA-AAAA").WantStatus(t, 422)
	}
	asking := sent.Submit("code", "AAAA-AAAA").WantStatus(t, 422).WantText(t, "one wrong code too many")
	for range 4 {
		ada.Post("/login/mail", "email", ada.Email).WantRedirect(t, "/login/mail/sent")
	}
	asking = asking.Submit("email", ada.Email).WantStatus(t, http.StatusTooManyRequests).WantText(t, "Try again in")
	for range 5 {
		ada.Mail()
	}
	app.Clock.Advance(models.MailLoginLifetime)
	asking.Submit("email", ada.Email).WantStatus(t, 200).Submit("code", mailedCode(ada.Mail())).WantStatus(t, 200).
		WantText(t, "You are back", "Ada Lovelace")
}

func TestItem16AskingForAMailAnswersTheSameForKnownAndUnknownAddresses(t *testing.T) {
	app := apptest.New(t)
	app.LoggedOut("ada@example.com")
	stranger := func(email string) *apptest.Browser {
		b := app.Browser()
		b.Email = email
		return b
	}
	known, unknown := stranger("ada@example.com"), stranger("bob@example.com")
	ask := func(b *apptest.Browser) *apptest.Page { return b.Post("/login/mail", "email", b.Email) }
	sameAnswer(t, ask(known), ask(unknown))
	sameAnswer(t, known.Get("/login/mail/sent"), unknown.Get("/login/mail/sent"))
	for range 3 {
		sameAnswer(t, typeCode(known, "AAAA-AAAA"), typeCode(unknown, "AAAA-AAAA"))
	}
	sameAnswer(t, typeCode(known, "AAAA-AAAA"), typeCode(unknown, "AAAA-AAAA"))
	// Nor does it show who else has asked: the older one is void for both.
	ask(known)
	ask(unknown)
	ask(stranger("ada@example.com"))
	ask(stranger("bob@example.com"))
	sameAnswer(t, typeCode(known, "AAAA-AAAA"), typeCode(unknown, "AAAA-AAAA"))
	app.WaitForMail()
	if mails := app.Mailbox.To("bob@example.com"); len(mails) != 0 {
		t.Errorf("somebody without an account was mailed %q", mails[0].Subject)
	}
}

func TestItem21AMailedLogInWorksOnceForTenMinutesAndOnlyTheNewest(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	first, second := requestMailLogin(ada), requestMailLogin(ada)
	ada.Get(first.Link).WantStatus(t, 410).WantText(t, "no longer works")
	typeCode(ada, mailedCode(first)).WantStatus(t, 422)
	page := ada.Get(second.Link).WantStatus(t, 200)
	page.Submit().WantRedirect(t, "/dashboard")
	ada.Post("/logout")
	page.Submit().WantRedirect(t, "/login/mail").WantText(t, "already logged in with this link")
	typeCode(ada, mailedCode(second)).WantRedirect(t, "/login/mail")
	third := requestMailLogin(ada)
	app.Clock.Advance(10 * time.Minute)
	ada.Get(third.Link).WantStatus(t, 410)
	typeCode(ada, mailedCode(third)).WantRedirect(t, "/login/mail").WantText(t, "too old")
}

func TestItem21ANewerMailVoidsThatOfAnotherBrowser(t *testing.T) {
	app := apptest.New(t)
	laptop, phone := app.LoggedOut("ada@example.com"), app.Browser()
	phone.Email = laptop.Email
	older, newer := requestMailLogin(laptop), requestMailLogin(phone)
	laptop.Get(older.Link).WantStatus(t, 410)
	typeCode(laptop, mailedCode(older)).WantRedirect(t, "/login/mail")
	phone.Get(newer.Link).Submit().WantRedirect(t, "/dashboard")
}

// Items 21 and 67: link and code are one permission, and of fifty who use it at once one is let in.
func TestItem67FiftyUsesOfOneMailAreOneLogIn(t *testing.T) {
	for name, send := range map[string]func(b *apptest.Browser, m mailtest.Message) (*apptest.Page, error){
		"link": func(b *apptest.Browser, m mailtest.Message) (*apptest.Page, error) {
			return b.Try(http.MethodPost, "/login/mail/confirm", url.Values{"token": {tokenOf(m.Link)}})
		},
		"code": func(b *apptest.Browser, m mailtest.Message) (*apptest.Page, error) {
			return b.Try(http.MethodPost, "/login/mail/sent", url.Values{"code": {mailedCode(m)}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			app := apptest.New(t, apptest.NoRateLimit)
			ada := app.LoggedOut("ada@example.com")
			m := requestMailLogin(ada)
			tabs := make([]*apptest.Browser, 50)
			for i := range tabs {
				tabs[i] = ada.Tab()
			}
			app.AtOnce(len(tabs), func(i int) {
				if page, err := send(tabs[i], m); err != nil || page.Status >= 500 {
					t.Errorf("%v %v", page, err)
				}
			})
			if in := app.Count("sessions", "method = 'mail'"); in != 1 {
				t.Errorf("%d are let in", in)
			}
		})
	}
}

// Items 27, 45 and 67: three tries, also where fifty are made at once, and then the link is void as well.
func TestItem45ThreeWrongCodesVoidTheMail(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	m := requestMailLogin(ada)
	for _, typed := range []string{"", " ", "AAAA", "AAAA-AAAAA", "UUUU-UUUU", "123456"} { // which can't be a code, and are no tries
		typeCode(ada, typed).WantStatus(t, 422).WantText(t, "eight letters and digits")
	}
	typeCode(ada, "AAAA-AAAA").WantStatus(t, 422).WantText(t, "not right")
	typeCode(ada, "BBBB-BBBB").WantStatus(t, 422)
	typeCode(ada, "CCCC-CCCC").WantRedirect(t, "/login/mail").WantText(t, "one wrong code too many")
	typeCode(ada, mailedCode(m)).WantRedirect(t, "/login/mail")
	ada.Get(m.Link).WantStatus(t, 410)
}

func TestItem67FiftyWrongCodesAtOnceAreThreeTries(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada := app.LoggedOut("ada@example.com")
	requestMailLogin(ada)
	tabs := make([]*apptest.Browser, 50)
	for i := range tabs {
		tabs[i] = ada.Tab()
	}
	var looked atomic.Int32
	app.AtOnce(len(tabs), func(i int) {
		if page, err := tabs[i].Try(http.MethodPost, "/login/mail/sent", url.Values{"code": {"AAAA-AAAA"}}); err != nil || page.Status >= 500 {
			t.Errorf("%v %v", page, err)
		}
		looked.Add(1)
	})
	if n := app.Count("events", "name = 'login.mail_failed'"); n != 3 {
		t.Errorf("%d of %d codes were looked at", n, looked.Load())
	}
}

// Item 27: what was asked for in one browser lets nobody in from another, who has the link or the code.
func TestItem27AMailedLogInIsBoundToTheBrowserThatAsked(t *testing.T) {
	app := apptest.New(t)
	ada, mallory := app.LoggedOut("ada@example.com"), app.Browser()
	m := requestMailLogin(ada)
	mallory.Get(m.Link).WantStatus(t, 200).WantText(t, "only in the browser that asked").
		WantNoText(t, ada.Email, "/login/mail/confirm")
	mallory.Post("/login/mail/confirm", "token", tokenOf(m.Link)).WantStatus(t, 410)
	typeCode(mallory, mailedCode(m)).WantRedirect(t, "/login/mail")
	mallory.Get("/dashboard").WantStatus(t, 303)
	ada.Get(m.Link).Submit().WantRedirect(t, "/dashboard")
}

// Item 39: mail scanners open links, with HEAD and GET, from anywhere.
func TestItem39OpeningAMailedLogInChangesNothing(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	link := requestMailLogin(ada).Link
	app.Browser().ScanLinks(link)
	ada.ScanLinks(link)
}

// Items 22 and 23: the link is ours whatever the request says, and its page tells nobody the token.
func TestItem23TheMailedLogInGoesNowhereElse(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	r := ada.Request(http.MethodPost, "/login/mail", strings.NewReader("email=ada@example.com"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Host = "evil.example"
	if _, err := ada.Send(r); err != nil {
		t.Fatal(err)
	}
	link := ada.Mail().Link
	if !strings.HasPrefix(link, app.Config.AppURL.String()+"/login/mail/confirm?token=") {
		t.Errorf("the link is %s", link)
	}
	for _, who := range []*apptest.Browser{ada, app.Browser()} {
		page := who.Get(link)
		if page.Header.Get("Referrer-Policy") != "no-referrer" || page.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%v", page.Header)
		}
	}
}

// Items 20 and 68: 128 bits or more in the link, 40 in the code, and neither where an attacker of the database could find or compute it.
func TestItem68NoMailedSecretIsInTheDatabaseOrTheLog(t *testing.T) {
	app := apptest.New(t, func(app *apptest.App) { app.Config.Production = true })
	ada := app.LoggedOut("ada@example.com")
	m := requestMailLogin(ada)
	code := mailedCode(m)
	if len(tokenOf(m.Link)) < 22 || len(code) != 9 {
		t.Fatalf("%s, %s", m.Link, code)
	}
	dump := app.Tables()
	dump["log"] = app.Log.String()
	for place, text := range dump {
		for _, secret := range []string{tokenOf(m.Link), code, strings.ReplaceAll(code, "-", ""), apptest.CookieValue(ada.Cookie("mail_login"))} {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds %s", place, secret)
			}
		}
	}
	if strings.Contains(dump["mail_logins"], "ada@") {
		t.Error("the table shows whom it is about")
	}
	if mailedCode(requestMailLogin(ada)) == code {
		t.Error("the second code is the first")
	}
}

// Items 25 and 46: a mailbox is no way round the second factor.
func TestItem46AMailedLogInOwesTheSecondFactor(t *testing.T) {
	app := apptest.New(t)
	ada, factor := atSecondFactor(app, "ada@example.com")
	typeCode(ada, mailedCode(requestMailLogin(ada))).WantRedirect(t, "/login/factor")
	ada.Get("/dashboard").WantStatus(t, 303)
	ada.Get("/login/factor").Submit("answer", factor.Next()).WantRedirect(t, "/dashboard")
	if n := app.Count("sessions", "aal = 2 AND method LIKE 'mail %'"); n != 1 {
		t.Error("the session does not say how it was proven")
	}
}

func TestItem18NobodyIsFloodedWithMailedLogIns(t *testing.T) {
	app := apptest.New(t)
	app.LoggedOut("ada@example.com")
	for _, email := range []string{"ada@example.com", "nobody@example.com"} {
		for range 5 {
			app.Browser().Post("/login/mail", "email", email).WantStatus(t, 303)
		}
		page := app.Browser().Post("/login/mail", "email", email).WantStatus(t, 429).WantText(t, "your password")
		if page.Header.Get("Retry-After") == "" {
			t.Error("the answer does not say when to come back")
		}
	}
	eve := app.Browser()
	eve.Post("/login/mail", "email", "a@example.com").WantStatus(t, 303)
	app.SetHits("mail-login-ip", 29)
	eve.Post("/login/mail", "email", "b@example.com").WantStatus(t, 303)
	eve.Post("/login/mail", "email", "c@example.com").WantStatus(t, 429)
	eve.Post("/login/mail/confirm", "token", "junk").WantStatus(t, 410)
	app.SetHits("dead-link-ip", 30)
	eve.Post("/login/mail/confirm", "token", "junk").WantStatus(t, 410)
}

// ASVS 2.4.1: a user who logs in from ever new browsers makes each of them a
// known device, and still has mail sent within a bound.
func TestMailLogin_KnownDevicesShareABound(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	sent := 0
	for range 6 {
		browser := app.BrowserOf(ada.Email)
		browser.Login(apptest.Password).WantRedirect(t, "/dashboard")
		browser.Post("/logout")
		for range 5 {
			if browser.Post("/login/mail", "email", ada.Email).Status == http.StatusSeeOther {
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
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	ada.Post("/logout")
	mine := requestMailLogin(ada)
	for range 6 {
		app.Browser().Post("/login/mail", "email", ada.Email)
		ada.App.WaitForMail()
	}
	ada.Get(mine.Link).Submit().WantRedirect(t, "/dashboard")
	ada.Post("/logout")
	ada.Post("/login/mail", "email", ada.Email).WantRedirect(t, "/login/mail/sent") // where she has been before she has a share of her own
	phone := app.Browser()
	phone.Email = ada.Email
	phone.Post("/login/mail", "email", ada.Email).WantStatus(t, 429)
	phone.Login(apptest.Password).WantRedirect(t, "/dashboard")
	app.Clock.Advance(10 * time.Minute)
	app.Browser().Post("/login/mail", "email", ada.Email).WantStatus(t, 303)
}

// Item 14: wrong passwords close the account to passwords, wrong codes to codes; each leaves another way.
func TestItem14WhateverStrangersGuessTheOwnerGetsIn(t *testing.T) {
	app := apptest.New(t)
	ada, mallory := app.LoggedOut("ada@example.com"), app.Browser()
	mallory.Email = ada.Email
	mallory.Login(apptest.OtherPassword).WantStatus(t, 422)
	app.SetHits("login-account", 100)
	mallory.Login(apptest.OtherPassword).WantStatus(t, 422)
	ada.Login(apptest.Password).WantStatus(t, 429)
	requestMailLogin(mallory)
	typeCode(mallory, "AAAA-AAAA").WantStatus(t, 422)
	app.SetHits("mail-login-code", 99)
	typeCode(mallory, "AAAA-AAAA").WantStatus(t, 422)
	m := requestMailLogin(ada)
	typeCode(ada, mailedCode(m)).WantStatus(t, 429).WantText(t, "the link in a mail")
	ada.Get(m.Link).Submit().WantRedirect(t, "/dashboard")
	phone := app.Browser()
	phone.Email = ada.Email
	link := requestMailLogin(phone).Link
	typeCode(phone, "AAAA-AAAA").WantStatus(t, 429) // and the count does not tell that she came in
	phone.Get(link).Submit().WantRedirect(t, "/dashboard")
}

// Items 21, 31 and 49: what was mailed is for the account as it was then.
func TestItem49AMailedLogInIsVoidWhenTheAccountHasChanged(t *testing.T) {
	for name, change := range map[string]func(app *apptest.App, b *apptest.Browser){
		"another password": func(app *apptest.App, b *apptest.Browser) {
			other := app.Browser()
			other.Email = b.Email
			other.Login(apptest.Password)
			other.Post("/account/security", "current_password", apptest.Password, "password", apptest.OtherPassword).
				WantStatus(app.T, 303)
		},
		"disabled": func(app *apptest.App, _ *apptest.Browser) {
			app.Exec("UPDATE users SET disabled_at = ?", app.Clock.Now())
		},
		// The mail went to a mailbox that the account no longer belongs to.
		"another address": func(app *apptest.App, _ *apptest.Browser) { app.Exec("UPDATE users SET email = 'ada@example.org'") },
	} {
		t.Run(name, func(t *testing.T) {
			app := apptest.New(t)
			ada := app.LoggedOut("ada@example.com")
			m := requestMailLogin(ada)
			page := ada.Get(m.Link).WantStatus(t, 200)
			tab := ada.Tab()
			change(app, ada)
			ada.Get(m.Link).WantStatus(t, 410)
			typeCode(ada, mailedCode(m)).WantStatus(t, 422)
			page.Submit().WantStatus(t, 410)
			tab.Get("/dashboard").WantStatus(t, 303)
		})
	}
}

// CVE-2026-53516 and GHSA-qq9h-g4jm-xgf3: a stranger signs up with the owner's address and a password of their own; then the owner shows
// through another way in that the mailbox is theirs. Whoever takes the stranger's account up for the owner hands it to both.
func TestCVE202653516AMailedLogInTakesNoUnconfirmedSignUpUp(t *testing.T) {
	app := apptest.New(t)
	mallory, ada := app.Browser(), app.Browser()
	mallory.Email, ada.Email = "ada@example.com", "ada@example.com"
	mallory.Post("/register", "name", "Mallory", "email", ada.Email, "password", apptest.OtherPassword)
	ada.Mail()
	before := app.Rows("registrations", "true")
	ada.Post("/login/mail", "email", ada.Email).WantRedirect(t, "/login/mail/sent")
	app.WaitForMail()
	if mails := app.Mailbox.To(ada.Email); len(mails) != 1 {
		t.Errorf("a login is mailed for an account that is none: %q", mails[len(mails)-1].Subject)
	}
	if app.Count("users", "true") != 0 || app.Count("sessions", "true") != 0 || app.Rows("registrations", "true") != before {
		t.Error("asking for it made or changed something")
	}
	mallory.Login(apptest.OtherPassword).WantStatus(t, 422)
	mallory.Get("/dashboard").WantStatus(t, 303)
}

// The same with an owner who goes on to sign up: the stranger's password, link and browser are worth nothing before, between and after.
func TestGHSAqq9hTheStrangersPasswordIsNoneOfTheOwnersAccount(t *testing.T) {
	app := apptest.New(t)
	mallory, ada := app.Browser(), app.Browser()
	mallory.Email, ada.Email = "ada@example.com", "ada@example.com"
	mallory.Post("/register", "name", "Mallory", "email", ada.Email, "password", apptest.OtherPassword)
	foreign := ada.Mail().Link
	ada.SignUp("Ada", ada.Email, apptest.Password).WantRedirect(t, "/dashboard").WantText(t, "Hello, Ada")
	ada.Post("/logout")
	ada.Get(requestMailLogin(ada).Link).Submit().WantRedirect(t, "/dashboard").WantText(t, "Hello, Ada")
	mallory.Login(apptest.OtherPassword).WantStatus(t, 422)
	mallory.Get(foreign).WantStatus(t, 410)
	mallory.Post("/email/confirm", "token", tokenOf(foreign), "password", apptest.OtherPassword).WantStatus(t, 410)
	mallory.Post("/register/resend")
	if m := ada.Mail(); !strings.HasSuffix(m.Link, "/login") {
		t.Errorf("the stranger's sign-up is mailed once more, as %s", m.Link)
	}
	mallory.Get("/dashboard").WantStatus(t, 303)
}

// "Unexpired session" (Sudhodanan and Paverd, 2022): who was in before the owner took the account back is not in after it.
func TestPreHijackAAttackersSessionEndsWithThePasswordAndNoMailedLogInBringsItBack(t *testing.T) {
	app := apptest.New(t)
	attacker := app.LoggedIn("ada@example.com")
	waiting := attacker.Tab()
	waiting.Post("/logout") // of the attacker's own session, to have a guest's browser
	attacker.Login(apptest.Password).WantRedirect(t, "/dashboard")
	mine := requestMailLogin(waiting) // the owner's mailbox has it
	ada := app.Browser()
	ada.Email = attacker.Email
	ada.Post("/password/forgot", "email", ada.Email)
	ada.Get(ada.Mail().Link).Submit("password", apptest.OtherPassword).WantRedirect(t, "/login")
	ada.Mail()
	attacker.Get("/dashboard").WantStatus(t, 303)
	typeCode(ada, mailedCode(requestMailLogin(ada))).WantRedirect(t, "/dashboard")
	attacker.Get("/dashboard").WantStatus(t, 303)
	attacker.Login(apptest.Password).WantStatus(t, 422)
	typeCode(waiting, mailedCode(mine)).WantStatus(t, 303)
	waiting.Get("/dashboard").WantStatus(t, 303)
}

// A mailed login itself ends nothing: other devices of the owner's are no stranger's.
func TestAMailedLogInEndsNoOtherSession(t *testing.T) {
	app := apptest.New(t)
	laptop := app.LoggedIn("ada@example.com")
	phone := app.Browser()
	phone.Email = laptop.Email
	phone.Get(requestMailLogin(phone).Link).Submit().WantRedirect(t, "/dashboard")
	laptop.Get("/dashboard").WantStatus(t, 200)
	laptop.Get("/account/sessions").WantText(t, "Firefox")
}

// "Trojan identifier", and codes that belong to an address and not to a request: a mail of one kind is none of another.
func TestPreHijackAMailOfOneKindOpensNoOtherWay(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	login := tokenOf(requestMailLogin(ada).Link)
	for _, path := range []string{"/password/reset", "/email/confirm"} {
		ada.Get(path+"?token="+login).WantStatus(t, 410)
		ada.Post(path, "token", login, "password", apptest.OtherPassword).WantStatus(t, 410)
	}
	for _, link := range otherMailedLinks(ada) {
		ada.Get("/login/mail/confirm?token="+tokenOf(link)).WantStatus(t, 410)
		ada.Post("/login/mail/confirm", "token", tokenOf(link)).WantStatus(t, 410)
	}
	if ada.Cookie("mail_login") == "" {
		t.Fatal("her browser has no cookie of it")
	}
	ada.Get("/dashboard").WantStatus(t, 303)
}

// A stranger who asks in the owner's name gets nothing of the owner's pressing the button, and the owner is not led into anything.
func TestPreHijackTheOwnersClickLetsNoStrangerIn(t *testing.T) {
	app := apptest.New(t)
	ada, mallory := app.LoggedOut("ada@example.com"), app.Browser()
	mallory.Email = ada.Email
	m := requestMailLogin(mallory)
	ada.Get(m.Link).WantText(t, "only in the browser that asked")
	ada.Post("/login/mail/confirm", "token", tokenOf(m.Link)).WantStatus(t, 410)
	mallory.Get("/dashboard").WantStatus(t, 303)
	ada.Get("/dashboard").WantStatus(t, 303)
	if !strings.Contains(m.Text, mallory.IP) || !strings.Contains(m.Text, "Give it to nobody") {
		t.Errorf("the mail does not tell who asked:\n%s", m.Text)
	}
}

// Item 30: the browser's former session ends, its token is not kept.
func TestItem30AMailedLogInStartsAFreshSession(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	m := requestMailLogin(ada)
	cookie := ada.Cookie("mail_login")
	ada.Get(m.Link).Submit().WantRedirect(t, "/dashboard")
	if ada.Cookie("mail_login") != "" || ada.Cookie("session") == cookie {
		t.Error("the cookie of the request stays")
	}
	for _, name := range []string{"login.mail_requested", "session.started"} {
		if !slices.Contains(app.Events(), name) {
			t.Errorf("the security log lacks %s: %v", name, app.Events())
		}
	}
	ada.Get("/login/mail").WantRedirect(t, "/dashboard")
	ada.Get(m.Link).WantRedirect(t, "/dashboard")
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
func TestItem17AMailedLogInDoesNotHideWhatAAttackerAddedBeforeTheLockOut(t *testing.T) {
	eachSecondFactor(t, func(t *testing.T, app *apptest.App, ada *apptest.Browser, add func(*apptest.Browser) apptest.Factor) {
		own := add(ada)
		app.Clock.Advance(8 * 24 * time.Hour) // so that the mail of her own is of no use any more
		ada.Login(apptest.Password).WantRedirect(t, "/login/factor").Answer(own)
		app.Clock.Advance(time.Minute)
		attackers := add(ada.Tab())
		app.Clock.Advance(time.Minute)
		ada.OtherBrowser().Get(app.LastMail(ada.Email).Link).Submit().WantRedirect(t, "/login/factor")
		attacker := ada.OtherBrowser()
		attacker.Post("/login/mail", "email", ada.Email).WantRedirect(t, "/login/mail/sent").
			Submit("code", mailedCode(app.LastMail(ada.Email))).
			WantRedirect(t, "/login/factor").Answer(attackers).WantRedirect(t, "/login/password").
			Submit("password", "the attacker chose this one").WantRedirect(t, "/dashboard")
		app.Clock.Advance(time.Hour)
		ada.Get(app.LastMail(ada.Email).Link).Submit().WantRedirect(t, "/login/factor").Answer(own).
			ChooseOtherPassword(t)
		wantOnlyFactor(ada, own, attackers)
	})
}

// Item 17: who comes back by mail after the password was made void has no known device either.
func TestItem17NoDeviceIsKnownAfterAVoidPassword(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	attacker := ada.OtherBrowser()
	attacker.Login(apptest.Password).WantRedirect(t, "/dashboard")
	ada.NewDeviceMail()
	if err := app.Auth.ExpirePassword(t.Context(), ada.Email); err != nil {
		t.Fatal(err)
	}
	ada.Mail()
	ada.Get(requestMailLogin(ada).Link).Submit().WantRedirect(t, "/login/password").
		Submit("password", apptest.OtherPassword).WantRedirect(t, "/dashboard")
	app.WaitForMail()
	before := len(app.Mailbox.To(ada.Email))
	attacker.Login(apptest.OtherPassword).WantRedirect(t, "/dashboard")
	app.WaitForMail()
	if len(app.Mailbox.To(ada.Email)) == before {
		t.Error("nobody is told of the login on the device of before")
	}
}

func TestEarlierDatabase_MailedLinkAndCode(t *testing.T) {
	for name, logsIn := range map[string]func(*apptest.Browser, knowledge) *apptest.Page{
		"link": func(b *apptest.Browser, known knowledge) *apptest.Page { return b.Get(known.Links["login"]).Submit() },
		"code": func(b *apptest.Browser, known knowledge) *apptest.Page { return typeCode(b, known.Secrets["code"]) },
	} {
		t.Run(name, func(t *testing.T) {
			karen, known := newEarlier(t).browser("karen@example.com")
			logsIn(karen, known).WantRedirect(t, "/dashboard").WantText(t, "Hello, Karen")
		})
	}
}
