package models

import (
	"crypto/sha256"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"example.com/gatehouse/config"
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

// PendingLoginLifetime is how long a login may take, from its first step to the
// last.
const PendingLoginLifetime = 10 * time.Minute

var pendingLoginTable = Table{
	Model:   &PendingLogin{},
	Auth:    true,
	Bound:   "the limit of logins; deleted when their ten minutes are over",
	Says:    "Logins that were begun and not finished",
	Secrets: []string{"token_hash", "credential_version"},
	Expired: func(now time.Time, _ config.Config) clause.Expr {
		return gorm.Expr("expires_at <= ? AND report_at IS NULL", now)
	},
	Ahead: []Ahead{
		{Column: "expires_at", By: PendingLoginLifetime},
		{Column: "report_at", By: PendingLoginLifetime},
	},
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
