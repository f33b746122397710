package handlers_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/mail/mailtest"
	"example.com/gatehouse/models"
)

// deleteAccount deletes the user's account, and returns the mail that tells them so.
func deleteAccount(b *apptest.Browser) mailtest.Message {
	b.App.T.Helper()
	b.Get("/account/delete").WantStatus(b.App.T, 200).Submit("confirmation", b.Email).WantRedirect(b.App.T, "/login").
		WantText(b.App.T, "Your account is closed")
	message := b.Mail()
	if !strings.Contains(message.Subject, "will be deleted") {
		b.App.T.Fatalf("the owner is mailed %q", message.Subject)
	}
	return message
}

// undoneDeletionID is the id of a deletion whose account is still open, for the tables' sake.
func undoneDeletionID(b *apptest.Browser) string {
	b.App.T.Helper()
	now, id := b.App.Clock.Now(), uuid.NewString()
	err := b.App.DB.Create(&models.AccountDeletion{ID: id, UserID: b.User().ID, TokenHash: []byte(id), CreatedAt: now, ExpiresAt: now.Add(models.DeletionDelay)}).
		Error
	if err != nil {
		b.App.T.Fatal(err)
	}
	return id
}

// Items 31 and 71: closed at once, everywhere, and to whom it is closed it looks like any wrong password.
func TestItem31ADeletedAccountIsClosedAtOnce(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	phone := app.Browser()
	phone.Email = ada.Email
	phone.Login(apptest.Password).WantRedirect(t, "/dashboard")
	ada.Get("/account").WantText(t, "Delete your account")
	deleteAccount(ada)
	for _, device := range []*apptest.Browser{ada, phone} {
		device.Get("/dashboard").WantRedirect(t, "/login?next=%2Fdashboard")
	}
	closed, unknown := phone.Login(apptest.Password), app.Browser().
		Post("/login", "email", "nobody@example.com", "password", apptest.Password)
	if closed.Status != unknown.Status || strings.ReplaceAll(closed.Text(), ada.Email, "nobody@example.com") != unknown.Text() {
		t.Errorf("a closed account answers %d: %s", closed.Status, closed.Text())
	}
	if !slices.Contains(app.Events(), "account.deletion_scheduled") {
		t.Errorf("the log has %v", app.Events())
	}
}

func TestALeaverComesBackByTheLinkInTheMail(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	before := ada.User().PasswordHash
	link := deleteAccount(ada).Link
	page := app.Browser().Get(link).WantStatus(t, 200).WantText(t, "Keep your account?", ada.Email)
	ada.Login(apptest.Password).WantStatus(t, 422) // opening it does nothing
	page.Submit().WantRedirect(t, "/login").WantText(t, "Your account is back")
	back := ada.Mail()
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard").WantText(t, "Hello, Ada")
	if ada.User().PasswordHash != before || !strings.Contains(back.Subject, "is back") {
		t.Errorf("mailed: %s", back.Subject)
	}
	app.Browser().Get(link).WantRedirect(t, "/login").WantText(t, "already brought your account back")
	page.Submit().WantRedirect(t, "/login")
	app.CleanupAfterWeek()
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
}

func TestWhoeverHadAskedForTheDeletionCanBeLockedOut(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	app.Browser().Get(deleteAccount(ada).Link).Submit().WantRedirect(t, "/login")
	app.Browser().Get(ada.Mail().Link).WantStatus(t, 200).Submit().WantStatus(t, 303)
	ada.Login(apptest.Password).WantStatus(t, 422)
}

// robbedByAttacker has an attacker, who knows the user's password, have the account deleted; keep is the link in the mail that tells of it.
func robbedByAttacker(b *apptest.Browser) (attacker *apptest.Browser, keep string) {
	b.App.T.Helper()
	attacker = b.OtherBrowser()
	attacker.Login(apptest.Password).WantRedirect(b.App.T, "/dashboard")
	return attacker, deleteAccount(attacker).Link
}

// Item 17: having the account deleted does not close the way on which its owner locks an attacker out.
func TestItem17WhoHasTheAccountDeletedIsLockedOutLikeAnyAttacker(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	attacker, _ := robbedByAttacker(ada)
	ada.Get(ada.NewDeviceMail().Link).WantStatus(t, 200).
		WantText(t, "Your account, which is closed to be deleted, stays").Submit().WantRedirect(t, "/login/password").
		Submit("password", apptest.OtherPassword).WantRedirect(t, "/login")
	app.CleanupAfterWeek()
	attacker.Login(apptest.Password).WantStatus(t, 422)
	ada.Login(apptest.OtherPassword).WantRedirect(t, "/dashboard")
	if events := strings.Join(app.Events(), " "); !strings.Contains(events, "account.deletion_undone account.compromise_reported") {
		t.Errorf("the log tells %s", events)
	}
}

// Item 17: nor does it the second time, when the owner has merely brought the account back.
func TestItem17WhoHasTheAccountDeletedAgainIsLockedOut(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	attacker, keep := robbedByAttacker(ada)
	app.Browser().Get(keep).Submit().WantRedirect(t, "/login")
	back := ada.Mail().Link
	robbedByAttacker(attacker)
	ada.Get(back).Submit().ChooseOtherPassword(t)
	ada.Login(apptest.OtherPassword).WantRedirect(t, "/dashboard")
}

func TestWhoKeepsTheAccountCanLockEverybodyOutAtOnce(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	attacker, link := robbedByAttacker(ada)
	page := ada.Get(link).WantStatus(t, 200).WantText(t, "Not me: keep it and lock everybody out")
	asked := page.Submit("disown", "yes").WantRedirect(t, "/login/password")
	attacker.Login(apptest.Password).WantStatus(t, 422)
	page.Submit("disown", "yes").WantRedirect(t, "/login/password")
	asked.Submit("password", apptest.OtherPassword).WantRedirect(t, "/login")
	ada.Login(apptest.OtherPassword).WantRedirect(t, "/dashboard")
}

// Item 31: no link opens an account that was closed by somebody else since.
func TestItem31WhatWasDisabledStaysSoWhateverLinkIsUsed(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	_, link := robbedByAttacker(ada)
	keep, alert := ada.Get(link).WantStatus(t, 200), ada.Get(ada.NewDeviceMail().Link).WantStatus(t, 200)
	app.Exec("UPDATE users SET disabled_at = ?", app.Clock.Now())
	alert.Submit().WantStatus(t, 410)
	keep.Submit("disown", "yes").WantStatus(t, 410)
	if n := app.Count("users", "disabled_at IS NULL"); n != 0 {
		t.Error("the account is open")
	}
}

// Whoever has lost the mail that tells of the deletion asks for a new password, and gets a link that works, in place of the other.
func TestWhoAsksForAPasswordForAnAccountThatIsToBeDeletedCanKeepIt(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	first := deleteAccount(ada).Link
	ada.Post("/password/forgot", "email", ada.Email).WantRedirect(t, "/password/forgot/sent")
	told := ada.Mail()
	app.Browser().Get(first).WantStatus(t, 410).WantText(t, "a newer mail")
	app.Browser().Get(told.Link).WantStatus(t, 200).Submit().WantRedirect(t, "/login").
		WantText(t, "Your account is back")
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
}

func TestWhoAsksForAMailedLogInToAnAccountThatIsToBeDeletedCanKeepIt(t *testing.T) { // feature:mail_login
	app := apptest.New(t)                                                                               // feature:mail_login
	ada := app.LoggedIn("ada@example.com")                                                              // feature:mail_login
	first := deleteAccount(ada).Link                                                                    // feature:mail_login
	ada.Post("/login/mail", "email", ada.Email).WantRedirect(t, "/login/mail/sent")                     // feature:mail_login
	told := ada.Mail()                                                                                  // feature:mail_login
	app.Browser().Get(first).WantStatus(t, 410)                                                         // feature:mail_login
	app.Browser().Get(told.Link).Submit().WantRedirect(t, "/login").WantText(t, "Your account is back") // feature:mail_login
} // feature:mail_login

func TestTheLinkBringsBackWithinTheWeekAndNotLater(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	link := deleteAccount(ada).Link
	app.Clock.Advance(models.DeletionDelay - time.Minute)
	if err := app.Cleanup(t.Context()); err != nil {
		t.Fatal(err)
	}
	page := app.Browser().Get(link).WantStatus(t, 200)
	app.Clock.Advance(time.Minute)
	app.Browser().Get(link).WantStatus(t, 410)
	page.Submit().WantStatus(t, 410) // before the sweep was there
	app.CleanupAfterWeek()
	page.Submit().WantStatus(t, 410)
	if n := app.Count("users", "1 = 1"); n != 0 {
		t.Errorf("there are still %d users", n)
	}
}

// Items 34 and 71: who merely holds a session deletes nothing, and nobody does by mistake.
func TestItem71ADeletionAsksForAFreshProofAndForTheAddress(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	for _, typed := range []string{"", "delete", "mallory@example.com", "ada@example.com,ada@example.com"} {
		ada.Post("/account/delete", "confirmation", typed).WantStatus(t, 422).
			WantText(t, "Type your address, ada@example.com")
	}
	app.Clock.Advance(app.Config.ReauthTTL)
	ada.Get("/account/delete").WantRedirect(t, "/account/prove?next=%2Faccount%2Fdelete")
	ada.Post("/account/delete", "confirmation", ada.Email).WantStatus(t, 401)
	if n := app.Count("users", "disabled_at IS NULL"); n != 1 {
		t.Error("a stale session deletes the account")
	}
	ada.Get("/account/prove?next=%2Faccount%2Fdelete").Submit("answer", apptest.Password).
		WantRedirect(t, "/account/delete").
		Submit("confirmation", " ADA@Example.com ").WantRedirect(t, "/login")
}

func TestItem71WhoHasASecondFactorProvesThatToo(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	attacker := app.Browser()
	attacker.Email = ada.Email
	attacker.Login(apptest.Password).WantRedirect(t, "/dashboard")
	addSecondFactor(ada)
	attacker.Post("/account/delete", "confirmation", ada.Email).WantStatus(t, 401)
	if n := app.Count("account_deletions", "1 = 1"); n != 0 {
		t.Error("the password alone deletes the account")
	}
}

// Item 71, written for tables that are not there yet: nothing that is left has the user's id or address, or anything they wrote.
func TestLawNothingIsLeftOfWhoWasDeleted(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada, grace := app.LoggedIn("ada@example.com"), app.LoggedIn("grace@example.com")
	hers := estateOf(t, ada)
	event := ada.RowID("events")
	hers.markers = append(hers.markers, ada.Email, ada.User().Name)
	app.Exec("DELETE FROM account_deletions WHERE user_id = ?", ada.User().ID)
	app.Exec("UPDATE users SET name = 'Ada' WHERE email = ?", ada.Email)
	ada.Login(apptest.Password)
	ada.Reauthenticated().Get("/account/delete").Submit("confirmation", ada.Email).WantRedirect(t, "/login")
	app.Clock.Advance(models.DeletionDelay - time.Minute)
	app.Browser().Post("/register", "name", "Mallory", "email", ada.Email, "password", apptest.OtherPassword)
	app.Browser().Post("/password/forgot", "email", ada.Email)
	app.WaitForMail()
	events := app.Count("events", "1 = 1")
	app.Clock.Advance(time.Minute)
	if err := app.Cleanup(t.Context()); err != nil {
		t.Fatal(err)
	}
	for table, rows := range app.Tables() {
		for _, marker := range hers.markers {
			kept := table == "events" && (marker == event || marker == "mark-events-name") // what happened, of nobody
			if !kept && strings.Contains(rows, marker) {
				t.Errorf("%s still has %q:\n%s", table, marker, rows)
			}
		}
	}
	// ASVS 14.2.7: nor is there anything in the pages that SQLite has freed, or in its log.
	for file, content := range databaseFiles(app) {
		for _, marker := range hers.markers {
			if n := strings.Count(content, marker); n > 0 && marker != event && marker != "mark-events-name" {
				t.Errorf("%s has %q %d times, want 0", file, marker, n)
			}
		}
	}
	if n := app.Count("events", "1 = 1"); n != events+1 || app.Count("events", "name = 'account.deletion_scheduled' AND ip = '' AND device = ''") != 1 {
		t.Errorf("of %d events there are %d", events, n)
	}
	if n := app.Count("outbox", "kind IN ('account_deletion', 'account_closing', 'restore_account', 'reset_password') AND length(payload) > 0"); n != 0 {
		t.Error("mail to her is kept")
	}
	if grace.Login(apptest.Password).Status != http.StatusSeeOther {
		t.Error("Grace is gone as well")
	}
}

// Item 71: a later owner of the address inherits nothing, and nothing of the former one opens their account.
func TestItem71ALaterOwnerOfTheAddressInheritsNothing(t *testing.T) {
	app := apptest.New(t)
	former := app.LoggedIn("ada@example.com")
	stolen := former.Tab()
	former.Post("/password/forgot", "email", former.Email)
	reset := former.Mail().Link
	half := app.Browser()
	half.Post("/register", "name", "Half", "email", former.Email, "password", apptest.OtherPassword)
	former.Mail()
	app.Browser().Post("/login", "email", former.Email, "password", apptest.OtherPassword).WantStatus(t, 422)
	app.SetHits("login-account", 99) // strangers have guessed until the account was closed to them for a month
	app.Browser().Post("/login", "email", former.Email, "password", apptest.OtherPassword).WantStatus(t, 422)
	app.Browser().Post("/login", "email", former.Email, "password", apptest.OtherPassword).WantStatus(t, 429)
	id := former.User().ID
	undo := deleteAccount(former).Link
	app.CleanupAfterWeek()
	later := app.Browser()
	later.SignUp("Ada Byron", "ada@example.com", apptest.OtherPassword).WantRedirect(t, "/dashboard").
		WantText(t, "Hello, Ada Byron")
	if later.User().ID == id || app.Count("events", "user_id = ? AND name LIKE 'login.%'", later.User().ID) != 0 {
		t.Error("the later owner has something of the former one")
	}
	for _, link := range []string{reset, undo} {
		app.Browser().Get(link).WantStatus(t, 410)
	}
	for _, device := range []*apptest.Browser{former, stolen} {
		device.Get("/dashboard").WantRedirect(t, "/login?next=%2Fdashboard")
		device.Post("/login", "email", later.Email, "password", apptest.Password).WantStatus(t, 422)
	}
	if known := app.Count("known_devices", "1 = 1"); known != 1 {
		t.Errorf("%d devices are known", known)
	}
	app.Browser().Post("/login", "email", later.Email, "password", apptest.OtherPassword).WantRedirect(t, "/dashboard") // not slowed down
}

// Item 71: nor does a count of codes that strangers typed until the last moment. // feature:mail_login
func TestItem71NoCountOfMailedCodesOutlivesTheAccount(t *testing.T) { // feature:mail_login
	app := apptest.New(t)                                                     // feature:mail_login
	ada, stranger := app.LoggedIn("ada@example.com"), app.Browser()           // feature:mail_login
	deleteAccount(ada)                                                        // feature:mail_login
	app.Clock.Advance(models.DeletionDelay - time.Minute)                     // feature:mail_login
	stranger.Post("/login/mail", "email", ada.Email)                          // feature:mail_login
	stranger.Post("/login/mail/sent", "code", "AAAA-AAAA").WantStatus(t, 422) // feature:mail_login
	app.SetHits("mail-login-code", 14)                                        // feature:mail_login
	app.Clock.Advance(time.Minute)                                            // feature:mail_login
	if err := app.Cleanup(t.Context()); err != nil {                          // feature:mail_login
		t.Fatal(err) // feature:mail_login
	} // feature:mail_login
	if n := app.Count("limits", "id LIKE 'mail-login-%'"); n != 1 { // that of the stranger's network // feature:mail_login
		t.Errorf("%d counts are left: %s", n, app.Rows("limits", "true")) // feature:mail_login
	} // feature:mail_login
} // feature:mail_login

// Item 16: until it is gone the address is not free, which shows in its mailbox alone.
func TestItem16TheAddressOfAClosedAccountLooksLikeAnyOther(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	deleteAccount(ada)
	for _, email := range []string{ada.Email, "new@example.com"} {
		app.Browser().Post("/register", "name", "Somebody", "email", email, "password", apptest.OtherPassword).
			WantRedirect(t, "/register/sent")
		app.Browser().Post("/password/forgot", "email", email).WantRedirect(t, "/password/forgot/sent")
	}
	ada.MailedLink("is being deleted") // beside what the reset is answered with, in whatever order they arrive
	app.WaitForMail()
	if n := app.Count("users", "email = ?", ada.Email); n != 1 {
		t.Errorf("%d accounts have the address", n)
	}
}

func TestItem67FiftyDeletionsAtOnceAreOneAndSoAreFiftyUndone(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	app.AtOnce(50, func(int) {
		ada.Tab().PostRacing("/account/delete", url.Values{"confirmation": {ada.Email}})
	})
	link := ada.Mail().Link
	app.WaitForMail()
	if n, mails := app.Count("account_deletions", "1 = 1"), app.Count("outbox", "kind = 'account_deletion'"); n != 1 || mails != 1 {
		t.Errorf("%d deletions, %d mails", n, mails)
	}
	token := link[strings.Index(link, "token=")+len("token="):]
	app.AtOnce(50, func(int) {
		app.Browser().PostRacing("/account/restore", url.Values{"token": {token}})
	})
	app.WaitForMail()
	undone := app.Count("events", "name = 'account.deletion_undone'")
	if undone != 1 || app.Count("outbox", "kind = 'account_restored'") != 1 {
		t.Errorf("it is undone %d times", undone)
	}
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
}

// Whoever has stolen a session deletes nothing with it once its owner has ended it, not even in that very moment.
func TestADeletionThatIsOvertakenByTheEndOfItsSessionIsNone(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	app.Overtake(func() {
		ada.PostRacing("/account/delete", url.Values{"confirmation": {ada.Email}})
	}, func(tx *gorm.DB) error { return tx.Exec("DELETE FROM sessions").Error })
	if n := app.Count("account_deletions", "1 = 1"); n != 0 {
		t.Error("the account is closed")
	}
}

// interruptDeletion is a deletion that stopped just before its last step, and the link that was mailed to undo it. resume lets the next one
// go on.
func interruptDeletion(b *apptest.Browser) (undo string, resume func()) {
	b.App.T.Helper()
	id, killed, name := b.User().ID, errors.New("killed"), "test:killed"
	undo = deleteAccount(b).Link
	err := b.App.DB.Callback().Delete().Before("gorm:delete").Register(name, func(db *gorm.DB) {
		if where, _ := db.Statement.Clauses["WHERE"]; db.Statement.Table == "users" && strings.Contains(fmt.Sprint(where.Expression), id) {
			_ = db.AddError(killed)
		}
	})
	if err != nil {
		b.App.T.Fatal(err)
	}
	b.App.Clock.Advance(models.DeletionDelay)
	if err := b.App.Cleanup(context.Background()); !errors.Is(err, killed) {
		b.App.T.Errorf("the cleanup says %v", err)
	}
	return undo, func() {
		b.App.T.Helper()
		if err := b.App.DB.Callback().Delete().Remove(name); err != nil {
			b.App.T.Fatal(err)
		}
	}
}

// A deletion takes many transactions. The next cleanup finishes one that stopped between two, and it keeps no other from being finished.
func TestDeletion_ResumesAfterInterruption(t *testing.T) {
	app := apptest.New(t)
	ada, grace := app.LoggedIn("ada@example.com"), app.LoggedIn("grace@example.com")
	deleteAccount(grace)
	_, resume := interruptDeletion(ada)
	if deletions, users, deleted := app.Count("account_deletions", "begun_at IS NOT NULL"), app.Count("users", "1 = 1"), app.Count("events", "name = 'account.deleted'"); deletions != 1 || users != 1 || deleted != 1 {
		t.Errorf("got %d begun deletions, %d users and %d deleted ones, want 1, 1 and 1", deletions, users, deleted)
	}
	resume()
	app.CleanupAfterWeek()
	if users, deleted := app.Count("users", "1 = 1"), app.Count("events", "name = 'account.deleted'"); users != 0 || deleted != 2 {
		t.Errorf("got %d users and %d deleted ones, want 0 and 2", users, deleted)
	}
}

// An account without its rows must not come back: not by a clock that is set back, nor by a link that works for longer than the account does.
func TestDeletion_CannotBeUndoneOnceBegun(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	attacker := ada.OtherBrowser()
	attacker.Login(apptest.Password).WantRedirect(t, "/dashboard")
	alert, _, _ := strings.Cut(ada.NewDeviceMail().Link, "token=")
	id := ada.User().ID
	undo, resume := interruptDeletion(ada)
	app.Clock.Advance(-models.DeletionDelay)
	hash, now := sha256.Sum256([]byte("token")), app.Clock.Now()
	left := models.SecurityAlert{ID: uuid.NewString(), UserID: id, TokenHash: hash[:], CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
	if err := app.DB.Create(&left).Error; err != nil {
		t.Fatal(err)
	}
	for _, link := range []string{undo, alert + "token=token"} {
		app.Browser().Get(link).WantStatus(t, 410)
	}
	ada.Post("/password/forgot", "email", ada.Email)
	app.WaitForMail()
	if n := app.Count("users", "disabled_at IS NULL"); n != 0 {
		t.Error("the account is open")
	}
	resume()
	app.CleanupAfterWeek()
	if n := app.Count("users", "1 = 1"); n != 0 {
		t.Errorf("%d users are left, want 0", n)
	}
}

// Whatever the user has is deleted before they are. What is left for the foreign keys to delete would go in one transaction, however much it is,
// and on SQLite all other writes would wait for it.
func TestLawDeletion_LeavesNothingToForeignKeys(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada := app.LoggedIn("ada@example.com")
	estateOf(t, ada)
	id := ada.User().ID
	app.Exec("UPDATE users SET disabled_at = created_at WHERE id = ?", id)
	app.Exec("UPDATE account_deletions SET expires_at = created_at WHERE user_id = ?", id)
	reached := false
	err := app.DB.Callback().Delete().Before("gorm:delete").Register("test:last", func(db *gorm.DB) {
		if reached = db.Statement.Table == "users"; !reached {
			return
		}
		for _, table := range apptest.UserTables(app) {
			var n int64
			tx := models.Unscoped(db.Session(&gorm.Session{NewDB: true}))
			if err := tx.Raw("SELECT count(*) FROM "+table+" WHERE user_id = ?", id).Scan(&n).Error; err != nil || n != 0 && table != "account_deletions" {
				t.Errorf("the user is deleted with %d rows in %s (%v), want 0", n, table, err)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if app.CleanupAfterWeek(); !reached {
		t.Error("the user was not deleted")
	}
}

func TestSweepsAtOnceDeleteEachAccountOnce(t *testing.T) {
	app := apptest.New(t)
	for _, email := range []string{"ada@example.com", "grace@example.com", "edsger@example.com"} {
		deleteAccount(app.LoggedIn(email))
	}
	app.Clock.Advance(models.DeletionDelay)
	app.AtOnce(10, func(int) {
		if err := app.Cleanup(context.Background()); err != nil {
			t.Errorf("a sweep fails: %v", err)
		}
	})
	deleted := app.Count("events", "name = 'account.deleted'")
	if deleted != 3 || app.Count("users", "1 = 1") != 0 {
		t.Errorf("%d deletions are on record", deleted)
	}
}

// databaseFiles is what SQLite's files hold, by their names: the database, its log and the index of that. On PostgreSQL there are none to read.
func databaseFiles(app *apptest.App) map[string]string {
	app.T.Helper()
	if app.DB.Name() != "sqlite" {
		return nil
	}
	var path string
	if err := app.DB.Raw("SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(&path).Error; err != nil {
		app.T.Fatal(err)
	}
	files := map[string]string{}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		content, err := os.ReadFile(path + suffix)
		if err != nil {
			app.T.Fatal(err)
		}
		files["the file"+suffix] = string(content)
	}
	return files
}
