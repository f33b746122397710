package models

import (
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// MailLogin is a mailed permission to log in, once, by a link or a code, in the browser that asked for it.
type MailLogin struct {
	ID                string
	UserID            *string // nil in the row written for an unknown address
	Recipient         []byte  // keyed hash of the address
	BrowserHash       []byte  // SHA-256 of the cookie in the browser that asked
	TokenHash         []byte  // SHA-256 of the token in the link
	CodeHash          []byte  // keyed hash of the code: a plain one could be searched for
	CredentialVersion []byte  // of the password when it was asked for
	KnownDevice       bool    // it was asked for where the owner has logged in before
	Remember          bool
	Tries             int // codes that were typed
	CreatedAt         time.Time
	ExpiresAt         time.Time
}

// MailLoginLifetime is how long a mailed link and its code work: what is sent
// out of band may live ten minutes (ASVS 6.5.5).
const MailLoginLifetime = 10 * time.Minute

var mailLoginTable = Table{
	Model:   &MailLogin{},
	Auth:    true,
	Bound:   "one for each browser, within the limits of mailed logins; deleted when they expire",
	Says:    "Mails to log in with that still work",
	Secrets: []string{"recipient", "browser_hash", "token_hash", "code_hash", "credential_version"},
	Expired: PastExpiry,
	Ahead:   []Ahead{{Column: "expires_at", By: MailLoginLifetime}},
}

// FindMailLogin returns the living one with a link's token; gorm.ErrRecordNotFound where there is none.
func FindMailLogin(db *gorm.DB, tokenHash []byte, now time.Time) (row MailLogin, err error) {
	err = db.Where("token_hash = ? AND expires_at > ?", tokenHash, now).Take(&row).Error
	return row, err
}

// FindBrowsersMailLogin returns the living one that a browser has asked for; gorm.ErrRecordNotFound where there is none.
func FindBrowsersMailLogin(db *gorm.DB, browserHash []byte, now time.Time) (row MailLogin, err error) {
	err = db.Where("browser_hash = ? AND expires_at > ?", browserHash, now).Take(&row).Error
	return row, err
}

// VoidMailLogins deletes what was asked for before for a recipient: what strangers did where a stranger asks, all where the owner
// does in a browser of theirs. Otherwise strangers could keep on voiding what the owner is waiting for.
func VoidMailLogins(tx *gorm.DB, recipient []byte, knownDevice bool) error {
	older := tx.Where("recipient = ?", recipient)
	if !knownDevice {
		older = older.Where("NOT known_device")
	}
	return older.Delete(&MailLogin{}).Error
}

// UseMailLogin deletes the one that a link's token names in the browser that asked for it, and returns it. One statement decides, so
// that of fifty at once one finds it; gorm.ErrRecordNotFound for the others.
func UseMailLogin(tx *gorm.DB, tokenHash, browserHash []byte, now time.Time) (row MailLogin, err error) {
	var rows []MailLogin
	err = tx.Clauses(clause.Returning{}).Where("token_hash = ? AND browser_hash = ? AND expires_at > ?", tokenHash, browserHash, now).Delete(&rows).Error
	if err == nil && len(rows) == 0 {
		err = gorm.ErrRecordNotFound
	}
	if err != nil {
		return row, err
	}
	return rows[0], nil
}

// TryMailLogin counts a try at the code of the one that a browser has asked for, and returns it; gorm.ErrRecordNotFound where there is
// none. The row it locks is what makes fifty tries at once wait for each other.
func TryMailLogin(tx *gorm.DB, browserHash []byte, now time.Time) (row MailLogin, err error) {
	var rows []MailLogin
	err = tx.Model(&rows).Clauses(clause.Returning{}).Where("browser_hash = ? AND expires_at > ?", browserHash, now).
		Update("tries", gorm.Expr("mail_logins.tries + 1")).Error
	if err == nil && len(rows) == 0 {
		err = gorm.ErrRecordNotFound
	}
	if err != nil {
		return row, err
	}
	return rows[0], nil
}
