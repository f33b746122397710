package auth

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

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
		browser, err := a.SignIn(t.Context(), user, Proof{Method: "password"}, Browser{}, here)
		must(t, err)
		viewer, err := a.Viewer(t.Context(), browser.Session, here)
		must(t, err)
		must(t, a.db.Exec(how).Error)
		if err := a.ScheduleDeletion(t.Context(), viewer, user.Email, here); !errors.Is(err, ErrChanged) || rows(t, a, "account_deletions", "true") != 0 {
			t.Errorf("without %s: %v", lost, err)
		}
	}
}

// An account that somebody else closes meanwhile is not opened by undoing its deletion.
func TestUndoingADeletionOpensNothingThatAnotherClosed(t *testing.T) {
	a, _ := opened(t, modelstest.Open(t))
	user := added(t, a, "ada@example.com")
	browser, err := a.SignIn(t.Context(), user, Proof{Method: "password"}, Browser{}, here)
	must(t, err)
	viewer, err := a.Viewer(t.Context(), browser.Session, here)
	must(t, err)
	must(t, a.ScheduleDeletion(t.Context(), viewer, user.Email, here))
	token, hash := newToken()
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
		must(t, a.db.Create(&models.AccountDeletion{ID: newID(), UserID: user.ID, TokenHash: []byte(user.ID), CreatedAt: a.now(), ExpiresAt: a.now()}).Error)
		if i < deletionsAtOnce {
			must(t, a.db.Exec("INSERT INTO what_is_kept (user_id) VALUES (?)", user.ID).Error)
		}
	}
	*ahead += time.Hour
	if err := a.Sweep(t.Context()); err == nil || !strings.Contains(err.Error(), "delete the account") {
		t.Errorf("the sweep says %v", err)
	}
	if n := rows(t, a, "users", "true"); n != deletionsAtOnce {
		t.Errorf("%d people are left, not the %d of whom something is kept", n, deletionsAtOnce)
	}
}
