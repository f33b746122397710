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

// createRecoveryCodes are new ones of the user's, who has a second factor.
func createRecoveryCodes(b *apptest.Browser) (codes []string) {
	b.App.T.Helper()
	page := b.Post("/account/recovery-codes").WantStatus(b.App.T, 200)
	for _, code := range page.All("code") {
		codes = append(codes, code.FirstChild.Data)
	}
	b.Mail()
	return codes
}

// recoveryCodeID is the id of one that the user has.
func recoveryCodeID(b *apptest.Browser) string {
	b.App.T.Helper()
	id := uuid.NewString()
	if err := b.App.DB.Create(&models.RecoveryCode{ID: id, UserID: b.User().ID, CodeHash: []byte(id), CreatedAt: b.App.Clock.Now()}).Error; err != nil {
		b.App.T.Fatal(err)
	}
	return id
}

func TestSomebodyWhoLostThePhoneLogsInWithARecoveryCode(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	addSecondFactor(ada)
	codes := createRecoveryCodes(ada)
	if len(codes) != 10 {
		t.Fatalf("%d codes", len(codes))
	}
	ada.Post("/logout")
	other := ada.Login(apptest.Password).WantRedirect(t, "/login/factor").Submit("choose", "recovery_codes").
		WantStatus(t, 200).WantText(t, "Recovery code")
	other.Submit("answer", strings.ToUpper(strings.ReplaceAll(codes[3], "-", "–"))+"\t").WantRedirect(t, "/dashboard")
	if mail := ada.Mail(); !strings.Contains(mail.Text, "9 recovery codes left") {
		t.Errorf("the mail says %s", mail.Text)
	}
	ada.Post("/logout")
	ada.Login(apptest.Password)
	ada.Post("/login/factor", "factor", "recovery_codes", "answer", codes[3]).WantStatus(t, 422)
}

func TestItem47NewCodesVoidTheOldAndNoneIsStoredAsShown(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	ada.Post("/account/recovery-codes").WantStatus(t, 422).WantText(t, "second factor first")
	addSecondFactor(ada)
	old, codes := createRecoveryCodes(ada), createRecoveryCodes(ada)
	if kept := app.Rows("recovery_codes", "1=1"); strings.Contains(kept, codes[0]) || strings.Contains(kept, strings.ReplaceAll(codes[0], "-", "")) {
		t.Error("the codes are in the database")
	}
	if len(strings.ReplaceAll(codes[0], "-", ""))*5 < 112 {
		t.Errorf("%s has too few bits for SHA-256", codes[0])
	}
	ada.Post("/logout")
	ada.Login(apptest.Password)
	ada.Post("/login/factor", "factor", "recovery_codes", "answer", old[0]).WantStatus(t, 422)
	ada.Post("/login/factor", "factor", "recovery_codes", "answer", codes[0]).WantRedirect(t, "/dashboard")
}

// Item 33: whoever has made new codes, perhaps since somebody has seen the old, is led to where other sessions are ended.
func TestItem33WhoMakesRecoveryCodesIsOfferedToEndOtherSessions(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	factor := addSecondFactor(ada)
	ada.Post("/account/recovery-codes").WantStatus(t, 200).WantNoText(t, "Other devices")
	phone := ada.OtherBrowser()
	phone.Login(apptest.Password).WantRedirect(t, "/login/factor").Answer(factor).WantRedirect(t, "/dashboard")
	ada.Post("/account/recovery-codes").WantStatus(t, 200).
		WantText(t, "Other devices are still logged in", "log them out")
}

func TestItem67FiftyRequestsWithOneRecoveryCodeAreOneLogIn(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada := app.LoggedIn("ada@example.com")
	addSecondFactor(ada)
	code := createRecoveryCodes(ada)[0]
	people := manyAtSecondFactor(app, ada.Email, 50)
	app.AtOnce(len(people), func(i int) {
		people[i].PostRacing("/login/factor", url.Values{"factor": {"recovery_codes"}, "answer": {code}})
	})
	if in := app.Count("sessions", "method = 'password recovery_codes'"); in != 1 {
		t.Errorf("%d are let in", in)
	}
}

func TestWhoHasFewRecoveryCodesIsTold(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	addSecondFactor(ada)
	codes := createRecoveryCodes(ada)
	ada.Get("/account/recovery-codes").WantText(t, "10 of your codes are unused.")
	for i, code := range codes[:7] {
		if i == 6 {
			ada.Get("/account/recovery-codes").WantText(t, "4 of your codes are unused.").WantNoText(t, "Only")
		}
		app.Clock.Advance(10 * time.Minute)
		ada.Get("/account/recovery-codes").WantStatus(t, 200)
		ada.Post("/account/prove", "factor", "recovery_codes", "answer", code).WantRedirect(t, "/account")
		ada.Mail()
	}
	ada.Get("/account/recovery-codes").WantText(t, "Only 3 left")
}

func TestRecoveryCodesAreDownloadedAsAFile(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	addSecondFactor(ada)
	shown := ada.Post("/account/recovery-codes").WantStatus(t, 200)
	file := shown.Submit().WantStatus(t, 200)
	if !strings.HasPrefix(file.Header.Get("Content-Disposition"), "attachment") || strings.Count(file.Body, "\n") != 10 {
		t.Errorf("%v %q", file.Header, file.Body)
	}
}

// A recovery code is read as people type it, and what can't be one uses up no try.
func TestRecoveryCodes_AreReadAsPeopleTypeThem(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	addSecondFactor(ada)
	code := createRecoveryCodes(ada)[0]
	asked := ada.OtherBrowser()
	asked.Login(apptest.Password).WantRedirect(t, "/login/factor")
	answer := func(typed string) *apptest.Page {
		return asked.Post("/login/factor", "factor", "recovery_codes", "answer", typed)
	}
	for _, typed := range []string{"000000", code[:20], code + "0", strings.Repeat("u", 24), "-"} {
		for range 3 {
			answer(typed).WantStatus(t, 422).WantText(t, "24 letters and digits")
		}
	}
	wide := strings.Map(func(r rune) rune {
		if r > ' ' && r <= '~' {
			return r - '!' + '！'
		}
		return r
	}, strings.ToUpper(code))
	answer("\ufeff"+wide+"\u200b").WantRedirect(t, "/dashboard")
}

// Item 25: who has lost the phone and the password has the mailbox and the codes.
func TestARecoveryCodeOpensAReset(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	addSecondFactor(ada)
	codes := createRecoveryCodes(ada)
	ada.Post("/password/forgot", "email", ada.Email)
	asked := ada.Get(ada.Mail().Link).Submit().WantRedirect(t, "/login/factor").Submit("choose", "recovery_codes").
		WantStatus(t, 200).WantText(t, "Go on")
	asked.Submit("answer", codes[0]).ChooseOtherPassword(t)
}

// Item 14: nobody finds a code of 120 bits by trying, so that trying keeps nobody from using one
// elsewhere. Each login and each address have their tries all the same: what is wrong is written down, and asks the database.
func TestItem14WrongRecoveryCodesKeepNobodyFromTheRightOne(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	addSecondFactor(ada)
	code := createRecoveryCodes(ada)[0]
	attacker := ada.OtherBrowser()
	tries := func(answer string) *apptest.Page {
		return attacker.Post("/login/factor", "factor", "recovery_codes", "answer", answer)
	}
	for range 2 {
		attacker.Login(apptest.Password).WantRedirect(t, "/login/factor")
		for range 5 {
			tries("0000-0000-0000-0000-0000-0000").WantStatus(t, 422)
		}
		tries(code).WantRedirect(t, "/login")
	}
	attacker.Login(apptest.Password).WantRedirect(t, "/login/factor")
	tries(code).WantStatus(t, 429)
	phone := ada.OtherBrowser()
	phone.Login(apptest.Password).WantRedirect(t, "/login/factor")
	phone.Post("/login/factor", "factor", "recovery_codes", "answer", code).WantRedirect(t, "/dashboard")
}

// Item 17: codes that an attacker has made go with the word that it was not the owner who made them.
func TestItem17AAttackersRecoveryCodesAreNoWayIn(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	own := addSecondFactor(ada)
	codes := createRecoveryCodes(ada.Tab())
	ada.Get(app.LastMail(ada.Email).Link).Submit().WantRedirect(t, "/login/factor").Answer(own).
		ChooseOtherPassword(t)
	ada.Login(apptest.OtherPassword).WantRedirect(t, "/login/factor")
	ada.Post("/login/factor", "factor", "recovery_codes", "answer", codes[0]).WantStatus(t, 422)
}

func TestItem67TenRightCodesForOneSignInAreOneLogIn(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada := app.LoggedIn("ada@example.com")
	addSecondFactor(ada)
	codes := createRecoveryCodes(ada)
	ada.Post("/logout")
	ada.StartLogin()
	browsers := make([]*apptest.Browser, len(codes))
	for i := range browsers {
		browsers[i] = ada.Tab()
	}
	app.AtOnce(len(browsers), func(i int) {
		browsers[i].PostRacing("/login/factor", url.Values{"factor": {"recovery_codes"}, "answer": {codes[i]}})
	})
	if n := app.Count("sessions", "expires_at > ?", app.Clock.Now()); n != 1 {
		t.Errorf("%d are let in", n)
	}
}

func TestItem68WhatHappensToRecoveryCodesIsOnRecord(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	addSecondFactor(ada)
	ada.Post("/account/prove", "factor", "recovery_codes", "answer", createRecoveryCodes(ada)[0]).
		WantRedirect(t, "/account")
	app.WantEvents("recovery_codes.made", "recovery_code.used")
}

func TestItem67FiftyWhoMakeCodesAtOnceMakeTen(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada := app.LoggedIn("ada@example.com")
	addSecondFactor(ada)
	ada.PostFifty("/account/recovery-codes", func(int) url.Values { return nil })
	if n := app.Count("recovery_codes", "1=1"); n != 10 {
		t.Errorf("there are %d", n)
	}
}

// Item 67: the same of a recovery code, whose use would mail a living link to whoever has the mailbox by then.
func TestItem67ARecoveryCodeHeldBackUntilTheAccountIsLockedIsNotUsed(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	addSecondFactor(ada)
	codes := createRecoveryCodes(ada)
	for i, path := range []string{"/login/factor", "/account/prove"} {
		attacker := ada.Tab()
		if path == "/login/factor" {
			attacker = ada.OtherBrowser()
			attacker.Login(apptest.Password).WantRedirect(t, "/login/factor")
		}
		finish := attacker.BeginPost(path, "factor", "recovery_codes", "answer", codes[i])
		if path == "/login/factor" {
			app.Exec("DELETE FROM pending_logins") // as every way of locking does
		} else {
			app.Exec("UPDATE sessions SET expires_at = ?", app.Clock.Now())
		}
		finish().WantRedirect(t, "/login")
	}
	if n := app.Count("recovery_codes", "1=1"); n != 10 {
		t.Errorf("%d codes are left", n)
	}
}

func TestEarlierDatabase_EachRecoveryCodeWorksOnce(t *testing.T) {
	if len(secondFactors()) == 0 {
		t.Skip("there is no kind of second factor in this application")
	}
	e := newEarlier(t)
	grace, known := e.browser("grace@example.com")
	codes := strings.Fields(known.Secrets["recovery codes"])
	for n, code := range codes[:2] {
		asked := e.elsewhere(grace.Email).WantRedirect(t, "/login/factor")
		if n > 0 {
			asked.Submit("factor", "recovery_codes", "answer", codes[n-1]).WantStatus(t, 422)
		}
		asked.Submit("factor", "recovery_codes", "answer", code).WantRedirect(t, "/dashboard")
	}
}
