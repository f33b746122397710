package models

import (
	"time"

	"gorm.io/gorm"
)

// Authenticator is an app that makes codes (RFC 6238) from a secret that it shares with this application.
type Authenticator struct {
	ID         string
	UserID     string
	Name       string
	Secret     []byte // sealed to the row's id
	LastStep   int64  // the step of the last code that was accepted
	CreatedAt  time.Time
	LastUsedAt time.Time
}

var authenticatorTable = Table{
	Model:   &Authenticator{},
	Auth:    true,
	Bound:   "10 for each user",
	Says:    "Your authenticator apps",
	Secrets: []string{"secret", "last_step"},
}

// maxStepsAhead is how far ahead of a code's step that of another code can be:
// one step is taken early and one late, and clocks may differ by ClockSlack, which
// is two steps of 30 seconds.
const maxStepsAhead = 4

// HasTOTP says whether the user has an authenticator.
func HasTOTP(db *gorm.DB, userID string) (bool, error) {
	var n int64
	err := db.Model(&Authenticator{}).Where("user_id = ?", userID).Count(&n).Error
	return n > 0, err
}

// AuthenticatorsOf lists a user's authenticators, the first one first.
func AuthenticatorsOf(db *gorm.DB, userID string) ([]Authenticator, error) {
	var list []Authenticator
	err := db.Where("user_id = ?", userID).Order("created_at, id").Find(&list).Error
	return list, err
}

// AuthenticatorsSealedOtherwise lists authenticators whose sealed secret does not begin with a key's id: limit of them at the most, by
// their ids, from the first behind the one named.
func AuthenticatorsSealedOtherwise(db *gorm.DB, keyID []byte, behind string, limit int) ([]Authenticator, error) {
	var list []Authenticator
	err := db.Where("substr(secret, 1, ?) <> ? AND id > ?", len(keyID), keyID, behind).Order("id").Limit(limit).Find(&list).Error
	return list, err
}

// Reseal replaces the sealed secret that was read with the authenticator.
func (a Authenticator) Reseal(db *gorm.DB, sealed []byte) error {
	return db.Model(&Authenticator{}).Where("id = ? AND secret = ?", a.ID, a.Secret).Update("secret", sealed).Error
}

// UseStep accepts a code of a step, and says whether it was the first of its step or a later one. One statement decides, so that of fifty at
// once one is the first. A last step that is further ahead than clocks differ is
// that of a clock that ran ahead, and would refuse every code until then.
func UseStep(db *gorm.DB, authenticatorID string, step int64, now time.Time) (first bool, err error) {
	used := db.Model(&Authenticator{}).Where("id = ? AND (last_step < ? OR last_step > ?)", authenticatorID, step, step+maxStepsAhead).
		Updates(map[string]any{"last_step": step, "last_used_at": now})
	return used.RowsAffected == 1, used.Error
}
