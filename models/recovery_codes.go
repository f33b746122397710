package models

import (
	"time"

	"gorm.io/gorm"
)

// RecoveryCode is what a person keeps on paper for the day on which every other factor is lost. A used one is gone.
type RecoveryCode struct {
	ID        string
	UserID    string
	CodeHash  []byte
	CreatedAt time.Time
}

var recoveryCodeTable = Table{
	Model:   &RecoveryCode{},
	Auth:    true,
	Bound:   "10 for each user",
	Says:    "When your recovery codes were made",
	Secrets: []string{"code_hash"},
}

// HasRecoveryCodes says whether the user has one left.
func HasRecoveryCodes(db *gorm.DB, userID string) (bool, error) {
	n, err := CountRecoveryCodes(db, userID)
	return n > 0, err
}

// CountRecoveryCodes says how many the user has left.
func CountRecoveryCodes(db *gorm.DB, userID string) (n int64, err error) {
	err = db.Model(&RecoveryCode{}).Where("user_id = ?", userID).Count(&n).Error
	return n, err
}
