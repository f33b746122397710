package models

import (
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/config"
)

// EmailChange is an address that a user wants to have instead of theirs. Both mailboxes have to agree first.
type EmailChange struct {
	ID           string
	UserID       string
	Email        string // the new one
	SessionID    string // in which it was asked for; "" where an administrator did
	IP           string // from where, and on which device; "" where an administrator did
	Device       string
	NewTokenHash []byte // of the link that was mailed to the new mailbox
	OldTokenHash []byte // and to the present one
	NewProvenAt  *time.Time
	OldProvenAt  *time.Time
	CreatedAt    time.Time
	ExpiresAt    time.Time
}

// FormerEmail is the address that a user had before a change, which can be undone with a mailed token for as long as it lasts. Nobody else
// can have it meanwhile.
type FormerEmail struct {
	ID          string
	UserID      string
	Email       string
	TokenHash   []byte
	OthersSince *time.Time // when the account may have become somebody else's, who then changed the address; nil for with the change
	CreatedAt   time.Time
	ExpiresAt   time.Time
}

// UndoLifetime is how long a change of the address can be undone from the former
// mailbox. Nobody else can have that address until then.
const UndoLifetime = 7 * 24 * time.Hour

var (
	emailChangeTable = Table{
		Model:   &EmailChange{},
		Auth:    true,
		Bound:   "one for each user; 5 changes an hour",
		Says:    "An address that you are about to change to",
		Secrets: []string{"new_token_hash", "old_token_hash"},
		Expired: PastExpiry,
		Ahead:   []Ahead{{Column: "expires_at", Setting: func(c config.Config) time.Duration { return c.ConfirmTTL }}},
	}
	// Package auth deletes the rows of former_emails, each under a lock.
	formerEmailTable = Table{
		Model:   &FormerEmail{},
		Auth:    true,
		Bound:   "5 changes an hour, kept for a week",
		Says:    "Addresses that you had until a week ago",
		Secrets: []string{"token_hash"},
		Ahead:   []Ahead{{Column: "expires_at", By: UndoLifetime}},
	}
)

// Since is when the account may have become somebody else's.
func (f FormerEmail) Since() time.Time {
	if f.OthersSince != nil {
		return *f.OthersSince
	}
	return f.CreatedAt
}

// FindEmailChange returns the change that waits for a link with this token's hash to be used; gorm.ErrRecordNotFound where there is none.
func FindEmailChange(db *gorm.DB, tokenHash []byte, now time.Time) (EmailChange, error) {
	var change EmailChange
	err := db.Where("(new_token_hash = ? AND new_proven_at IS NULL OR old_token_hash = ? AND old_proven_at IS NULL) AND expires_at > ?",
		tokenHash, tokenHash, now).Take(&change).Error
	return change, err
}

// EmailChangeOf returns the change that a user is waiting for; gorm.ErrRecordNotFound where there is none.
func EmailChangeOf(db *gorm.DB, userID string, now time.Time) (EmailChange, error) {
	var change EmailChange
	err := db.Where("user_id = ? AND expires_at > ?", userID, now).Take(&change).Error
	return change, err
}

// HasAccount says whether a normalized address has an account, open or closed.
func HasAccount(db *gorm.DB, email string) (bool, error) {
	var n int64
	err := db.Model(&User{}).Where("email = ?", email).Count(&n).Error
	return n > 0, err
}

// IsEmailReserved says whether an address is kept for somebody else than this user, who had it until a short while ago.
func IsEmailReserved(db *gorm.DB, email, userID string, now time.Time) (bool, error) {
	var n int64
	err := db.Model(&FormerEmail{}).Where("email = ? AND user_id <> ? AND expires_at > ?", email, userID, now).Count(&n).Error
	return n > 0, err
}
