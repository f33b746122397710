package auth

import (
	"strings"
	"testing"
	"time"

	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
)

func TestATableThatCannotBeSweptKeepsNoOtherFromIt(t *testing.T) {
	a, ahead := opened(t, modelstest.Open(t))
	must(t, a.db.Create(&models.Limit{ID: NewID(), Attempts: 1, OpenAt: a.now(), EndsAt: a.now()}).Error)
	must(t, a.ForgotPassword(t.Context(), "nobody@example.com", here))
	must(t, a.db.Exec("UPDATE outbox SET done_at = created_at").Error)
	must(t, a.db.Exec("ALTER TABLE sessions RENAME TO gone").Error)
	*ahead += keepMail + time.Hour
	if err := cleanup(t, a); err == nil || !strings.Contains(err.Error(), "sweep sessions") {
		t.Errorf("the sweep says %v", err)
	}
	if rows(t, a, "limits", "true") != 0 || rows(t, a, "outbox", "true") != 0 {
		t.Error("what comes after the table was not swept")
	}
}
