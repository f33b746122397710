package handlers_test

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/auth"
	"example.com/gatehouse/mail/mailtest"
	"example.com/gatehouse/models"
)

// requestEmailChange asks for another address, and returns the links that both mailboxes get.
func requestEmailChange(b *apptest.Browser, to string) (confirm, approve string) {
	b.App.T.Helper()
	b.Post("/account/email", "email", to).WantRedirect(b.App.T, "/account/email").WantText(b.App.T, to, "Waiting")
	return b.App.Mailbox.Next(b.App.T, to).Link, b.Mail().Link
}

// changeEmail has both mailboxes agree to another address, which is the user's from then on. It returns the link that undoes it.
func changeEmail(b *apptest.Browser, to string) (undo string) {
	b.App.T.Helper()
	told := leaveAddress(b, to)
	if !strings.Contains(told.Link, "/email/undo?token=") || !strings.Contains(told.Text, "Nobody else can have this address") {
		b.App.T.Fatalf("the former mailbox is told %q", told.Text)
	}
	return told.Link
}

// leaveAddress has both mailboxes agree to another address, and returns what the former one is told then.
func leaveAddress(b *apptest.Browser, to string) mailtest.Message {
	b.App.T.Helper()
	confirm, approve := requestEmailChange(b, to)
	former := *b
	b.App.Browser().Get(confirm).Submit().WantRedirect(b.App.T, "/login").
		WantText(b.App.T, "once the link in our mail to the other one")
	b.App.Browser().Get(approve).Submit().WantRedirect(b.App.T, "/login").WantText(b.App.T, "The address is changed.")
	b.Email = to
	if told := b.Mail(); !strings.Contains(told.Subject, "has this address now") {
		b.App.T.Fatalf("the new mailbox is told %q", told.Subject)
	}
	return former.Mail()
}

// formerEmailID is the id of an address that the user had.
func formerEmailID(b *apptest.Browser) string {
	b.App.T.Helper()
	now, id := b.App.Clock.Now(), uuid.NewString()
	err := b.App.DB.Create(&models.FormerEmail{ID: id, UserID: b.User().ID, Email: "former-" + b.Email, TokenHash: []byte(id), CreatedAt: now, ExpiresAt: now.Add(time.Hour)}).
		Error
	if err != nil {
		b.App.T.Fatal(err)
	}
	return id
}

// Item 67: a form whose sending began before the address was changed back sets no password after it.
func TestItem67AFormInFlightDoesNotOutliveTheUndo(t *testing.T) {
	app := apptest.New(t)
	attacker := app.LoggedIn("ada@example.com")
	owner := attacker.OtherBrowser()
	undo := changeEmail(attacker, "mallory@example.com")
	app.WaitForMail()
	attacker.Get(app.LastMail("mallory@example.com").Link).Submit().WantRedirect(t, "/login/password")
	finish := attacker.BeginPost("/login/password", "password", "the attacker chose this one")
	asked := owner.Get(undo).Submit().WantRedirect(t, "/login/password")
	finish().WantRedirect(t, "/login")
	asked.Submit("password", apptest.OtherPassword).WantRedirect(t, "/login")
	owner.Login(apptest.OtherPassword).WantRedirect(t, "/dashboard")
}

// Item 67: and an answer whose sending began before it does not count as one that the owner has given since.
func TestItem67AnAnswerInFlightSparesNothingAfterTheUndo(t *testing.T) {
	eachSecondFactor(t, func(t *testing.T, app *apptest.App, ada *apptest.Browser, add func(*apptest.Browser) apptest.Factor) {
		own := add(ada)
		app.Clock.Advance(time.Minute)
		attacker := ada.Tab()
		attackers := add(attacker)
		app.Clock.Advance(time.Minute)
		undo := changeEmail(attacker, "mallory@example.com")
		out := ada.OtherBrowser()
		out.Get(app.LastMail("mallory@example.com").Link).Submit().WantRedirect(t, "/login/factor")
		app.Clock.Advance(30 * time.Second)
		finish := out.BeginPost("/login/factor", "factor", attackers.Kind(), "answer", attackers.In(out).Next())
		owner := ada.OtherBrowser()
		asked := owner.Get(undo).Submit().WantRedirect(t, "/login/factor")
		finish().WantRedirect(t, "/login")
		app.Clock.Advance(30 * time.Second)
		asked.Answer(own).ChooseOtherPassword(t)
		wantOnlyFactor(owner, own, attackers)
	})
}

// Item 67: a lock-out by the new mailbox that the undo overtakes opens nothing.
func TestItem67ALockOutThatTheUndoOvertakesOpensNothing(t *testing.T) {
	app := apptest.New(t)
	attacker := app.LoggedIn("ada@example.com")
	owner := attacker.OtherBrowser()
	undo := changeEmail(attacker, "mallory@example.com")
	app.WaitForMail()
	link, err := url.Parse(app.LastMail("mallory@example.com").Link)
	if err != nil {
		t.Fatal(err)
	}
	user, _, err := app.Auth.ReportCompromise(t.Context(), link.Query().Get("token"), auth.Client{})
	if err != nil {
		t.Fatal(err)
	}
	owner.Get(undo).Submit().WantRedirect(t, "/login/password")
	if _, err := app.Auth.Login(t.Context(), user, auth.ByReset(), auth.Browser{}, auth.Client{}); !errors.Is(err, auth.ErrChanged) {
		t.Errorf("it is answered %v", err)
	}
}

// Item 17: what a session does while the address changes is told to the mailbox of now, and not with a link to that of before.
func TestItem17WhatIsInFlightIsToldToTheMailboxOfNow(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	confirm, approve := requestEmailChange(ada, "ada@example.org")
	app.Browser().Get(confirm).Submit()
	finish := ada.BeginPost("/account/security", "current_password", apptest.Password, "password", apptest.OtherPassword)
	app.Browser().Get(approve).Submit().WantRedirect(t, "/login")
	finish().WantRedirect(t, "/account/security")
	app.WaitForMail()
	told := func(email string) bool {
		return slices.ContainsFunc(app.Mailbox.To(email), func(m mailtest.Message) bool { return strings.Contains(m.Subject, "password was changed") })
	}
	if told("ada@example.com") || !told("ada@example.org") {
		t.Error("it is told to the mailbox of before, or to none")
	}
}

// Item 28: the address changes when both mailboxes have agreed, and not before.
func TestItem28AnAddressChangesWhenBothMailboxesAgree(t *testing.T) {
	for _, first := range []string{"the new one", "the present one"} {
		t.Run(first, func(t *testing.T) {
			app := apptest.New(t)
			ada := app.LoggedIn("ada@example.com")
			phone := ada.OtherBrowser()
			phone.Login(apptest.Password).WantRedirect(t, "/dashboard")
			ada.Get("/account").WantText(t, "Change")
			confirm, approve := requestEmailChange(ada, "ada@example.org")
			app.Browser().Get(confirm).WantStatus(t, 200).WantText(t, "ada@example.org").
				WantNoText(t, ada.Email, "Ada<")
			app.Browser().Get(approve).WantStatus(t, 200).WantText(t, "ada@example.org", ada.Email)
			links := []string{confirm, approve}
			if first == "the present one" {
				slices.Reverse(links)
			}
			app.Browser().Get(links[0]).Submit().WantRedirect(t, "/login")
			app.Browser().Get(links[0]).WantRedirect(t, "/account/email")
			ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
			ada.Get(links[1]).Submit().WantRedirect(t, "/account/email").
				WantText(t, "Log in with the new one", "ada@example.org")
			phone.Get("/dashboard").WantRedirect(t, "/login?next=%2Fdashboard")
			ada.Post("/logout")
			ada.Login(apptest.Password).WantStatus(t, 422)
			ada.Email = "ada@example.org"
			ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
		})
	}
}

// Item 34: whoever finds a session open cannot take the account elsewhere.
func TestItem34AnotherAddressAsksForAFreshProof(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	app.Clock.Advance(10 * time.Minute)
	ada.Post("/account/email", "email", "Ada@Example.ORG").WantStatus(t, http.StatusUnauthorized).
		WantText(t, "Is it you?").
		Submit("answer", apptest.Password).WantRedirect(t, "/account/email").WantText(t, "ada@example.org")
}

// Items 16 and 28: nobody learns whether an address has an account; its owner is told, and the change never comes about.
func TestItem28NobodyIsToldThatAnAddressIsTaken(t *testing.T) {
	app := apptest.New(t)
	ada, bob := app.LoggedIn("ada@example.com"), app.LoggedOut("bob@example.com")
	ask := func(email string) (*apptest.Page, *apptest.Page) {
		page := ada.Post("/account/email", "email", email)
		return page, page.WantRedirect(t, "/account/email")
	}
	taken, takenPage := ask(bob.Email)
	free, freePage := ask("rob@example.com")
	sameAnswer(t, taken, free)
	if a, b := takenPage.Text(), strings.ReplaceAll(freePage.Text(), "rob@example.com", bob.Email); a != b {
		t.Errorf("the pages differ:\n%s\n%s", a, b)
	}
	if told := bob.Mail(); !strings.HasSuffix(told.Link, "/login") || !strings.Contains(told.Text, "wants to have this address") {
		t.Errorf("Bob is told %q", told.Text)
	}
	ada.Get("/account/email").Submit("email", "Ada@example.com ").WantStatus(t, 303) // cancels
	ada.Get("/account/email").Submit("email", "Ada@example.com ").WantStatus(t, 422).WantText(t, "your address already")
	ada.Get("/account/email").Submit("email", "nowhere").WantStatus(t, 422)
}

func TestAnApprovedChangeToATakenAddressStaysWhereItIs(t *testing.T) {
	app := apptest.New(t)
	ada, bob := app.LoggedIn("ada@example.com"), app.LoggedOut("bob@example.com")
	ada.Post("/account/email", "email", bob.Email).WantStatus(t, 303)
	ada.Get(ada.Mail().Link).Submit().WantRedirect(t, "/account/email").WantText(t, "Agreed", "Waiting")
	ada.Get("/account").WantText(t, "ada@example.com")
}

// Item 21: the links are the newest, work once, and not for long; what was canceled is over.
func TestItem21LinksOfAChangeOfAddressEnd(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	old, _ := requestEmailChange(ada, "ada@example.org")
	confirm, approve := requestEmailChange(ada, "ada@example.net")
	app.Browser().Get(old).WantStatus(t, 410)
	form := app.Browser().Get(confirm).WantStatus(t, 200)
	ada.Post("/account/email/cancel").WantRedirect(t, "/account/email").WantText(t, "stays as it is", "Present email")
	form.Submit().WantStatus(t, 410)
	app.Browser().Get(approve).WantStatus(t, 410)
	confirm, _ = requestEmailChange(ada, "ada@example.net")
	form = app.Browser().Get(confirm).WantStatus(t, 200)
	app.Clock.Advance(app.Config.ConfirmTTL)
	form.Submit().WantStatus(t, 410)
}

// Item 28: the way back is the former mailbox's for a week; it ends all sessions and voids what the change allowed.
func TestItem28AChangeOfAddressIsUndoneFromTheFormerMailbox(t *testing.T) {
	app := apptest.New(t)
	attacker := app.LoggedIn("ada@example.com")
	owner := attacker.OtherBrowser()
	undo := changeEmail(attacker, "attacker@example.org")
	attacker.Post("/password/forgot", "email", attacker.Email)
	reset := attacker.Mail().Link
	app.Clock.Advance(7*24*time.Hour - time.Minute)
	attacker.Login(apptest.Password).WantRedirect(t, "/dashboard")
	page := owner.Get(undo).WantStatus(t, 200).WantText(t, "ada@example.com", "choose a new one").
		WantNoText(t, attacker.Email)
	page.Submit().ChooseOtherPassword(t)
	attacker.Get("/dashboard").WantStatus(t, 303)
	attacker.Login(apptest.Password).WantStatus(t, 422)
	attacker.Get(reset).WantStatus(t, 410)
	if told := attacker.Mail(); !strings.Contains(told.Subject, "belongs to no") {
		t.Errorf("the other mailbox is told %q", told.Subject)
	}
	owner.Login(apptest.Password).WantStatus(t, 422)
	owner.Login(apptest.OtherPassword).WantRedirect(t, "/dashboard")
	owner.Get(undo).WantRedirect(t, "/password/forgot").WantText(t, "already used this link")
}

// Items 17 and 28: what an attacker had added before they changed the address goes too, although its alert opens nothing any more.
func TestItem28TheWayBackRemovesWhatWasAddedBeforeTheChange(t *testing.T) {
	eachSecondFactor(t, func(t *testing.T, app *apptest.App, attacker *apptest.Browser, add func(*apptest.Browser) apptest.Factor) {
		owner := attacker.OtherBrowser()
		own := add(attacker)
		attackers := add(attacker)
		app.Clock.Advance(time.Hour)
		attacker.Get("/account/prove").Answer(attackers)
		undo := changeEmail(attacker, "attacker@example.org")
		owner.Get(undo).Submit().WantRedirect(t, "/login/factor").Answer(own).
			ChooseOtherPassword(t).WantText(t, "Log in with the new one.")
		wantOnlyFactor(owner, own, attackers)
	})
}

func TestItem28TheWayBackEndsAfterAWeek(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	undo := changeEmail(ada, "ada@example.org")
	form := app.Browser().Get(undo).WantStatus(t, 200)
	app.Clock.Advance(7 * 24 * time.Hour)
	form.Submit().WantStatus(t, 410)
	app.Browser().Get(undo).WantStatus(t, 410)
}

// Item 28: nobody else can have the former address as long as it may come back; nobody is told so but its mailbox.
func TestItem28TheFormerAddressIsKeptForAWeek(t *testing.T) {
	app := apptest.New(t)
	ada, bob, eve := app.LoggedIn("ada@example.com"), app.LoggedIn("bob@example.com"), app.Browser()
	eve.Post("/register", "name", "Eve", "email", ada.Email, "password", apptest.Password).
		WantRedirect(t, "/register/sent")
	ada.Mail()
	undo := changeEmail(ada, "ada@example.org")
	for words, try := range map[string]func() *apptest.Page{
		"not free yet": func() *apptest.Page { return eve.Post("/register/resend").WantRedirect(t, "/register/sent") },
		"already have": func() *apptest.Page {
			return bob.Post("/account/email", "email", "ada@example.com").WantRedirect(t, "/account/email")
		},
	} {
		try()
		if told := app.Mailbox.Next(t, "ada@example.com"); !strings.Contains(told.Subject, words) || !strings.HasSuffix(told.Link, "/login") {
			t.Errorf("the mailbox is told %q", told.Subject)
		}
	}
	app.Browser().Get(undo).WantStatus(t, 200)
	app.Clock.Advance(7 * 24 * time.Hour)
	app.Browser().SignUp("Eve", "ada@example.com", apptest.Password).WantRedirect(t, "/dashboard")
}

// A sign-up that was confirmed in the moment of the change does not slip in either.
func TestASignUpForAnAddressThatIsKeptIsNotConfirmed(t *testing.T) {
	app := apptest.New(t)
	eve := app.Browser()
	eve.Post("/register", "name", "Eve", "email", "free@example.com", "password", apptest.Password).
		WantRedirect(t, "/register/sent")
	form := eve.Get(app.Mailbox.Next(t, "free@example.com").Link).WantStatus(t, 200)
	bob := app.LoggedIn("bob@example.com")
	id := formerEmailID(bob)
	app.Exec("UPDATE former_emails SET email = 'free@example.com' WHERE id = ?", id)
	form.Submit().WantStatus(t, 410)
}

// Item 28: an attacker who moves an account to their mailbox, and back again, has no way back to it, and its owner still has theirs.
func TestItem28GoingThereAndBackLeavesTheWayOfTheFirstMailboxAlone(t *testing.T) {
	app := apptest.New(t)
	attacker := app.LoggedIn("ada@example.com")
	owner := attacker.OtherBrowser()
	first := changeEmail(attacker, "mallory@example.com")
	changeEmail(attacker, "mallory@example.org")
	told := leaveAddress(attacker, "ada@example.com")
	if !strings.HasSuffix(told.Link, "/login") || !strings.Contains(told.Subject, "belongs to no") {
		t.Errorf("the mailbox that was left is told %q", told.Text)
	}
	if n := app.Count("former_emails", "email = 'ada@example.com'"); n != 1 || app.Count("former_emails", "1=1") != 1 {
		t.Errorf("these are kept:\n%s", app.Rows("former_emails", "1=1"))
	}
	app.BrowserOf("mallory@example.com").SignUp("Mallory", "mallory@example.com", apptest.Password).
		WantRedirect(t, "/dashboard")
	before := len(app.Mailbox.To("ada@example.com"))
	owner.Get(first).Submit().ChooseOtherPassword(t)
	attacker.Get("/dashboard").WantRedirect(t, "/login?next=%2Fdashboard")
	owner.Login(apptest.OtherPassword).WantRedirect(t, "/dashboard")
	app.WaitForMail()
	if n := len(app.Mailbox.To("ada@example.com")); n != before+1 { // of the new password
		t.Errorf("%d mails say that the address belongs to nobody", n-before-1)
	}
}

// Item 34: a stolen session that proves nothing does not keep its owner at an address.
func TestItem34CancelingAChangeAsksForAFreshProof(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	confirm, approve := requestEmailChange(ada, "ada@example.org")
	app.Clock.Advance(app.Config.ReauthTTL)
	ada.Post("/account/email/cancel").WantStatus(t, 401)
	app.Browser().Get(confirm).Submit()
	app.Browser().Get(approve).Submit().WantRedirect(t, "/login").WantText(t, "The address is changed.")
}

// Item 28: changes are undone in their order, whichever server's clock is behind.
func TestItem28TheOrderOfChangesIsNotThatOfTheClocks(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	first := changeEmail(ada, "ada@example.org")
	app.Clock.Advance(-time.Second)
	second := changeEmail(ada, "ada@example.net")
	app.Clock.Advance(time.Second)
	app.Browser().Get(first).Submit().WantRedirect(t, "/login/password")
	app.Browser().Get(second).WantStatus(t, 410)
}

// Of two changes the way back to the first undoes both; that to the second leaves the first as it was.
func TestUndoingAChangeUndoesThoseAfterIt(t *testing.T) {
	app := apptest.New(t)
	for _, email := range []string{"ada@example.com", "bob@example.com"} {
		b := app.LoggedIn(email)
		name, _, _ := strings.Cut(email, "@")
		first := changeEmail(b, name+"@example.org")
		second := changeEmail(b, name+"@example.net")
		if name == "ada" {
			app.Browser().Get(first).Submit().WantRedirect(t, "/login/password")
			app.Browser().Get(second).WantStatus(t, 410)
			continue
		}
		app.Browser().Get(second).Submit().WantRedirect(t, "/login/password")
		app.Browser().Get(first).Submit().WantRedirect(t, "/login/password")
	}
	if app.Count("users", "email LIKE '%@example.com'") != 2 || app.Count("former_emails", "1=1") != 0 {
		t.Errorf("the addresses are\n%s", app.Rows("users", "1=1"))
	}
}

// Item 25: the way back is as good as a reset, and no better.
func TestItem25UndoingAChangeDoesNotBypassTheSecondFactor(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	factor := addSecondFactor(ada)
	ada.OtherBrowser().Get(changeEmail(ada, "ada@example.org")).Submit().WantRedirect(t, "/login/factor").
		Answer(factor).WantRedirect(t, "/login/password")
}

// Whoever reads the present mailbox and has asked for nothing locks the asker out.
func TestTheOwnerDeclinesAChangeAndLocksTheAttackerOut(t *testing.T) {
	app := apptest.New(t)
	attacker := app.LoggedIn("ada@example.com")
	owner := attacker.OtherBrowser()
	confirm, approve := requestEmailChange(attacker, "attacker@example.org")
	app.Browser().Get(confirm).Submit("decline", "yes").WantStatus(t, 410) // the new mailbox has no say in that
	page := owner.Get(approve).WantStatus(t, 200)
	page.Submit("decline", "yes").ChooseOtherPassword(t)
	attacker.Get("/dashboard").WantStatus(t, 303)
	app.Browser().Get(confirm).WantStatus(t, 410)
	owner.Login(apptest.OtherPassword).WantRedirect(t, "/dashboard")
}

// Item 28: what was mailed to the former address opens nothing any more.
func TestItem28WhatWasMailedBeforeTheChangeIsVoid(t *testing.T) {
	app := apptest.New(t)
	ada := alertedUser(app, "ada@example.com")
	alert := ada.Mail().Link
	ada.Post("/password/forgot", "email", ada.Email)
	reset := ada.Mail().Link
	changeEmail(ada, "ada@example.org")
	app.Browser().Get(alert).WantStatus(t, 410)
	app.Browser().Get(reset).WantStatus(t, 410)
}

// A new password voids a change that waits: it may have been the attacker's.
func TestANewPasswordVoidsAChangeOfAddress(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	confirm, approve := requestEmailChange(ada, "ada@example.org")
	ada.Post("/account/security", "current_password", apptest.Password, "password", apptest.OtherPassword).
		WantRedirect(t, "/account/security")
	app.Browser().Get(confirm).WantStatus(t, 410)
	app.Browser().Get(approve).WantStatus(t, 410)
}

// Items 28 and 67: of fifty who move to one address one has it.
// ASVS 7.4.3, 7.5.2: what a session has asked for ends with it when the owner ends it, however they do that. The attacker holds the session and the
// new mailbox, and only waits for the owner to open the link in the present one.
func TestEmailChange_EndsWithTheSessionThatAskedForIt(t *testing.T) {
	for name, ends := range map[string]func(t *testing.T, app *apptest.App, ada, attacker *apptest.Browser){
		"log out other devices": func(t *testing.T, _ *apptest.App, ada, _ *apptest.Browser) {
			ada.Post("/account/sessions/end-others").WantRedirect(t, "/account/sessions")
		},
		"log out other devices, after the attacker logged out": func(t *testing.T, _ *apptest.App, ada, attacker *apptest.Browser) {
			attacker.Post("/logout").WantRedirect(t, "/login")
			ada.Post("/account/sessions/end-others").WantRedirect(t, "/account/sessions")
		},
		"log out one device": func(t *testing.T, app *apptest.App, ada, _ *apptest.Browser) {
			id := app.Values("email_changes", "user_id = ?", ada.User().ID)[0]["session_id"].(string)
			ada.Post("/account/sessions/end", "id", id).WantRedirect(t, "/account/sessions")
		},
		"delete the account, and bring it back": func(t *testing.T, app *apptest.App, ada, _ *apptest.Browser) {
			app.Browser().Get(deleteAccount(ada).Link).Submit().WantRedirect(t, "/login")
		},
	} {
		t.Run(name, func(t *testing.T) {
			app := apptest.New(t)
			ada := app.LoggedIn("ada@example.com")
			attacker := ada.OtherBrowser()
			attacker.Login(apptest.Password).WantRedirect(t, "/dashboard")
			confirm, approve := requestEmailChange(attacker, "mallory@example.com")
			ends(t, app, ada, attacker)
			for _, link := range []string{confirm, approve} {
				app.Browser().Get(link).WantStatus(t, 410)
			}
			if n := app.Count("email_changes", "true"); n != 0 {
				t.Errorf("%d changes wait, want 0", n)
			}
			app.WantEvents("email.change_canceled")
		})
	}
}

func TestEmailChange_OutlivesTheEndOfOtherSessions(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	confirm, approve := requestEmailChange(ada, "ada@example.org")
	ada.Post("/account/sessions/end-others").WantRedirect(t, "/account/sessions")
	app.Browser().Get(confirm).Submit().WantRedirect(t, "/login")
	app.Browser().Get(approve).Submit().WantRedirect(t, "/login").WantText(t, "The address is changed.")
}

// An operator offers a change to a user who has lost the former mailbox. It was asked for in no session, so none takes it along.
func TestEmailChange_OfferedByOperatorOutlivesEverySession(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	if err := app.Auth.OfferEmailChange(t.Context(), ada.Email, "ada@example.org"); err != nil {
		t.Fatal(err)
	}
	ada.Post("/account/sessions/end-others").WantRedirect(t, "/account/sessions")
	app.Browser().Get(app.Mailbox.Next(t, "ada@example.org").Link).Submit().WantRedirect(t, "/login").
		WantText(t, "The address is changed.")
}

func TestItem67FiftyWhoMoveToOneAddressHaveOneWinner(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	people := make([]*apptest.Browser, 50)
	links := make([]string, len(people))
	for i := range people {
		people[i] = app.LoggedIn("p" + strings.Repeat("x", i) + "@example.com")
		people[i].Post("/account/email", "email", "prize@example.org")
		people[i].Get(people[i].Mail().Link).Submit().WantRedirect(t, "/account/email")
		links[i] = app.Mailbox.Next(t, "prize@example.org").Link
	}
	var won, lost atomic.Int32
	app.AtOnce(len(people), func(i int) {
		link, _ := url.Parse(links[i])
		page, err := people[i].Try(http.MethodPost, "/email/change", url.Values{"token": {link.Query().Get("token")}})
		switch {
		case err != nil:
			t.Error(err)
		case page.Status == http.StatusSeeOther:
			won.Add(1)
		case page.Status == http.StatusGone:
			lost.Add(1)
		default:
			t.Errorf("one was answered %d: %s", page.Status, page.Text())
		}
	})
	if won.Load() != 1 || lost.Load() != 49 || app.Count("users", "email = 'prize@example.org'") != 1 || app.Count("email_changes", "1=1") != 0 {
		t.Errorf("%d won and %d lost", won.Load(), lost.Load())
	}
}

// Item 67: both links, each pressed by many at once, change the address once; so does the way back.
func TestItem67FiftyWhoPressTheSameLinksChangeTheAddressOnce(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada := app.LoggedIn("ada@example.com")
	confirm, approve := requestEmailChange(ada, "ada@example.org")
	press := func(links ...string) {
		app.AtOnce(50, func(i int) {
			link, _ := url.Parse(links[i%len(links)])
			page, err := app.Browser().Try(http.MethodPost, link.Path, url.Values{"token": {link.Query().Get("token")}})
			if err != nil || page.Status != http.StatusSeeOther && page.Status != http.StatusGone {
				t.Errorf("%v, %v", page, err)
			}
		})
	}
	press(confirm, approve)
	press(ada.Mail().Link)
	for event, want := range map[string]int64{"email.change_approved": 1, "email.changed": 1, "email.change_undone": 1} {
		if n := app.Count("events", "name = ?", event); n != want {
			t.Errorf("%s is on record %d times", event, n)
		}
	}
}

// Item 39: opening a link changes nothing.
func TestItem39OpeningLinksOfAChangeOfAddressChangesNothing(t *testing.T) {
	app := apptest.New(t)
	ada, bob := app.LoggedIn("ada@example.com"), app.LoggedIn("bob@example.com")
	confirm, approve := requestEmailChange(ada, "ada@example.org")
	undo := changeEmail(bob, "bob@example.org")
	app.Browser().ScanLinks(confirm, approve, undo)
}

// Item 18: neither one's own mailbox nor a stranger's is flooded.
func TestItem18AskingForAnotherAddressIsLimited(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	for range 5 {
		ada.Post("/account/email", "email", "eve@example.org").WantStatus(t, 303)
	}
	ada.Post("/account/email", "email", "someone.else@example.org").WantStatus(t, 429)
	app.LoggedIn("bob@example.com").Post("/account/email", "email", "eve@example.org").WantStatus(t, 429)
}

// Item 17: the mails tell no stranger's words, and each has one link.
func TestTheMailsOfAChangeDoNotRepeatWhatWasTyped(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	ada.Post("/account/email", "email", "call-0800-now@evil.example")
	for _, told := range []mailtest.Message{ada.Mail(), app.Mailbox.Next(t, "call-0800-now@evil.example")} {
		if strings.Contains(told.Text, "0800") || strings.Contains(told.HTML, "0800") {
			t.Errorf("%s", told.Text)
		}
	}
}

// An attacker who has taken the account elsewhere cannot burn the way back by having it deleted.
func TestItem28AClosedAccountIsBroughtBackWithItsFormerAddress(t *testing.T) {
	app := apptest.New(t)
	attacker := app.LoggedIn("ada@example.com")
	owner := attacker.OtherBrowser()
	undo := changeEmail(attacker, "attacker@example.org")
	deleteAccount(attacker)
	owner.Get(undo).WantStatus(t, 200).Submit().ChooseOtherPassword(t)
	app.Clock.Advance(8 * 24 * time.Hour)
	if err := app.Cleanup(t.Context()); err != nil {
		t.Fatal(err)
	}
	owner.Login(apptest.OtherPassword).WantRedirect(t, "/dashboard")
}

// Nor does the way back open an account that was disabled for another reason.
func TestItem31ADisabledAccountHasNoWayBack(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	undo := changeEmail(ada, "ada@example.org")
	form := app.Browser().Get(undo).WantStatus(t, 200)
	app.Exec("UPDATE users SET disabled_at = ?", app.Clock.Now())
	app.Browser().Get(undo).WantStatus(t, 410)
	form.Submit().WantStatus(t, 410)
}

// Whoever runs the application stands in for a mailbox that is lost; the former one can still undo it.
func TestWhoLostTheMailboxIsMovedByTheAdministrator(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	if err := app.Auth.OfferEmailChange(t.Context(), "Ada@example.com", "ada@example.org"); err != nil {
		t.Fatal(err)
	}
	app.Browser().Get(app.Mailbox.Next(t, "ada@example.org").Link).Submit().WantRedirect(t, "/login").
		WantText(t, "The address is changed.")
	undo := ada.Mail().Link
	ada.Email = "ada@example.org"
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
	app.Browser().Get(undo).WantStatus(t, 200).WantText(t, "ada@example.com")
	if err := app.Auth.OfferEmailChange(t.Context(), ada.Email, app.LoggedOut("bob@example.com").Email); err == nil {
		t.Error("she is offered Bob's address")
	}
}

// Item 71: a week after an account has left an address nothing of it is kept there, neither mail that could not be sent nor a count.
func TestItem71ANextOwnerOfAnAddressThatWasLeftInheritsNothing(t *testing.T) {
	app := apptest.New(t)
	ada, grace := app.LoggedIn("ada@example.com"), app.LoggedIn("grace@example.com")
	for range 2 { // strangers guess until the account is closed to them for a month
		app.Browser().Post("/login", "email", ada.Email, "password", apptest.OtherPassword).WantStatus(t, 422)
		app.SetHits("login-account", 99)
	}
	changeEmail(ada, "ada@example.org")
	requestEmailChange(grace, "grace@example.org")
	app.WaitForMail()
	app.Exec("UPDATE outbox SET done_at = NULL, failed_at = created_at")
	app.Clock.Advance(7 * 24 * time.Hour)
	if err := app.Cleanup(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left, others := app.Count("outbox", "kind = 'undo_email_change'"), app.Count("outbox", "kind = 'approve_email_change'"); left != 0 || others != 1 {
		t.Errorf("%d mails to her former mailbox are kept, and %d to another", left, others)
	}
	later := app.Browser()
	later.SignUp("Ada Byron", "ada@example.com", apptest.OtherPassword).WantRedirect(t, "/dashboard")
	later.OtherBrowser().Login(apptest.OtherPassword).WantRedirect(t, "/dashboard")
}

// Item 71: a deletion ends what is kept of former addresses, too.
func TestItem71AFormerAddressIsFreeWithTheAccount(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	formerEmailID(ada)
	deleteAccount(ada)
	app.Browser().Post("/login", "email", "former-ada@example.com", "password", apptest.OtherPassword).
		WantStatus(t, 422)
	app.Exec("UPDATE former_emails SET expires_at = ?", app.Clock.Now().Add(14*24*time.Hour))
	app.CleanupAfterWeek()
	if n := app.Count("limits", "id LIKE 'login-account%'"); n != 0 {
		t.Errorf("%d counts are left: %s", n, app.Rows("limits", "true"))
	}
}

// Item 16: whoever runs the application has closed it, and nobody else is to learn of it.
func TestItem16TheAddressOfAClosedAccountIsTaken(t *testing.T) {
	app := apptest.New(t)
	ada, bob := app.LoggedIn("ada@example.com"), app.LoggedIn("bob@example.com")
	app.Exec("UPDATE users SET disabled_at = created_at WHERE email = ?", bob.Email)
	ada.Post("/account/email", "email", bob.Email).WantRedirect(t, "/account/email").WantText(t, bob.Email, "Waiting")
	if told := bob.Mail(); !strings.HasPrefix(told.Subject, "You already have") {
		t.Errorf("the mailbox is told %q", told.Subject)
	}
}

// Item 28: nor is anything kept for an address that an account had until the change was undone.
func TestItem28NothingIsKeptUnderAnAddressThatWasTakenBack(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	undo := changeEmail(ada, "attacker@example.com")
	app.WaitForMail()
	app.Exec("UPDATE outbox SET done_at = NULL, failed_at = created_at")
	app.Browser().Get(undo).Submit().WantRedirect(t, "/login/password")
	if n := app.Count("outbox", "kind IN ('confirm_email_change', 'email_changed')"); n != 0 {
		t.Errorf("%d mails to the address are kept", n)
	}
}

// Item 17: who reads a mailbox is told when and where the change was asked for: that is where an attacker is, and not where a link was pressed.
func TestItem17TheMailsOfAChangeTellWhereItWasAskedFor(t *testing.T) {
	app := apptest.New(t)
	attacker := app.LoggedIn("ada@example.com")
	attacker.UserAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
	attacker.Post("/account/email", "email", "attacker@example.org")
	asked := app.Clock.Now().UTC().Format("January 2, 2006 at 15:04 UTC")
	approve := attacker.Mail()
	app.Browser().Get(app.Mailbox.Next(t, "attacker@example.org").Link).Submit()
	app.Clock.Advance(time.Hour)
	app.Browser().Get(approve.Link).Submit()
	for _, told := range []mailtest.Message{approve, attacker.Mail(), app.Mailbox.Next(t, "attacker@example.org")} {
		for _, want := range []string{asked, attacker.IP, "on Windows"} {
			if !strings.Contains(told.Text, want) {
				t.Errorf("%q does not tell %q:\n%s", told.Subject, want, told.Text)
			}
		}
	}
}

// Items 16 and 28: the mailbox of an account that is being deleted is told so, and nobody is led to a link that is dead.
func TestItem28AnAddressOfAnAccountThatIsBeingDeletedIsNotFreeYet(t *testing.T) {
	app := apptest.New(t)
	ada, bob := app.LoggedIn("ada@example.com"), app.LoggedIn("bob@example.com")
	deleteAccount(bob)
	ada.Post("/account/email", "email", bob.Email).WantRedirect(t, "/account/email").WantText(t, bob.Email, "Waiting")
	told := bob.Mail()
	if !strings.HasSuffix(told.Link, "/login") || !strings.Contains(told.Text, "an account that will be deleted on") {
		t.Errorf("the mailbox is told %q", told.Text)
	}
	app.Browser().Get(ada.Mail().Link).Submit().WantRedirect(t, "/login").
		WantText(t, "once the link in our mail to the other one")
	app.CleanupAfterWeek()
	ada.Login(apptest.Password)
	changeEmail(ada, bob.Email)
}

func TestItem68WhatHappensToAnAddressIsOnRecord(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	requestEmailChange(ada, "ada@example.net")
	ada.Post("/account/email/cancel").WantRedirect(t, "/account/email")
	ada.Get(changeEmail(ada, "ada@example.org")).Submit()
	if err := app.Auth.OfferEmailChange(t.Context(), "ada@example.com", "ada@example.net"); err != nil {
		t.Fatal(err)
	}
	app.WantEvents("email.change_requested", "email.change_canceled", "email.change_approved", "email.changed", "email.change_undone", "email.change_offered")
}

// The end of the way back to an address that the account has again takes nothing of it along.
func TestWhatIsKeptUnderAnAddressThatIsBackStays(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	changeEmail(ada, "ada@example.org")
	app.Clock.Advance(time.Minute)
	leaveAddress(ada, "ada@example.com")
	ada.Email = "ada@example.com"
	app.WaitForMail()
	app.Clock.Advance(7*24*time.Hour - 5*time.Minute)
	app.Mailbox.Stop()
	ada.OtherBrowser().Login(apptest.Password).WantRedirect(t, "/dashboard") // which is told of, when the mail server is back
	eve := app.BrowserOf(ada.Email)
	for range 7 {
		eve.Login("wrong wrong wrong wrong")
	}
	waiting, counts := app.Count("outbox", "done_at IS NULL AND failed_at IS NULL"), app.Rows("limits", "id LIKE 'login-account%'")
	app.Clock.Advance(10 * time.Minute)
	if err := app.Cleanup(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := app.Count("outbox", "done_at IS NULL AND failed_at IS NULL"); n != waiting || waiting == 0 {
		t.Errorf("of %d mails %d wait", waiting, n)
	}
	if left := app.Rows("limits", "id LIKE 'login-account%'"); left != counts || counts == "" {
		t.Errorf("of the counts %q there are %q", counts, left)
	}
}
