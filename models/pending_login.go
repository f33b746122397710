package models

import (
	"crypto/sha256"
	"time"

	"gorm.io/gorm"
)

// PendingLogin is a login that still owes something, such as a second factor. It is no session, and no query for sessions finds it.
// Its token is known to one browser alone; the row keeps the SHA-256 of it. Each step that is taken has a row and a token of its own.
type PendingLogin struct {
	ID                string
	UserID            string
	TokenHash         []byte
	Method            string // what was proven so far: "password"
	AAL               int
	Remember          bool
	FactorID          string // the row of the second factor that was proven, "" for none
	CredentialVersion []byte // of the password that it was begun with
	IP                string // where its first step was taken
	Device            string
	CreatedAt         time.Time // of its first step
	AuthenticatedAt   time.Time // of the last proof
	ExpiresAt         time.Time
	ReportAt          *time.Time // when the owner is told that it was not finished; nil for not, as where the person has logged in in the browser before
	Options           *string    // what the user has ticked, separated by spaces; nil for nothing
}

// CredentialVersion tells one password of the user from the next.
func (u *User) CredentialVersion() []byte {
	sum := sha256.Sum256([]byte(u.PasswordHash))
	return sum[:]
}

// FindPendingLogin returns the unfinished login with a token's hash, and whose it is; gorm.ErrRecordNotFound where there is none.
func FindPendingLogin(db *gorm.DB, tokenHash []byte, now time.Time) (pendingLogin PendingLogin, user User, err error) {
	if err = db.Where("token_hash = ? AND expires_at > ?", tokenHash, now).Take(&pendingLogin).Error; err != nil {
		return pendingLogin, user, err
	}
	user, err = FindUser(db, pendingLogin.UserID)
	return pendingLogin, user, err
}

// OverduePendingLogins lists some of the logins that their owners are to be told of.
func OverduePendingLogins(db *gorm.DB, now time.Time, most int) ([]PendingLogin, error) {
	var list []PendingLogin
	err := db.Where("report_at <= ?", now).Limit(most).Find(&list).Error
	return list, err
}
