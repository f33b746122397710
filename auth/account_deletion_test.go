package auth

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
)

// Item 67: who has lost the session while asking to delete the account deletes nothing: its owner may just have ended what was stolen.
func TestItem67AnAccountIsNotDeletedByWhoLostTheSessionMeanwhile(t *testing.T) {
	for lost, how := range map[string]string{
		"the session": "DELETE FROM sessions", "its life": "UPDATE sessions SET expires_at = created_at", "the account": "UPDATE users SET disabled_at = created_at",
	} {
		a, _ := opened(t, modelstest.Open(t))
		user := added(t, a, "ada@example.com")
		browser, err := a.Login(t.Context(), user, Authentication{Method: "password"}, Browser{}, here)
		must(t, err)
		actor, err := a.FindActor(t.Context(), browser.Session, here)
		must(t, err)
		must(t, a.db.Exec(how).Error)
		if err := a.ScheduleDeletion(t.Context(), actor, user.Email); !errors.Is(err, ErrChanged) || rows(t, a, "account_deletions", "true") != 0 {
			t.Errorf("without %s: %v", lost, err)
		}
	}
}

// An account that somebody else closes meanwhile is not opened by undoing its deletion.
func TestUndoingADeletionOpensNothingThatAnotherClosed(t *testing.T) {
	a, _ := opened(t, modelstest.Open(t))
	user := added(t, a, "ada@example.com")
	browser, err := a.Login(t.Context(), user, Authentication{Method: "password"}, Browser{}, here)
	must(t, err)
	actor, err := a.FindActor(t.Context(), browser.Session, here)
	must(t, err)
	must(t, a.ScheduleDeletion(t.Context(), actor, user.Email))
	token, hash := NewToken()
	must(t, a.db.Exec("UPDATE account_deletions SET token_hash = ?", hash).Error)
	must(t, a.db.Exec("UPDATE users SET disabled_at = ?", a.now().Add(time.Second)).Error)
	must(t, a.UndoDeletion(t.Context(), token, here))
	if rows(t, a, "users", "disabled_at IS NULL") != 0 {
		t.Error("it is open")
	}
}

func TestADeletionThatFailsKeepsNoOtherFromIt(t *testing.T) {
	a, ahead := opened(t, modelstest.Open(t))
	must(t, a.db.Exec("CREATE TABLE what_is_kept (user_id TEXT NOT NULL REFERENCES users (id))").Error)
	for i := range deletionsAtOnce + 1 {
		user := added(t, a, fmt.Sprintf("ada%d@example.com", i))
		must(t, a.db.Create(&models.AccountDeletion{ID: NewID(), UserID: user.ID, TokenHash: []byte(user.ID), CreatedAt: a.now(), ExpiresAt: a.now()}).Error)
		if i < deletionsAtOnce {
			must(t, a.db.Exec("INSERT INTO what_is_kept (user_id) VALUES (?)", user.ID).Error)
		}
	}
	*ahead += time.Hour
	if err := cleanup(t, a); err == nil || !strings.Contains(err.Error(), "delete the account") {
		t.Errorf("the sweep says %v", err)
	}
	if n := rows(t, a, "users", "true"); n != deletionsAtOnce {
		t.Errorf("%d people are left, not the %d of whom something is kept", n, deletionsAtOnce)
	}
}

// Other writes wait for one batch at most (ASVS 15.2.2), however much an account has. Counts tell it, since times depend on the machine.
func TestDeletion_ChangesFewRowsAtATime(t *testing.T) {
	a, ahead := opened(t, modelstest.Open(t))
	user := added(t, a, "ada@example.com")
	batch := models.BatchRows(a.db)
	must(t, fillOutbox(a, user, 2*batch+1))
	must(t, fillEvents(a, user, 2*batch+1))
	must(t, fillNotes(a, user, 2*batch+1)) // feature:notes
	must(t, a.db.Create(&models.AccountDeletion{ID: NewID(), UserID: user.ID, TokenHash: []byte("hash"), CreatedAt: a.now(), ExpiresAt: a.now()}).Error)
	*ahead += time.Hour
	most := int64(0)
	count := func(db *gorm.DB) { most = max(most, db.RowsAffected) }
	must(t, errors.Join(a.db.Callback().Raw().After("gorm:raw").Register("test:count", count),
		a.db.Callback().Update().After("gorm:update").Register("test:count", count),
		a.db.Callback().Delete().After("gorm:delete").Register("test:count", count)))
	must(t, cleanup(t, a))
	if most != int64(batch) {
		t.Errorf("a statement changes %d rows, want %d at most", most, batch)
	}
	if users, mails, named := rows(t, a, "users", "true"), rows(t, a, "outbox", "true"), rows(t, a, "events", "user_id IS NOT NULL"); users+mails+named != 0 {
		t.Errorf("%d users, %d mails and %d of their events are left, want none", users, mails, named)
	}
}

// The security log tells nothing of a deleted user, not even of a wrong password
// that is entered while the rows are deleted.
func TestDeletion_AnonymizesEventsThatComeBeforeItEnds(t *testing.T) {
	a, _ := opened(t, modelstest.Open(t))
	user := added(t, a, "ada@example.com")
	must(t, a.deleteOwned(t.Context(), user.ID))
	if _, err := a.Authenticate(t.Context(), user.Email, "a password, a wrong one", Browser{}, here); err == nil {
		t.Fatal("a wrong password: got a login, want an error")
	}
	must(t, a.deleteUser(t.Context(), user.ID))
	if all, named := rows(t, a, "events", "name = 'login.failed'"), rows(t, a, "events", "user_id IS NOT NULL OR ip <> '' OR device <> ''"); all != 1 || named != 0 {
		t.Errorf("got %d failed logins in the log and %d events that tell of somebody, want 1 and 0", all, named)
	}
}
