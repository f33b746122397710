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

	"example.com/gatehouse/auth"
	"example.com/gatehouse/mail/mailtest"
	"example.com/gatehouse/models"
)

// leaves deletes the person's account, and returns the mail that tells them so.
func (p *person) leaves() mailtest.Message {
	p.s.t.Helper()
	p.get("/account/delete").is(p.s.t, 200).submit("confirmation", p.email).redirects(p.s.t, "/login").says(p.s.t, "Your account is closed")
	message := p.mail()
	if !strings.Contains(message.Subject, "will be deleted") {
		p.s.t.Fatalf("the owner is mailed %q", message.Subject)
	}
	return message
}

// undoneDeletion is the id of a deletion whose account is still open, for the tables' sake.
func (p *person) undoneDeletion() string {
	p.s.t.Helper()
	now, id := p.s.clock.now(), uuid.NewString()
	err := p.s.db.Create(&models.AccountDeletion{ID: id, UserID: p.user().ID, TokenHash: []byte(id), CreatedAt: now, ExpiresAt: now.Add(auth.DeletionAfter)}).Error
	if err != nil {
		p.s.t.Fatal(err)
	}
	return id
}

// Items 31 and 71: closed at once, everywhere, and to whom it is closed it looks like any wrong password.
func TestItem31ADeletedAccountIsClosedAtOnce(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	phone := s.visitor()
	phone.email = ada.email
	phone.login(goodPassword).redirects(t, "/dashboard")
	ada.get("/account").says(t, "Delete your account")
	ada.leaves()
	for _, device := range []*person{ada, phone} {
		device.get("/dashboard").redirects(t, "/login?next=%2Fdashboard")
	}
	closed, unknown := phone.login(goodPassword), s.visitor().post("/login", "email", "nobody@example.com", "password", goodPassword)
	if closed.status != unknown.status || strings.ReplaceAll(closed.text(), ada.email, "nobody@example.com") != unknown.text() {
		t.Errorf("a closed account answers %d: %s", closed.status, closed.text())
	}
	if !slices.Contains(s.events(), "account.deletion_scheduled") {
		t.Errorf("the log has %v", s.events())
	}
}

func TestALeaverComesBackByTheLinkInTheMail(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	before := ada.user().PasswordHash
	link := ada.leaves().Link
	page := s.visitor().get(link).is(t, 200).says(t, "Keep your account?", ada.email)
	ada.login(goodPassword).is(t, 422) // opening it does nothing
	page.submit().redirects(t, "/login").says(t, "Your account is back")
	back := ada.mail()
	ada.login(goodPassword).redirects(t, "/dashboard").says(t, "Hello, Ada")
	if ada.user().PasswordHash != before || !strings.Contains(back.Subject, "is back") {
		t.Errorf("mailed: %s", back.Subject)
	}
	s.visitor().get(link).redirects(t, "/login").says(t, "already brought your account back")
	page.submit().redirects(t, "/login")
	s.cleanups()
	ada.login(goodPassword).redirects(t, "/dashboard")
}

func TestWhoeverHadAskedForTheDeletionCanBeLockedOut(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	s.visitor().get(ada.leaves().Link).submit().redirects(t, "/login")
	s.visitor().get(ada.mail().Link).is(t, 200).submit().is(t, 303)
	ada.login(goodPassword).is(t, 422)
}

// robbed has a thief, who knows the person's password, have the account deleted; keep is the link in the mail that tells of it.
func (p *person) robbed() (thief *person, keep string) {
	p.s.t.Helper()
	thief = p.elsewhere()
	thief.login(goodPassword).redirects(p.s.t, "/dashboard")
	return thief, thief.leaves().Link
}

// Item 17: having the account deleted does not close the way on which its owner locks a thief out.
func TestItem17WhoHasTheAccountDeletedIsLockedOutLikeAnyThief(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	thief, _ := ada.robbed()
	ada.get(ada.notice().Link).is(t, 200).says(t, "Your account, which is closed to be deleted, stays").submit().redirects(t, "/login/password").
		submit("password", otherPassword).redirects(t, "/login")
	s.cleanups()
	thief.login(goodPassword).is(t, 422)
	ada.login(otherPassword).redirects(t, "/dashboard")
	if events := strings.Join(s.events(), " "); !strings.Contains(events, "account.deletion_undone account.compromise_reported") {
		t.Errorf("the log tells %s", events)
	}
}

// Item 17: nor does it the second time, when the owner has merely brought the account back.
func TestItem17WhoHasTheAccountDeletedAgainIsLockedOut(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	thief, keep := ada.robbed()
	s.visitor().get(keep).submit().redirects(t, "/login")
	back := ada.mail().Link
	thief.robbed()
	ada.get(back).submit().choosesAnotherPassword(t)
	ada.login(otherPassword).redirects(t, "/dashboard")
}

func TestWhoKeepsTheAccountCanLockEverybodyOutAtOnce(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	thief, link := ada.robbed()
	page := ada.get(link).is(t, 200).says(t, "Not me: keep it and lock everybody out")
	asked := page.submit("disown", "yes").redirects(t, "/login/password")
	thief.login(goodPassword).is(t, 422)
	page.submit("disown", "yes").redirects(t, "/login/password")
	asked.submit("password", otherPassword).redirects(t, "/login")
	ada.login(otherPassword).redirects(t, "/dashboard")
}

// Item 31: no link opens an account that was closed by somebody else since.
func TestItem31WhatWasDisabledStaysSoWhateverLinkIsUsed(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	_, link := ada.robbed()
	keep, alert := ada.get(link).is(t, 200), ada.get(ada.notice().Link).is(t, 200)
	s.exec("UPDATE users SET disabled_at = ?", s.clock.now())
	alert.submit().is(t, 410)
	keep.submit("disown", "yes").is(t, 410)
	if n := s.count("users", "disabled_at IS NULL"); n != 0 {
		t.Error("the account is open")
	}
}

// Whoever has lost the mail that tells of the deletion asks for a new password, and gets a link that works, in place of the other.
func TestWhoAsksForAPasswordForAnAccountThatIsToBeDeletedCanKeepIt(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	first := ada.leaves().Link
	ada.post("/password/forgot", "email", ada.email).redirects(t, "/password/forgot/sent")
	told := ada.mail()
	s.visitor().get(first).is(t, 410).says(t, "a newer mail")
	s.visitor().get(told.Link).is(t, 200).submit().redirects(t, "/login").says(t, "Your account is back")
	ada.login(goodPassword).redirects(t, "/dashboard")
}

func TestWhoAsksForAMailedLogInToAnAccountThatIsToBeDeletedCanKeepIt(t *testing.T) { // feature:mail_login
	s := newStage(t)                                                                           // feature:mail_login
	ada := s.member("ada@example.com")                                                         // feature:mail_login
	first := ada.leaves().Link                                                                 // feature:mail_login
	ada.post("/login/mail", "email", ada.email).redirects(t, "/login/mail/sent")               // feature:mail_login
	told := ada.mail()                                                                         // feature:mail_login
	s.visitor().get(first).is(t, 410)                                                          // feature:mail_login
	s.visitor().get(told.Link).submit().redirects(t, "/login").says(t, "Your account is back") // feature:mail_login
} // feature:mail_login

func TestTheLinkBringsBackWithinTheWeekAndNotLater(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	link := ada.leaves().Link
	s.clock.passes(auth.DeletionAfter - time.Minute)
	if err := s.cleanup(t.Context()); err != nil {
		t.Fatal(err)
	}
	page := s.visitor().get(link).is(t, 200)
	s.clock.passes(time.Minute)
	s.visitor().get(link).is(t, 410)
	page.submit().is(t, 410) // before the sweep was there
	s.cleanups()
	page.submit().is(t, 410)
	if n := s.count("users", "1 = 1"); n != 0 {
		t.Errorf("there are still %d users", n)
	}
}

// Items 34 and 71: who merely holds a session deletes nothing, and nobody does by mistake.
func TestItem71ADeletionAsksForAFreshProofAndForTheAddress(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	for _, typed := range []string{"", "delete", "mallory@example.com", "ada@example.com,ada@example.com"} {
		ada.post("/account/delete", "confirmation", typed).is(t, 422).says(t, "Type your address, ada@example.com")
	}
	s.clock.passes(s.config.ReauthTTL)
	ada.get("/account/delete").redirects(t, "/account/prove?next=%2Faccount%2Fdelete")
	ada.post("/account/delete", "confirmation", ada.email).is(t, 401)
	if n := s.count("users", "disabled_at IS NULL"); n != 1 {
		t.Error("a stale session deletes the account")
	}
	ada.get("/account/prove?next=%2Faccount%2Fdelete").submit("answer", goodPassword).redirects(t, "/account/delete").
		submit("confirmation", " ADA@Example.com ").redirects(t, "/login")
}

func TestItem71WhoHasASecondFactorProvesThatToo(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	thief := s.visitor()
	thief.email = ada.email
	thief.login(goodPassword).redirects(t, "/dashboard")
	ada.secondFactor()
	thief.post("/account/delete", "confirmation", ada.email).is(t, 401)
	if n := s.count("account_deletions", "1 = 1"); n != 0 {
		t.Error("the password alone deletes the account")
	}
}

// Item 71, written for tables that are not there yet: nothing that is left has the person's id or address, or anything they wrote.
func TestLawNothingIsLeftOfWhoWasDeleted(t *testing.T) {
	s := newStage(t, noRateLimit)
	ada, grace := s.member("ada@example.com"), s.member("grace@example.com")
	hers := estateOf(t, ada)
	event := ada.first("events")
	hers.markers = append(hers.markers, ada.email, ada.user().Name)
	s.exec("DELETE FROM account_deletions WHERE user_id = ?", ada.user().ID)
	s.exec("UPDATE users SET name = 'Ada' WHERE email = ?", ada.email)
	ada.login(goodPassword)
	ada.proven().get("/account/delete").submit("confirmation", ada.email).redirects(t, "/login")
	s.clock.passes(auth.DeletionAfter - time.Minute)
	s.visitor().post("/register", "name", "Mallory", "email", ada.email, "password", otherPassword)
	s.visitor().post("/password/forgot", "email", ada.email)
	s.mailIsSent()
	events := s.count("events", "1 = 1")
	s.clock.passes(time.Minute)
	if err := s.cleanup(t.Context()); err != nil {
		t.Fatal(err)
	}
	for table, rows := range s.tables() {
		for _, marker := range hers.markers {
			kept := table == "events" && (marker == event || marker == "mark-events-name") // what happened, of nobody
			if !kept && strings.Contains(rows, marker) {
				t.Errorf("%s still has %q:\n%s", table, marker, rows)
			}
		}
	}
	// ASVS 14.2.7: nor is there anything in the pages that SQLite has freed, or in its log.
	for file, content := range s.files() {
		for _, marker := range hers.markers {
			if n := strings.Count(content, marker); n > 0 && marker != event && marker != "mark-events-name" {
				t.Errorf("%s has %q %d times, want 0", file, marker, n)
			}
		}
	}
	if n := s.count("events", "1 = 1"); n != events+1 || s.count("events", "name = 'account.deletion_scheduled' AND ip = '' AND device = ''") != 1 {
		t.Errorf("of %d events there are %d", events, n)
	}
	if n := s.count("outbox", "kind IN ('account_deletion', 'account_closing', 'restore_account', 'reset_password') AND length(payload) > 0"); n != 0 {
		t.Error("mail to her is kept")
	}
	if grace.login(goodPassword).status != http.StatusSeeOther {
		t.Error("Grace is gone as well")
	}
}

// Item 71: a later owner of the address inherits nothing, and nothing of the former one opens their account.
func TestItem71ALaterOwnerOfTheAddressInheritsNothing(t *testing.T) {
	s := newStage(t)
	former := s.member("ada@example.com")
	stolen := former.twin()
	former.post("/password/forgot", "email", former.email)
	reset := former.mail().Link
	half := s.visitor()
	half.post("/register", "name", "Half", "email", former.email, "password", otherPassword)
	former.mail()
	s.visitor().post("/login", "email", former.email, "password", otherPassword).is(t, 422)
	s.hits("login-account", 99) // strangers have guessed until the account was closed to them for a month
	s.visitor().post("/login", "email", former.email, "password", otherPassword).is(t, 422)
	s.visitor().post("/login", "email", former.email, "password", otherPassword).is(t, 429)
	id := former.user().ID
	undo := former.leaves().Link
	s.cleanups()
	later := s.visitor()
	later.signUp("Ada Byron", "ada@example.com", otherPassword).redirects(t, "/dashboard").says(t, "Hello, Ada Byron")
	if later.user().ID == id || s.count("events", "user_id = ? AND name LIKE 'login.%'", later.user().ID) != 0 {
		t.Error("the later owner has something of the former one")
	}
	for _, link := range []string{reset, undo} {
		s.visitor().get(link).is(t, 410)
	}
	for _, device := range []*person{former, stolen} {
		device.get("/dashboard").redirects(t, "/login?next=%2Fdashboard")
		device.post("/login", "email", later.email, "password", goodPassword).is(t, 422)
	}
	if known := s.count("known_devices", "1 = 1"); known != 1 {
		t.Errorf("%d devices are known", known)
	}
	s.visitor().post("/login", "email", later.email, "password", otherPassword).redirects(t, "/dashboard") // not slowed down
}

// Item 71: nor does a count of codes that strangers typed until the last moment. // feature:mail_login
func TestItem71NoCountOfMailedCodesOutlivesTheAccount(t *testing.T) { // feature:mail_login
	s := newStage(t)                                                  // feature:mail_login
	ada, stranger := s.member("ada@example.com"), s.visitor()         // feature:mail_login
	ada.leaves()                                                      // feature:mail_login
	s.clock.passes(auth.DeletionAfter - time.Minute)                  // feature:mail_login
	stranger.post("/login/mail", "email", ada.email)                  // feature:mail_login
	stranger.post("/login/mail/sent", "code", "AAAA-AAAA").is(t, 422) // feature:mail_login
	s.hits("mail-login-code", 14)                                     // feature:mail_login
	s.clock.passes(time.Minute)                                       // feature:mail_login
	if err := s.cleanup(t.Context()); err != nil {                    // feature:mail_login
		t.Fatal(err) // feature:mail_login
	} // feature:mail_login
	if n := s.count("limits", "id LIKE 'mail-login-%'"); n != 1 { // that of the stranger's network // feature:mail_login
		t.Errorf("%d counts are left: %s", n, s.rows("limits", "true")) // feature:mail_login
	} // feature:mail_login
} // feature:mail_login

// Item 16: until it is gone the address is not free, which shows in its mailbox alone.
func TestItem16TheAddressOfAClosedAccountLooksLikeAnyOther(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.leaves()
	for _, email := range []string{ada.email, "new@example.com"} {
		s.visitor().post("/register", "name", "Somebody", "email", email, "password", otherPassword).redirects(t, "/register/sent")
		s.visitor().post("/password/forgot", "email", email).redirects(t, "/password/forgot/sent")
	}
	ada.nextOf("is being deleted") // beside what the reset is answered with, in whatever order they arrive
	s.mailIsSent()
	if n := s.count("users", "email = ?", ada.email); n != 1 {
		t.Errorf("%d accounts have the address", n)
	}
}

func TestItem67FiftyDeletionsAtOnceAreOneAndSoAreFiftyUndone(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	s.atOnce(50, func(int) {
		ada.twin().races("/account/delete", url.Values{"confirmation": {ada.email}})
	})
	link := ada.mail().Link
	s.mailIsSent()
	if n, mails := s.count("account_deletions", "1 = 1"), s.count("outbox", "kind = 'account_deletion'"); n != 1 || mails != 1 {
		t.Errorf("%d deletions, %d mails", n, mails)
	}
	token := link[strings.Index(link, "token=")+len("token="):]
	s.atOnce(50, func(int) {
		s.visitor().races("/account/restore", url.Values{"token": {token}})
	})
	s.mailIsSent()
	undone := s.count("events", "name = 'account.deletion_undone'")
	if undone != 1 || s.count("outbox", "kind = 'account_restored'") != 1 {
		t.Errorf("it is undone %d times", undone)
	}
	ada.login(goodPassword).redirects(t, "/dashboard")
}

// Whoever has stolen a session deletes nothing with it once its owner has ended it, not even in that very moment.
func TestADeletionThatIsOvertakenByTheEndOfItsSessionIsNone(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	s.overtaken(func() {
		ada.races("/account/delete", url.Values{"confirmation": {ada.email}})
	}, func(tx *gorm.DB) error { return tx.Exec("DELETE FROM sessions").Error })
	if n := s.count("account_deletions", "1 = 1"); n != 0 {
		t.Error("the account is closed")
	}
}

// interruptedDeletion is a deletion that stopped just before its last step, and the link that was mailed to undo it. resume lets the next one
// go on.
func (p *person) interruptedDeletion() (undo string, resume func()) {
	p.s.t.Helper()
	id, killed, name := p.user().ID, errors.New("killed"), "test:killed"
	undo = p.leaves().Link
	err := p.s.db.Callback().Delete().Before("gorm:delete").Register(name, func(db *gorm.DB) {
		if where, _ := db.Statement.Clauses["WHERE"]; db.Statement.Table == "users" && strings.Contains(fmt.Sprint(where.Expression), id) {
			_ = db.AddError(killed)
		}
	})
	if err != nil {
		p.s.t.Fatal(err)
	}
	p.s.clock.passes(auth.DeletionAfter)
	if err := p.s.cleanup(context.Background()); !errors.Is(err, killed) {
		p.s.t.Errorf("the cleanup says %v", err)
	}
	return undo, func() {
		p.s.t.Helper()
		if err := p.s.db.Callback().Delete().Remove(name); err != nil {
			p.s.t.Fatal(err)
		}
	}
}

// A deletion takes many transactions. The next cleanup finishes one that stopped between two, and it keeps no other from being finished.
func TestDeletion_ResumesAfterInterruption(t *testing.T) {
	s := newStage(t)
	ada, grace := s.member("ada@example.com"), s.member("grace@example.com")
	grace.leaves()
	_, resume := ada.interruptedDeletion()
	if deletions, users, deleted := s.count("account_deletions", "begun_at IS NOT NULL"), s.count("users", "1 = 1"), s.count("events", "name = 'account.deleted'"); deletions != 1 || users != 1 || deleted != 1 {
		t.Errorf("got %d begun deletions, %d users and %d deleted ones, want 1, 1 and 1", deletions, users, deleted)
	}
	resume()
	s.cleanups()
	if users, deleted := s.count("users", "1 = 1"), s.count("events", "name = 'account.deleted'"); users != 0 || deleted != 2 {
		t.Errorf("got %d users and %d deleted ones, want 0 and 2", users, deleted)
	}
}

// An account without its rows must not come back: not by a clock that is set back, nor by a link that works for longer than the account does.
func TestDeletion_CannotBeUndoneOnceBegun(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	thief := ada.elsewhere()
	thief.login(goodPassword).redirects(t, "/dashboard")
	alert, _, _ := strings.Cut(ada.notice().Link, "token=")
	id := ada.user().ID
	undo, resume := ada.interruptedDeletion()
	s.clock.passes(-auth.DeletionAfter)
	hash, now := sha256.Sum256([]byte("token")), s.clock.now()
	left := models.SecurityAlert{ID: uuid.NewString(), UserID: id, TokenHash: hash[:], CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
	if err := s.db.Create(&left).Error; err != nil {
		t.Fatal(err)
	}
	for _, link := range []string{undo, alert + "token=token"} {
		s.visitor().get(link).is(t, 410)
	}
	ada.post("/password/forgot", "email", ada.email)
	s.mailIsSent()
	if n := s.count("users", "disabled_at IS NULL"); n != 0 {
		t.Error("the account is open")
	}
	resume()
	s.cleanups()
	if n := s.count("users", "1 = 1"); n != 0 {
		t.Errorf("%d users are left, want 0", n)
	}
}

// Whatever the user has is deleted before they are. What is left for the foreign keys to delete would go in one transaction, however much it is,
// and on SQLite all other writes would wait for it.
func TestLawDeletion_LeavesNothingToForeignKeys(t *testing.T) {
	s := newStage(t, noRateLimit)
	ada := s.member("ada@example.com")
	estateOf(t, ada)
	id := ada.user().ID
	s.exec("UPDATE users SET disabled_at = created_at WHERE id = ?", id)
	s.exec("UPDATE account_deletions SET expires_at = created_at WHERE user_id = ?", id)
	reached := false
	err := s.db.Callback().Delete().Before("gorm:delete").Register("test:last", func(db *gorm.DB) {
		if reached = db.Statement.Table == "users"; !reached {
			return
		}
		for _, table := range ownedTables(t) {
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
	if s.cleanups(); !reached {
		t.Error("the user was not deleted")
	}
}

func TestSweepsAtOnceDeleteEachAccountOnce(t *testing.T) {
	s := newStage(t)
	for _, email := range []string{"ada@example.com", "grace@example.com", "edsger@example.com"} {
		s.member(email).leaves()
	}
	s.clock.passes(auth.DeletionAfter)
	s.atOnce(10, func(int) {
		if err := s.cleanup(context.Background()); err != nil {
			t.Errorf("a sweep fails: %v", err)
		}
	})
	deleted := s.count("events", "name = 'account.deleted'")
	if deleted != 3 || s.count("users", "1 = 1") != 0 {
		t.Errorf("%d deletions are on record", deleted)
	}
}

// files is what SQLite's files hold, by their names: the database, its log and the index of that. On PostgreSQL there are none to read.
func (s *stage) files() map[string]string {
	s.t.Helper()
	if s.db.Name() != "sqlite" {
		return nil
	}
	var path string
	if err := s.db.Raw("SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(&path).Error; err != nil {
		s.t.Fatal(err)
	}
	files := map[string]string{}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		content, err := os.ReadFile(path + suffix)
		if err != nil {
			s.t.Fatal(err)
		}
		files["the file"+suffix] = string(content)
	}
	return files
}
