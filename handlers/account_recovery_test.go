package handlers_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/models"
)

// unusedRecoveryID is the id of a recovery that the user was offered.
func unusedRecoveryID(b *apptest.Browser) string {
	b.App.T.Helper()
	now, id := b.App.Clock.Now(), uuid.NewString()
	err := b.App.DB.Create(&models.AccountRecovery{ID: id, UserID: b.User().ID, TokenHash: []byte(id), CreatedAt: now, ExpiresAt: now.Add(time.Hour)}).
		Error
	if err != nil {
		b.App.T.Fatal(err)
	}
	return id
}

// recoveryLink is the link that was mailed to somebody who has lost their second factor; "" where there is none to lose.
func recoveryLink(app *apptest.App, t *testing.T) (link string) {
	t.Helper()
	alan := app.LoggedIn("alan@example.com")
	addTOTP(alan) // feature:totp
	if app.Auth.OfferRecovery(t.Context(), alan.Email) == nil {
		link = alan.Mail().Link
	}
	return link
}

func TestWhoLostEveryFactorIsLetInThroughTheMailboxAndThePassword(t *testing.T) {
	app := apptest.New(t)
	ada, lost := atSecondFactor(app, "ada@example.com")
	if err := app.Auth.OfferRecovery(t.Context(), " ADA@example.com"); err != nil {
		t.Fatal(err)
	}
	link := ada.Mail().Link
	page := app.Browser().Get(link).WantStatus(t, 200).WantText(t, "ada@example.com", "Your password stays")
	page.Submit().WantRedirect(t, "/login").WantText(t, "second factors are removed")
	if mail := ada.Mail(); !strings.Contains(mail.Text, "Every second factor was removed") {
		t.Errorf("the owner is told %s", mail.Text)
	}
	ada.Post("/login/factor", "factor", lost.Kind(), "answer", lost.Next()).WantRedirect(t, "/login")
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
	app.Browser().Get(link).WantRedirect(t, "/login").WantText(t, "second factors are removed")
	app.WantEvents("account.recovery_offered", "account.recovered")
}

// A session that a recovery ends leaves no change of the address behind.
func TestAccountRecovery_VoidsChangeOfAddress(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	addSecondFactor(ada)
	confirm, _ := requestEmailChange(ada, "mallory@example.com")
	if err := app.Auth.OfferRecovery(t.Context(), ada.Email); err != nil {
		t.Fatal(err)
	}
	ada.Get(app.LastMail(ada.Email).Link).Submit().WantRedirect(t, "/login")
	app.Browser().Get(confirm).WantStatus(t, 410)
}

// Item 31: as with a reset, what the browser forgets the server has ended, whoever's it was.
func TestItem31ARecoveryInSomebodyElsesBrowserEndsTheirSession(t *testing.T) {
	app := apptest.New(t)
	ada, _ := atSecondFactor(app, "ada@example.com")
	bob := app.LoggedIn("bob@example.com")
	stolen := bob.Tab()
	if err := app.Auth.OfferRecovery(t.Context(), ada.Email); err != nil {
		t.Fatal(err)
	}
	bob.Get(ada.Mail().Link).Submit().WantRedirect(t, "/login")
	stolen.Get("/dashboard").WantRedirect(t, "/login?next=%2Fdashboard")
}

func TestARecoveryLinkWorksOnceForAnHourAndOnlyTheNewest(t *testing.T) {
	app := apptest.New(t)
	ada, _ := atSecondFactor(app, "ada@example.com")
	offer := func() string {
		if err := app.Auth.OfferRecovery(t.Context(), ada.Email); err != nil {
			t.Fatal(err)
		}
		return ada.Mail().Link
	}
	old, link := offer(), offer()
	app.Browser().Get(old).WantStatus(t, 410)
	form := app.Browser().Get(link).WantStatus(t, 200)
	app.Clock.Advance(time.Hour)
	form.Submit().WantStatus(t, 410)
	if err := app.Auth.OfferRecovery(t.Context(), "nobody@example.com"); err == nil {
		t.Error("nobody is offered something")
	}
	app.LoggedOut("bob@example.com")
	if err := app.Auth.OfferRecovery(t.Context(), "bob@example.com"); err == nil {
		t.Error("Bob has no second factor to lose")
	}
}

// Item 21: whoever has chosen a password, or locked everybody out, has ended what somebody asked for in their name.
func TestItem21ARecoveryLinkEndsWithTheNextPassword(t *testing.T) {
	for how, ends := range map[string]func(ada *apptest.Browser, own apptest.Factor){
		"it is changed": func(ada *apptest.Browser, _ apptest.Factor) {
			ada.Post("/account/security", "current_password", apptest.Password, "password", apptest.OtherPassword).
				WantStatus(t, 303)
		},
		"it is reset": func(ada *apptest.Browser, own apptest.Factor) {
			ada.Post("/password/forgot", "email", ada.Email)
			ada.OtherBrowser().Get(ada.Mail().Link).Submit().WantRedirect(t, "/login/factor").Answer(own).
				ChooseOtherPassword(t)
		},
		"everybody is locked out": func(ada *apptest.Browser, own apptest.Factor) {
			ada.OtherBrowser().Login(apptest.Password).WantRedirect(t, "/login/factor").Answer(own).
				WantRedirect(t, "/dashboard")
			ada.OtherBrowser().Get(ada.NewDeviceMail().Link).Submit().WantRedirect(t, "/login/factor")
		},
	} {
		t.Run(how, func(t *testing.T) {
			app := apptest.New(t)
			ada := app.LoggedIn("ada@example.com")
			own := addSecondFactor(ada)
			if err := app.Auth.OfferRecovery(t.Context(), ada.Email); err != nil {
				t.Fatal(err)
			}
			link := ada.Mail().Link
			ends(ada, own)
			app.Browser().Get(link).WantStatus(t, 410)
		})
	}
}

// Item 67: one atomic statement decides who wins.
func TestItem67FiftyRacingRecoveriesHaveOneWinner(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada, _ := atSecondFactor(app, "ada@example.com")
	if err := app.Auth.OfferRecovery(t.Context(), ada.Email); err != nil {
		t.Fatal(err)
	}
	link, _ := url.Parse(ada.Mail().Link)
	told := app.Count("outbox", "kind = 'factor_changed'")
	app.AtOnce(50, func(int) {
		app.Browser().PostRacing("/account-recovery", url.Values{"token": {link.Query().Get("token")}})
	})
	app.WaitForMail()
	done := app.Count("events", "name = 'account.recovered'")
	if mails := app.Count("outbox", "kind = 'factor_changed'"); done != 1 || mails-told != 1 {
		t.Errorf("it is done %d times and told %d times", done, mails-told)
	}
}

// Item 67: who had come past a factor before all were removed has not come past what is asked for since.
func TestItem67ASignInDoesNotOutliveTheRecovery(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	factor := addSecondFactor(ada)
	attacker := ada.OtherBrowser()
	attacker.Post("/password/forgot", "email", ada.Email)
	asked := attacker.Get(app.LastMail(ada.Email).Link).Submit().WantRedirect(t, "/login/factor").Answer(factor).
		WantRedirect(t, "/login/password")
	if err := app.Auth.OfferRecovery(t.Context(), ada.Email); err != nil {
		t.Fatal(err)
	}
	ada.Get(app.LastMail(ada.Email).Link).Submit().WantRedirect(t, "/login")
	asked.Submit("password", "the attacker chose this one").WantRedirect(t, "/login")
	if n := app.Count("events", "name = 'password.reset'"); n != 0 {
		t.Error("the attacker has set a password")
	}
}
