package models

import (
	"time"

	"gorm.io/gorm"
)

// SecurityAlert is a mailed permission to say, once, that what the mail tells of was not done by the account's owner.
type SecurityAlert struct {
	ID          string
	UserID      string
	TokenHash   []byte
	OthersSince *time.Time // when the account may have become somebody else's, where that is before what the mail tells of
	CreatedAt   time.Time
	ExpiresAt   time.Time

	// MailID and Folded belong to a mail that tells of several alerts: its
	// row in the outbox, and what it tells, as JSON. Both are nil for an
	// alert that has a mail of its own.
	MailID *string
	Folded *string
}

// AlertLifetime is how long the link in a security alert works: people are away
// from their mail for a week, not for longer. No link in a mail works longer.
const AlertLifetime = 7 * 24 * time.Hour

var securityAlertTable = Table{
	Model:   &SecurityAlert{},
	Auth:    true,
	Bound:   "40 mails in 10 minutes for each user, then one for all; deleted when the link expires",
	Says:    "Links in mails that told you of a change, while they work",
	Secrets: []string{"token_hash"},
	Expired: PastExpiry,
	Ahead:   []Ahead{{Column: "expires_at", By: AlertLifetime}},
}

// Since is when the account may have become somebody else's.
func (a SecurityAlert) Since() time.Time {
	if a.OthersSince != nil {
		return *a.OthersSince
	}
	return a.CreatedAt
}

// FoldedAlert returns the newest mail of the user's that tells of several
// alerts, or gorm.ErrRecordNotFound.
func FoldedAlert(db *gorm.DB, userID string) (alert SecurityAlert, err error) {
	err = db.Where("user_id = ? AND mail_id IS NOT NULL", userID).Order("created_at DESC, id DESC").Take(&alert).Error
	return alert, err
}

// DeleteSentAlerts deletes the user's alerts, but not one whose mail still waits
// for more to tell.
func DeleteSentAlerts(db *gorm.DB, userID string) error {
	return db.Where("user_id = ?", userID).
		Where("mail_id IS NULL OR mail_id NOT IN (SELECT id FROM outbox WHERE attempts = 0 AND done_at IS NULL AND failed_at IS NULL)").
		Delete(&SecurityAlert{}).Error
}
