package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/gatehouse/apptest"
)

func TestAForgottenPasswordIsResetByMail(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	ada.Get("/password/forgot").Submit("email", "ADA@example.com").WantRedirect(t, "/password/forgot/sent").
		WantText(t, "30 minutes")
	ada.Get(ada.Mail().Link).WantStatus(t, 200).Submit("password", apptest.OtherPassword).WantRedirect(t, "/login").
		WantText(t, "changed")
	ada.Login(apptest.Password).WantStatus(t, 422)
	ada.Login(apptest.OtherPassword).WantRedirect(t, "/dashboard")
	if told := ada.Mail(); !strings.Contains(strings.ToLower(told.Subject), "password") || !strings.Contains(told.Link, "/security-alert?token=") {
		t.Errorf("the owner is told %q, with a link to %s", told.Subject, told.Link)
	}
}

func TestItem16AskingForAResetAnswersTheSameForKnownAndUnknownAddresses(t *testing.T) {
	app := apptest.New(t)
	app.LoggedOut("ada@example.com")
	known := app.Browser().Post("/password/forgot", "email", "ada@example.com")
	unknown := app.Browser().Post("/password/forgot", "email", "bob@example.com")
	known.WantRedirect(t, "/password/forgot/sent")
	sameAnswer(t, known, unknown)
	app.WaitForMail()
	if mails := app.Mailbox.To("bob@example.com"); len(mails) != 0 {
		t.Errorf("somebody without an account was mailed %q", mails[0].Subject)
	}
}

// Item 21: single use, the newest only, and not for long.
func TestItem21AResetLinkWorksOnceAndOnlyTheNewest(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	ada.Post("/password/forgot", "email", ada.Email)
	first := ada.Mail().Link
	ada.Post("/password/forgot", "email", ada.Email)
	second := ada.Mail().Link
	ada.Get(first).WantStatus(t, 410).WantText(t, "no longer works")
	page := ada.Get(second)
	page.Submit("password", apptest.OtherPassword).WantRedirect(t, "/login")
	page.Submit("password", apptest.Password).WantRedirect(t, "/login").WantText(t, "already set a new password")
	ada.Get(second).WantRedirect(t, "/login")
	ada.Login(apptest.OtherPassword).WantRedirect(t, "/dashboard")
}

func TestItem21AResetLinkIsTooOldAfterHalfAnHour(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	ada.Post("/password/forgot", "email", ada.Email)
	link := ada.Mail().Link
	page := ada.Get(link).WantStatus(t, 200)
	app.Clock.Advance(30*time.Minute + time.Second)
	ada.Get(link).WantStatus(t, 410)
	page.Submit("password", apptest.OtherPassword).WantStatus(t, 410)
}

// Item 67: one atomic statement decides who wins.
func TestItem67FiftyRacingResetsHaveOneWinner(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada := app.LoggedOut("ada@example.com")
	ada.Post("/password/forgot", "email", ada.Email)
	link, _ := url.Parse(ada.Mail().Link)
	var won, lost atomic.Int32
	passwords := make([]string, 50)
	winner := atomic.Int32{}
	app.AtOnce(len(passwords), func(i int) {
		passwords[i] = fmt.Sprint(apptest.OtherPassword, " ", i)
		page, err := ada.Try(http.MethodPost, "/password/reset", url.Values{"token": {link.Query().Get("token")}, "password": {passwords[i]}})
		switch {
		case err != nil:
			t.Error(err)
		case page.Status == http.StatusSeeOther && strings.Contains(fmt.Sprint(page.Header["Set-Cookie"]), app.CookieName("device")+"="):
			won.Add(1)
			winner.Store(int32(i))
		case page.Status == http.StatusSeeOther, page.Status == http.StatusServiceUnavailable: // where too much is being hashed
			lost.Add(1)
		default:
			t.Errorf("one was answered %d: %s", page.Status, page.Text())
		}
	})
	if won.Load() != 1 || lost.Load() != 49 {
		t.Fatalf("%d won and %d lost", won.Load(), lost.Load())
	}
	ada.Login(passwords[winner.Load()]).WantRedirect(t, "/dashboard")
}

// Item 24: nobody is logged in by it, and everybody who was logged in is not any more.
func TestItem24AResetEndsEverySessionAndStartsNone(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	laptop := app.Browser()
	laptop.Email = ada.Email
	laptop.Login(apptest.Password).WantRedirect(t, "/dashboard")
	ada.Post("/password/forgot", "email", ada.Email)
	phone := ada.Tab()
	phone.Get(ada.Mail().Link).Submit("password", apptest.OtherPassword).WantRedirect(t, "/login")
	if phone.Cookie("session") != "" {
		t.Error("the browser keeps its session")
	}
	for _, device := range []*apptest.Browser{ada, laptop, phone} {
		device.Get("/dashboard").WantRedirect(t, "/login?next=%2Fdashboard")
	}
}

// Item 31: what the browser forgets, the server has ended, whoever's it was.
func TestItem31AResetInSomebodyElsesBrowserEndsTheirSession(t *testing.T) {
	app := apptest.New(t)
	ada, bob := app.LoggedOut("ada@example.com"), app.LoggedIn("bob@example.com")
	stolen := bob.Tab()
	ada.Post("/password/forgot", "email", ada.Email)
	bob.Get(ada.Mail().Link).Submit("password", apptest.OtherPassword).WantRedirect(t, "/login")
	stolen.Get("/dashboard").WantRedirect(t, "/login?next=%2Fdashboard")
}

// Item 26: asking alone changes nothing for the owner.
func TestItem26AskingForAResetLocksNobodyOut(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	app.Browser().Post("/password/forgot", "email", ada.Email)
	ada.Mail()
	ada.Get("/dashboard").WantStatus(t, 200)
	ada.Post("/logout")
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
}

// Item 39: a scanner that opens the link uses nothing up.
func TestItem39OpeningAResetLinkChangesNothing(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	ada.Post("/password/forgot", "email", ada.Email)
	app.Browser().ScanLinks(ada.Mail().Link)
}

// Item 22: the link is built from the configured address, whatever the request claims to be for.
func TestItem22TheLinkIsBuiltFromTheConfiguredAddress(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	r := ada.Request(http.MethodPost, "/password/forgot", strings.NewReader("email=ada@example.com"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Host = "evil.example"
	r.Header.Set("X-Forwarded-Host", "evil.example")
	r.Header.Set("Forwarded", "host=evil.example")
	if _, err := ada.Send(r); err != nil {
		t.Fatal(err)
	}
	if link := ada.Mail().Link; !strings.HasPrefix(link, app.Config.AppURL.String()+"/password/reset?token=") {
		t.Errorf("the link is %s", link)
	}
}

// Item 23: the token goes nowhere else.
func TestItem23TheResetPageGivesItsTokenToNobody(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	ada.Post("/password/forgot", "email", ada.Email)
	page := ada.Get(ada.Mail().Link)
	if got := page.Header.Get("Referrer-Policy"); got != "no-referrer" {
		t.Errorf("Referrer-Policy is %q", got)
	}
	if got := page.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control is %q", got)
	}
	for _, name := range []string{"link", "script", "img"} {
		for _, n := range page.All(name) {
			if from := apptest.Attr(n, "href") + apptest.Attr(n, "src"); !strings.HasPrefix(from, "/assets/") {
				t.Errorf("the page loads %s", from)
			}
		}
	}
}

// Items 21 and 68: what an attacker of the database or the log could use is in neither.
func TestItem68NoSecretIsInTheDatabaseOrTheLog(t *testing.T) {
	app := apptest.New(t, func(app *apptest.App) { app.Config.Production = true })
	ada := app.Browser()
	ada.Email = "ada@example.com"
	ada.Post("/register", "name", "Ada", "email", ada.Email, "password", apptest.Password)
	registration := ada.Mail().Link
	secrets := []string{apptest.Password, apptest.OtherPassword, ada.Cookie("registration"), apptest.CookieValue(ada.Cookie("registration"))}
	ada.Get(registration).Submit().WantRedirect(t, "/dashboard")
	secrets = append(secrets, ada.Cookie("session"), apptest.CookieValue(ada.Cookie("session")), ada.Cookie("device"), apptest.CookieValue(ada.Cookie("device")))
	ada.Post("/password/forgot", "email", ada.Email)
	reset := ada.Mail().Link
	secrets = append(secrets, registration[strings.Index(registration, "=")+1:], reset[strings.Index(reset, "=")+1:])
	dump := app.Tables()
	ada.Get(reset).Submit("password", apptest.OtherPassword).WantRedirect(t, "/login")
	ada.Login("a mistyped " + apptest.Password)
	for table, rows := range app.Tables() {
		dump[table] += rows
	}
	dump["log"] = app.Log.String()
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
	if strings.Contains(dump["outbox"], ada.Email) {
		t.Error("the outbox shows whom it mails")
	}
}

// Item 18: pages that send mail are limited by recipient.
func TestItem18NobodyIsFloodedWithMail(t *testing.T) {
	app := apptest.New(t)
	app.LoggedOut("ada@example.com")
	for _, email := range []string{"ada@example.com", "nobody@example.com"} {
		for range 5 {
			app.Browser().Post("/password/forgot", "email", email).WantStatus(t, 303)
		}
		page := app.Browser().Post("/password/forgot", "email", email).WantStatus(t, 429).WantText(t, "Too many")
		if page.Header.Get("Retry-After") == "" {
			t.Error("the answer does not say when to come back")
		}
		mailed := app.Count("outbox", "true")
		for range 6 {
			app.Browser().Post("/register", "name", "Eve", "email", email, "password", apptest.Password).
				WantRedirect(t, "/register/sent")
		}
		if n := app.Count("outbox", "true") - mailed; n != 5 {
			t.Errorf("%s is mailed %d times", email, n)
		}
	}
}

// A login whose password was checked just before the reset must not outlive it.
func TestALogInThatRacesAResetIsNotLeftBehind(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	for round := range 2 {
		ada := app.LoggedOut(fmt.Sprintf("ada%d@example.com", round))
		ada.Post("/password/forgot", "email", ada.Email)
		reset := ada.Get(ada.Mail().Link)
		token := apptest.Attr(reset.Input("token"), "value")
		attackers := make([]*apptest.Browser, 6)
		for i := range attackers {
			attackers[i] = app.Browser()
		}
		app.AtOnce(7, func(i int) {
			who, path, form := ada, "/password/reset", url.Values{"token": {token}, "password": {apptest.OtherPassword}}
			if i < len(attackers) {
				who, path, form = attackers[i], "/login", url.Values{"email": {ada.Email}, "password": {apptest.Password}}
			}
			page, err := who.Try(http.MethodPost, path, form)
			if err != nil {
				t.Error(err)
			} else if page.Status != http.StatusSeeOther && page.Status != http.StatusUnprocessableEntity {
				t.Errorf("%s was answered %d", path, page.Status)
			}
		})
		for _, attacker := range attackers {
			attacker.Get("/dashboard").WantRedirect(t, "/login?next=%2Fdashboard")
		}
	}
}

func TestAWeakNewPasswordUsesTheLinkNotUp(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	ada.Post("/password/forgot", "email", ada.Email)
	page := ada.Get(ada.Mail().Link)
	page = page.Submit("password", "short").WantStatus(t, 422).WantText(t, "15 characters")
	page = page.Submit("password", "ada@example.com").WantStatus(t, 422)
	page.Submit("password", apptest.OtherPassword).WantRedirect(t, "/login")
}

// Item 18: nor does one who writes from one address flood everybody.
func TestItem18OneAddressCannotMailTheWholeWorld(t *testing.T) {
	app := apptest.New(t)
	eve := app.Browser()
	register := func(email string) *apptest.Page {
		return eve.Post("/register", "name", "Eve", "email", email, "password", apptest.Password)
	}
	register("a@example.com").WantStatus(t, 303)
	app.SetHits("registration-ip", 29)
	register("b@example.com").WantStatus(t, 303)
	register("c@example.com").WantStatus(t, 429)
	eve.Post("/register/resend").WantStatus(t, 429)
	eve.Post("/register/correct", "email", "d@example.com").WantStatus(t, 429)
	eve.Post("/password/forgot", "email", "a@example.com").WantStatus(t, 303)
	app.SetHits("forgot-ip", 29)
	eve.Post("/password/forgot", "email", "b@example.com").WantStatus(t, 303)
	eve.Post("/password/forgot", "email", "c@example.com").WantStatus(t, 429)
}

// Item 18: sending again and correcting are mails like any other.
func TestItem18ResendingAndCorrectingAreCountedByRecipient(t *testing.T) {
	app := apptest.New(t)
	eve := app.Browser()
	eve.Post("/register", "name", "Eve", "email", "ada@example.com", "password", apptest.Password).WantStatus(t, 303)
	for range 4 {
		eve.Post("/register/resend").WantStatus(t, 303)
	}
	eve.Post("/register/resend").WantRedirect(t, "/register/sent").WantText(t, "no new one for now")
	eve.Post("/register/correct", "email", "ada@example.com").WantRedirect(t, "/register/sent").
		WantText(t, "no new one for now")
	eve.Post("/register/correct", "email", "adda@example.com").WantRedirect(t, "/register/sent").
		WantText(t, "corrected address")
	if n := app.Count("outbox", "true"); n != 6 {
		t.Errorf("%d mails went out", n)
	}
}

// Item 27: a token cannot be guessed, and is not tried for ever either.
func TestItem27TryingResetTokensIsLimited(t *testing.T) {
	app := apptest.New(t)
	eve := app.Browser()
	try := func() *apptest.Page {
		return eve.Post("/password/reset", "token", "guessed", "password", apptest.OtherPassword)
	}
	try().WantStatus(t, 410)
	app.SetHits("dead-link-ip", 29)
	try().WantStatus(t, 410)
	try().WantStatus(t, 429)
}

// Items 21 and 31: a link of an account that was disabled meanwhile opens nothing.
func TestItem31ADisabledAccountsLinkIsDead(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	ada.Post("/password/forgot", "email", ada.Email)
	page := ada.Get(ada.Mail().Link).WantStatus(t, 200)
	app.Exec("UPDATE users SET disabled_at = ?", app.Clock.Now())
	page.Submit("password", apptest.OtherPassword).WantStatus(t, 410)
	ada.Post("/password/forgot", "email", ada.Email).WantStatus(t, 303)
	app.WaitForMail()
	if n := len(app.Mailbox.To(ada.Email)); n != 1 {
		t.Errorf("a disabled account was mailed %d more links", n-1)
	}
}

// The owner who resets knows best which browsers are theirs: only the one that did it stays known.
func TestAResetForgetsEveryKnownDeviceButItsOwn(t *testing.T) {
	app := apptest.New(t)
	attacker := app.LoggedIn("ada@example.com")
	attacker.Post("/logout")
	ada := app.Browser()
	ada.Email = attacker.Email
	ada.Post("/password/forgot", "email", ada.Email)
	ada.Get(ada.Mail().Link).Submit("password", apptest.OtherPassword).WantRedirect(t, "/login")
	for range 5 {
		bot := app.Browser()
		bot.Email = ada.Email
		bot.Login("wrong wrong wrong wrong").WantStatus(t, 422)
	}
	attacker.Login(apptest.OtherPassword).WantStatus(t, 429)
	ada.Login(apptest.OtherPassword).WantRedirect(t, "/dashboard")
}

func TestAResetForgivesTheFailuresBeforeIt(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	ada.Login("wrong wrong wrong wrong").WantStatus(t, 422)
	app.SetHits("login-pair", 9)
	ada.Login("wrong wrong wrong wrong").WantStatus(t, 422)
	ada.Login(apptest.Password).WantStatus(t, 429)
	ada.Post("/password/forgot", "email", ada.Email)
	ada.Get(ada.Mail().Link).Submit("password", apptest.OtherPassword).WantRedirect(t, "/login")
	ada.Login(apptest.OtherPassword).WantRedirect(t, "/dashboard")
}

// Item 14: neither junk from the same address nor mail that was asked for on purpose keeps the owner from resetting.
func TestItem14NobodyKeepsAnOwnerFromResetting(t *testing.T) {
	app := apptest.New(t)
	ada, mallory := app.LoggedOut("ada@example.com"), app.Browser()
	mallory.IP = ada.IP
	ada.Post("/password/forgot", "email", ada.Email)
	page := ada.Get(ada.Mail().Link)
	for range 31 {
		mallory.Post("/password/reset", "token", "junk", "password", apptest.OtherPassword)
	}
	mallory.Post("/password/reset", "token", "junk", "password", apptest.OtherPassword).WantStatus(t, 429)
	page.Submit("password", apptest.OtherPassword).WantRedirect(t, "/login")

	for range 6 {
		app.Browser().Post("/password/forgot", "email", ada.Email)
	}
	ada.Post("/password/forgot", "email", ada.Email).WantStatus(t, 429)
	app.Clock.Advance(30*time.Minute + time.Second) // as long as the last link worked
	ada.Post("/password/forgot", "email", ada.Email).WantStatus(t, 303)
}

// What one user does to one account in many windows at once may be too late, but is never an error of ours.
func TestEverythingAtOnceToOneAccountFailsNobody(t *testing.T) {
	app := apptest.New(t)
	for round := range 3 {
		ada := app.LoggedIn(fmt.Sprintf("ada%d@example.com", round))
		tabs := []*apptest.Browser{ada, ada.Tab(), ada.Tab()}
		ada.Post("/password/forgot", "email", ada.Email)
		reset, _ := url.Parse(ada.Mail().Link)
		token := reset.Query().Get("token")
		deeds := []func(b *apptest.Browser) (*apptest.Page, error){
			func(b *apptest.Browser) (*apptest.Page, error) {
				return b.Try(http.MethodPost, "/login", url.Values{"email": {ada.Email}, "password": {apptest.Password}})
			},
			func(b *apptest.Browser) (*apptest.Page, error) {
				return b.Try(http.MethodPost, "/password/reset", url.Values{"token": {token}, "password": {apptest.Password}})
			},
			func(b *apptest.Browser) (*apptest.Page, error) {
				return b.Try(http.MethodPost, "/password/forgot", url.Values{"email": {ada.Email}})
			},
			func(b *apptest.Browser) (*apptest.Page, error) {
				return b.Try(http.MethodPost, "/account/security", url.Values{"current_password": {apptest.Password}, "password": {apptest.Password}})
			},
			func(b *apptest.Browser) (*apptest.Page, error) {
				return b.Try(http.MethodPost, "/account/sessions/end-others", nil)
			},
			func(b *apptest.Browser) (*apptest.Page, error) { return b.Try(http.MethodPost, "/logout", nil) },
		}
		app.AtOnce(4*len(deeds), func(i int) {
			who := tabs[i%len(tabs)]
			if i%len(deeds) == 0 {
				who = app.Browser()
				who.IP = ada.IP
			}
			if page, err := deeds[i%len(deeds)](who); err != nil || page.Status >= 500 {
				t.Errorf("deed %d: %v %v", i%len(deeds), page, err)
			}
		})
	}
}
