package models

import (
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// AccountDeletion is the end of an account that its owner has asked for, while it can still be undone.
type AccountDeletion struct {
	ID        string
	UserID    string
	TokenHash []byte     // SHA-256 of the mailed token that undoes it
	CreatedAt time.Time  // when the account was closed: the user's DisabledAt
	ExpiresAt time.Time  // when it goes
	BegunAt   *time.Time // when rows of the account were first deleted, after which nothing brings it back; nil for not yet
}

// DeletionDelay is how long an account that is to be deleted can be brought
// back: people are away from their mail for a week.
const DeletionDelay = 7 * 24 * time.Hour

// Package auth deletes the rows, each with its user.
var accountDeletionTable = Table{
	Model:   &AccountDeletion{},
	Auth:    true,
	Bound:   "one for each user",
	Says:    "A deletion of your account that was asked for",
	Secrets: []string{"token_hash"},
	Ahead:   []Ahead{{Column: "expires_at", By: DeletionDelay}},
}

// FindDeletion returns the deletion that a token's hash undoes, and whose account it ends; gorm.ErrRecordNotFound where there is none.
func FindDeletion(db *gorm.DB, tokenHash []byte, now time.Time) (deletion AccountDeletion, user User, err error) {
	if err = db.Where("token_hash = ? AND expires_at > ?", tokenHash, now).Take(&deletion).Error; err != nil {
		return deletion, user, err
	}
	err = db.Where("id = ?", deletion.UserID).Take(&user).Error
	return deletion, user, err
}

// FindDeletionByEmail returns the deletion of the account with a normalized address, or gorm.ErrRecordNotFound.
func FindDeletionByEmail(db *gorm.DB, email string) (AccountDeletion, error) {
	var deletion AccountDeletion
	err := db.Joins("JOIN users ON users.id = account_deletions.user_id").Where("users.email = ?", email).Take(&deletion).Error
	return deletion, err
}

// DeletionsDue lists up to most deletions whose time has come, by their ids, those after last.
func DeletionsDue(db *gorm.DB, now time.Time, last string, most int) ([]AccountDeletion, error) {
	var due []AccountDeletion
	err := db.Where("expires_at <= ? AND id > ?", now, last).Order("id").Limit(most).Find(&due).Error
	return due, err
}

// LockAnyUser reads a user who may log in or not, and keeps the row from changing until the transaction ends. It is the stronger of the
// two locks, since the row may be about to go, and the rows that name it with it.
func LockAnyUser(tx *gorm.DB, id string) (User, error) {
	var user User
	err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).Take(&user).Error
	return user, err
}
