package models_test

import (
	"testing"
	"time"

	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
)

// A code that was accepted while the clock ran ahead must not refuse every code
// until then; each code is still accepted once (RFC 6238, 5.2).
func TestUseStep_AcceptsCodesAgainAfterAClockRanAhead(t *testing.T) {
	db, now := modelstest.Open(t), time.Now()
	user := models.User{ID: "ada", Name: "Ada", Email: "ada@example.com", CreatedAt: now, UpdatedAt: now}
	must(t, db.Create(&user).Error)
	must(t, db.Create(&models.Authenticator{ID: "app", UserID: user.ID, Secret: []byte("sealed"), CreatedAt: now, LastUsedAt: now}).Error)
	const step, year = 60_000_000, 365 * 24 * 120
	for i, use := range []struct {
		step int64
		want bool
	}{
		{step + 1, true},
		{step, false}, // an older code, or a clock that is a little behind
		{step + 1, false},
		{step + 1 + year, true},
		{step + 2, true},
		{step + 2, false},
		{step + 3, true},
	} {
		if got, err := models.UseStep(db, "app", use.step, now); err != nil || got != use.want {
			t.Errorf("use %d, of step %d: got %v (%v), want %v", i+1, use.step-step, got, err, use.want)
		}
	}
}
