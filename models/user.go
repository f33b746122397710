package models

import (
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// forChange locks rows on PostgreSQL; SQLite needs no such words, its transactions write one at a time. It is the weaker of
// the two locks that keep a row from changing: the rows that merely name a user, such as events, can still be written.
//
// Transactions take their locks in one order, or two of them wait for each other and one is lost: first the user, then
// sign-ups by id, then everything else, and limits in the order of their rules (see auth.take).
var forChange = clause.Locking{Strength: "NO KEY UPDATE"}

// User is a person with a confirmed address. Email is stored as NormalizeEmail returned it and is unique.
type User struct {
	ID            string
	Name          string
	Email         string
	PasswordHash  string // "" where there is no password, and none matches
	CreatedAt     time.Time
	UpdatedAt     time.Time
	DisabledAt    *time.Time
	PasswordDueAt *time.Time // since when a new password is due before the next login is finished; nil for not
}

var userTable = Table{
	Model:   &User{},
	Bound:   "the limits of sign-ups",
	Says:    "Your name and your address",
	Secrets: []string{"password_hash"},
}

// HasPassword says whether there is a password to be asked for.
func HasPassword(db *gorm.DB, userID string) (bool, error) {
	var n int64
	err := db.Model(&User{}).Where("id = ? AND password_hash <> ''", userID).Count(&n).Error
	return n > 0, err
}

// FindUserByEmail returns the user who may log in with a normalized address, or gorm.ErrRecordNotFound.
func FindUserByEmail(db *gorm.DB, email string) (User, error) {
	var user User
	err := db.Where("email = ? AND disabled_at IS NULL", email).Take(&user).Error
	return user, err
}

// FindUser is FindUserByEmail by id.
func FindUser(db *gorm.DB, id string) (User, error) {
	var user User
	err := db.Where("id = ? AND disabled_at IS NULL", id).Take(&user).Error
	return user, err
}

// LockUser is FindUser that keeps the row from changing until the transaction ends.
func LockUser(tx *gorm.DB, id string) (User, error) { return FindUser(tx.Clauses(forChange), id) }

// LockUserByEmail is FindUserByEmail that keeps the row from changing until the transaction ends.
func LockUserByEmail(tx *gorm.DB, email string) (User, error) {
	return FindUserByEmail(tx.Clauses(forChange), email)
}
