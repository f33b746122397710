package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/gatehouse/apptest"
)

// alertedUser is somebody who has a mail that their password was changed.
func alertedUser(app *apptest.App, email string) *apptest.Browser {
	app.T.Helper()
	b := app.LoggedIn(email)
	b.Post("/account/security", "current_password", apptest.Password, "password", apptest.OtherPassword).
		WantRedirect(app.T, "/account/security")
	return b
}

// A link that cannot be used now is not called dead, and is there for the next try.
func TestAFaultInsideLeavesALinkAlive(t *testing.T) {
	app := apptest.New(t)
	links := map[string]string{}
	links["alert"] = alertedUser(app, "ada@example.com").Mail().Link
	reset := app.LoggedIn("bob@example.com")
	reset.Post("/password/forgot", "email", reset.Email)
	links["reset"] = reset.Mail().Link
	links["recovery"] = recoveryLink(app, t)
	links["deletion"] = deleteAccount(app.LoggedIn("cid@example.com")).Link
	_, links["approval"] = requestEmailChange(app.LoggedIn("dan@example.com"), "eve@example.com")
	links["undo"] = changeEmail(app.LoggedIn("fay@example.com"), "gus@example.com")
	for name, link := range links {
		if link == "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			visitor := app.Browser()
			page := visitor.Get(link).WantStatus(t, 200)
			app.FailLocks(func() { page.Submit("password", apptest.OtherPassword).WantStatus(t, 500) })
			visitor.Get(link).Submit("password", apptest.OtherPassword).WantStatus(t, http.StatusSeeOther)
		})
	}
}

// Item 17: a login on a device that was never seen is told of; the first of all, and one on a device that is known, are not.
func TestItem17TheOwnerIsToldOfALogInOnANewDevice(t *testing.T) {
	app := apptest.New(t)
	ada := app.Browser()
	ada.SignUp("Ada", "ada@example.com", apptest.Password).WantRedirect(t, "/dashboard")
	ada.Post("/logout")
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
	phone := ada.OtherBrowser()
	phone.UserAgent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
	phone.Login(apptest.Password).WantRedirect(t, "/dashboard")
	told := ada.NewDeviceMail()
	for _, fact := range []string{"Safari on iOS", phone.IP, app.Clock.Now().UTC().Format("January 2, 2006 at 15:04 UTC"), "This wasn’t me"} {
		if !strings.Contains(told.Text, fact) {
			t.Errorf("the mail does not tell %q:\n%s", fact, told.Text)
		}
	}
	phone.Post("/logout")
	phone.Login(apptest.Password).WantRedirect(t, "/dashboard")
	app.WaitForMail()
	if n := len(app.Mailbox.To(ada.Email)); n != 2 {
		t.Errorf("she got %d mails, not one to confirm and one of the phone", n)
	}
}

// Item 17: nobody who came with an import, or was away for longer than a cookie lives, is robbed of that mail by having no device yet.
func TestItem17TheFirstLogInIsToldOfWhereNobodyHasJustSignedUp(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
	if told := ada.NewDeviceMail(); !strings.HasPrefix(told.Subject, "New login") {
		t.Errorf("she is mailed %q", told.Subject)
	}
}

// A browser that somebody else has logged in with is a new one to her.
func TestADeviceIsKnownForEachOfItsPeople(t *testing.T) {
	app := apptest.New(t)
	ada, bob := app.LoggedIn("ada@example.com"), app.LoggedIn("bob@example.com")
	ada.Post("/logout")
	ada.Email = bob.Email
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
	bob.NewDeviceMail()
}

// Items 17 and 33: whoever was not the one locks the attacker out, whatever the attacker knows, and chooses a new password.
func TestItem17WhoeverItWasNotLocksTheAttackerOut(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	attacker := ada.OtherBrowser()
	attacker.Login(apptest.Password).WantRedirect(t, "/dashboard")
	page := ada.Get(ada.NewDeviceMail().Link).WantStatus(t, 200).
		WantText(t, "ada@example.com", "Every device is logged out")
	asked := page.Submit().WantRedirect(t, "/login/password").WantText(t, "Set a new password")
	for _, b := range []*apptest.Browser{attacker, ada} {
		b.Get("/dashboard").WantRedirect(t, "/login?next=%2Fdashboard")
	}
	attacker.Login(apptest.Password).WantStatus(t, 422).WantText(t, "don’t match")
	attacker.Login("").WantStatus(t, 422)
	asked.Submit("password", "short").WantStatus(t, 422).WantText(t, "15 characters")
	asked.Submit("password", apptest.OtherPassword).WantRedirect(t, "/login").WantText(t, "Log in with the new one.")
	ada.Login(apptest.OtherPassword).WantRedirect(t, "/dashboard")
	if events := strings.Join(app.Events(), " "); !strings.Contains(events, "account.compromise_reported") || !strings.Contains(events, "account.compromise_reported session.ended login.begun login.failed password.reset session.started") {
		t.Errorf("the log tells %s", events)
	}
}

// Without a password the owner is not locked out: the mailbox opens the way, as it does for who has forgotten it.
func TestWhoLocksEverybodyOutAndLeavesResetsByMail(t *testing.T) {
	app := apptest.New(t)
	ada := alertedUser(app, "ada@example.com")
	ada.Get(ada.Mail().Link).Submit().WantRedirect(t, "/login/password")
	app.Clock.Advance(10 * time.Minute)
	ada.Get("/login/password").WantRedirect(t, "/login")
	ada.Login(apptest.OtherPassword).WantStatus(t, 422)
	ada.Post("/password/forgot", "email", ada.Email)
	ada.Get(ada.Mail().Link).Submit("password", apptest.Password).WantRedirect(t, "/login")
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
}

// Item 25: the link in an alert is as good as one to reset, and no better.
func TestItem25TheLinkInAnAlertDoesNotBypassTheSecondFactor(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	factor := addSecondFactor(ada)
	attacker := ada.OtherBrowser()
	attacker.Login(apptest.Password).WantRedirect(t, "/login/factor").Answer(factor).WantRedirect(t, "/dashboard")
	asked := ada.Get(ada.NewDeviceMail().Link).Submit().WantRedirect(t, "/login/factor").
		WantText(t, "Go on", "turn to whoever runs this site")
	attacker.Tab().Post("/login/password", "password", apptest.OtherPassword).WantStatus(t, 303)
	asked.Answer(factor).ChooseOtherPassword(t)
	ada.Login(apptest.OtherPassword).WantRedirect(t, "/login/factor").Answer(factor).WantRedirect(t, "/dashboard")
}

// Item 17: what a mail tells of goes with the word that it was not its reader who did it, and nothing that was there before.
func TestItem17WhatAnAlertTellsOfIsNoWayIn(t *testing.T) {
	eachSecondFactor(t, func(t *testing.T, app *apptest.App, ada *apptest.Browser, add func(*apptest.Browser) apptest.Factor) {
		own := addSecondFactor(ada)
		attackers := add(ada.Tab())
		ada.Get(app.LastMail(ada.Email).Link).Submit().WantRedirect(t, "/login/factor").Answer(own).
			ChooseOtherPassword(t)
		wantOnlyFactor(ada, own, attackers)
	})
}

// Item 17: an attacker who resets the password, which voids the mail of what they added, does not keep that.
func TestItem17AResetDoesNotHideWhatAAttackerAddedBeforeIt(t *testing.T) {
	eachSecondFactor(t, func(t *testing.T, app *apptest.App, ada *apptest.Browser, add func(*apptest.Browser) apptest.Factor) {
		own := add(ada)
		app.Clock.Advance(8 * 24 * time.Hour) // so that the mail of her own is of no use any more
		ada.Login(apptest.Password)
		ada.Get("/login/factor").Answer(own)
		app.Clock.Advance(time.Minute)
		attacker := ada.Tab()
		attackers := add(attacker)
		app.Clock.Advance(time.Hour)
		attacker = ada.OtherBrowser()
		attacker.Post("/password/forgot", "email", ada.Email)
		app.WaitForMail()
		attacker.Get(app.LastMail(ada.Email).Link).Submit().WantRedirect(t, "/login/factor").Answer(attackers).
			WantRedirect(t, "/login/password").Submit("password", "the attacker chose this one").
			WantRedirect(t, "/login")
		app.WaitForMail()
		app.Clock.Advance(time.Minute)
		ada.Get(app.LastMail(ada.Email).Link).Submit().WantRedirect(t, "/login/factor").Answer(own).
			ChooseOtherPassword(t)
		wantOnlyFactor(ada, own, attackers)
	})
}

// Item 17: of several mails people answer any, and often the last. What was added between them goes as well, and the factor that the owner
// proves with stays, whenever it came.
func TestItem17TheLastOfSeveralMailsLocksOutAsWellAsTheFirst(t *testing.T) {
	eachSecondFactor(t, func(t *testing.T, app *apptest.App, ada *apptest.Browser, add func(*apptest.Browser) apptest.Factor) {
		own := add(ada)
		app.Clock.Advance(time.Minute)
		attacker := ada.Tab()
		attackers := []apptest.Factor{add(attacker)}
		app.Clock.Advance(time.Minute)
		attackers = append(attackers, add(attacker))
		ada.Get(app.LastMail(ada.Email).Link).Submit().WantRedirect(t, "/login/factor").Answer(own).
			ChooseOtherPassword(t)
		wantOnlyFactor(ada, own, attackers...)
	})
}

func TestItem21TheLinkInAnAlertWorksOnceForAWeek(t *testing.T) {
	app := apptest.New(t)
	ada := alertedUser(app, "ada@example.com")
	link := ada.Mail().Link
	page := ada.Get(link).WantStatus(t, 200)
	app.Clock.Advance(7 * 24 * time.Hour)
	page.Submit().WantStatus(t, 410)
	ada = alertedUser(app, "bob@example.com")
	link = ada.Mail().Link
	app.Clock.Advance(7*24*time.Hour - time.Second)
	ada.Get(link).Submit().WantStatus(t, 303)
	ada.Get(link).WantRedirect(t, "/login/password") // where the first press led
	app.Browser().Get(link).WantRedirect(t, "/password/forgot").WantText(t, "already used this link")
}

// An old mail is nothing to come upon: a reset voids the alerts before it.
func TestAResetVoidsOlderAlerts(t *testing.T) {
	app := apptest.New(t)
	ada := alertedUser(app, "ada@example.com")
	link := ada.Mail().Link
	ada.Post("/password/forgot", "email", ada.Email)
	ada.Get(ada.Mail().Link).Submit("password", apptest.Password).WantRedirect(t, "/login")
	app.Browser().Get(link).WantStatus(t, 410)
}

// Item 67: fifty who press at once have one winner.
func TestItem67FiftyWhoDisownAtOnceHaveOneWinner(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada := alertedUser(app, "ada@example.com")
	link, _ := url.Parse(ada.Mail().Link)
	var won, lost atomic.Int32
	app.AtOnce(50, func(int) {
		page, err := ada.OtherBrowser().
			Try(http.MethodPost, "/security-alert", url.Values{"token": {link.Query().Get("token")}})
		switch {
		case err != nil:
			t.Error(err)
		case page.Header.Get("Location") == "/login/password":
			won.Add(1)
		case page.Header.Get("Location") == "/password/forgot":
			lost.Add(1)
		default:
			t.Errorf("one was answered %d: %s", page.Status, page.Text())
		}
	})
	if won.Load() != 1 || lost.Load() != 49 {
		t.Errorf("%d won and %d lost", won.Load(), lost.Load())
	}
}

// Item 39: a scanner that opens the link of an alert does nothing.
func TestItem39OpeningTheLinkInAnAlertChangesNothing(t *testing.T) {
	app := apptest.New(t)
	app.Browser().ScanLinks(alertedUser(app, "ada@example.com").Mail().Link)
}

// Somebody else who is logged in in this browser is not any more: what follows is about another account.
func TestWhoDisownsInSomebodyElsesBrowserLogsThemOut(t *testing.T) {
	app := apptest.New(t)
	ada, bob := alertedUser(app, "ada@example.com"), app.LoggedIn("bob@example.com")
	bob.Get(ada.Mail().Link).Submit().WantRedirect(t, "/login/password").Submit("password", apptest.Password).
		WantRedirect(t, "/login")
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
}

// Item 27: the token cannot be guessed, and is not tried for ever.
func TestItem27TryingTokensOfAlertsIsLimited(t *testing.T) {
	app := apptest.New(t)
	eve := app.Browser()
	eve.Post("/security-alert", "token", "guessed").WantStatus(t, 410)
	app.SetHits("dead-link-ip", 29)
	eve.Post("/security-alert", "token", "guessed").WantStatus(t, 410)
	eve.Post("/security-alert", "token", "guessed").WantStatus(t, 429)
}

// Item 17: only what the owner proves with in the login that ends in the new password is spared, and not what somebody else uses meanwhile.
func TestItem17WhatAAttackerProvesWithMeanwhileIsNotSpared(t *testing.T) {
	eachSecondFactor(t, func(t *testing.T, app *apptest.App, ada *apptest.Browser, add func(*apptest.Browser) apptest.Factor) {
		own := add(ada)
		app.Clock.Advance(time.Minute)
		attackers := add(ada.Tab())
		app.Clock.Advance(time.Minute)
		asked := ada.Get(app.LastMail(ada.Email).Link).Submit().WantRedirect(t, "/login/factor")
		app.Clock.Advance(time.Minute)
		attacker := ada.OtherBrowser()
		attacker.Post("/password/forgot", "email", ada.Email)
		attacker.Get(app.LastMail(ada.Email).Link).Submit().WantRedirect(t, "/login/factor").Answer(attackers).
			WantRedirect(t, "/login/password")
		app.Clock.Advance(time.Minute)
		asked.Answer(own).ChooseOtherPassword(t)
		wantOnlyFactor(ada, own, attackers)
	})
}

// Item 14: the cookie by which a browser is known is another after the lock-out: a copy of it is not known, and slows nobody down.
func TestItem14ACopiedDeviceIsNotKnownAfterTheLockOut(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	attacker := ada.Tab()
	attacker.Post("/account/security", "current_password", apptest.Password, "password", "the attacker chose this one").
		WantRedirect(t, "/account/security")
	ada.Get(app.LastMail(ada.Email).Link).Submit().ChooseOtherPassword(t)
	for range 6 {
		attacker.Login("wrong wrong wrong wrong")
	}
	ada.Login(apptest.OtherPassword).WantRedirect(t, "/dashboard")
	app.Clock.Advance(time.Hour)
	app.WaitForMail()
	before := len(app.Mailbox.To(ada.Email))
	attacker.Login(apptest.OtherPassword).WantRedirect(t, "/dashboard") // were they to learn the new one
	app.WaitForMail()
	if len(app.Mailbox.To(ada.Email)) == before {
		t.Error("nobody is told of the login with the copy")
	}
}

// Item 14: nor is it known again where the owner logs in with the browser that it was copied from.
func TestItem14ACopiedDeviceIsNotKnownAgain(t *testing.T) {
	app := apptest.New(t)
	laptop := app.LoggedIn("ada@example.com")
	attacker := laptop.Tab()
	attacker.Post("/account/security", "current_password", apptest.Password, "password", "the attacker chose this one").
		WantRedirect(t, "/account/security")
	phone := laptop.OtherBrowser()
	phone.Get(app.LastMail(laptop.Email).Link).Submit().ChooseOtherPassword(t)
	app.Clock.Advance(time.Hour)
	laptop.Login(apptest.OtherPassword).WantRedirect(t, "/dashboard")
	for range 6 {
		attacker.Login("wrong wrong wrong wrong")
	}
	laptop.Post("/logout")
	laptop.Login(apptest.OtherPassword).WantRedirect(t, "/dashboard")
}
