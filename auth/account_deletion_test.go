package auth

import (
	"errors"
	"testing"
	"time"

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
