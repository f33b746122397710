package models

import (
	"crypto/sha256"
	"time"

	"gorm.io/gorm"
)

// SignIn is a sign-in that still owes something, such as a second factor. It is no session, and no query for sessions finds it.
// Its token is known to one browser alone; the row keeps the SHA-256 of it. Each step that is taken has a row and a token of its own.
type SignIn struct {
	ID         string
	UserID     string
	TokenHash  []byte
	Method     string // what was proven so far: "password"
	Level      int
	Remember   bool
	FactorID   string // the row of the second factor that was proven, "" for none
	Generation []byte // of the password that it was begun with
	IP         string // where its first step was taken
	Device     string
	CreatedAt  time.Time // of its first step
	ProvedAt   time.Time // of the last proof
	ExpiresAt  time.Time
	ReportAt   *time.Time // when the owner is told that it was not finished; nil for not, as where the person has signed in in the browser before
	Trust      *bool      // the browser, once the sign-in is finished; nil is no // feature:trusted_devices
}

// Generation tells one password of the user from the next.
func (u *User) Generation() []byte {
	sum := sha256.Sum256([]byte(u.PasswordHash))
	return sum[:]
}

// FindSignIn returns the unfinished sign-in with a token's hash, and whose it is; gorm.ErrRecordNotFound where there is none.
func FindSignIn(db *gorm.DB, tokenHash []byte, now time.Time) (signIn SignIn, user User, err error) {
	if err = db.Where("token_hash = ? AND expires_at > ?", tokenHash, now).Take(&signIn).Error; err != nil {
		return signIn, user, err
	}
	user, err = FindUser(db, signIn.UserID)
	return signIn, user, err
}

// OverdueSignIns lists some of the sign-ins that their owners are to be told of.
func OverdueSignIns(db *gorm.DB, now time.Time, most int) ([]SignIn, error) {
	var list []SignIn
	err := db.Where("report_at <= ?", now).Limit(most).Find(&list).Error
	return list, err
}
