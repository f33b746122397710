package models

import (
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Passkey is a credential of the Web Authentication API: a key pair of which a person's device has one half, and this row the other.
type Passkey struct {
	ID             string
	UserID         string
	CredentialID   []byte // unique among everybody's
	PublicKey      []byte // as COSE (RFC 9052)
	SignCount      int64  // as it was at the last use; 0 where the device does not count
	Maker          string // the AAGUID of what made it
	Transports     string // how browsers reach it, separated by commas
	BackupEligible bool   // it may be copied to the owner's other devices; never changes
	BackedUp       bool
	Name           string
	CreatedAt      time.Time
	LastUsedAt     *time.Time
}

// PasskeyOwner is what passkeys know of a person.
type PasskeyOwner struct {
	ID         string
	UserID     string
	Handle     []byte // random: whoever holds a passkey learns nothing from it
	NeverOffer bool
	OfferAfter *time.Time // the person has asked to be left alone until then
	CreatedAt  time.Time
}

// PasskeyChallenge is what a device has to sign. Nobody can be told by it: it belongs to a browser, a session or a login.
type PasskeyChallenge struct {
	ID            string
	ChallengeHash []byte
	Purpose       string
	BoundTo       string
	CreatedAt     time.Time
	ExpiresAt     time.Time
}

// PasskeyChallengeLifetime is how long a challenge waits for its answer, here and
// in the browser.
const PasskeyChallengeLifetime = 5 * time.Minute

var (
	passkeyOwnerTable = Table{
		Model:   &PasskeyOwner{},
		Auth:    true,
		Bound:   "one for each user",
		Says:    "Whether you want to be offered a passkey",
		Secrets: []string{"handle"},
	}
	passkeyTable = Table{
		Model:   &Passkey{},
		Auth:    true,
		Bound:   "20 for each user",
		Says:    "Your passkeys",
		Secrets: []string{"credential_id", "public_key", "sign_count"},
	}
	passkeyChallengeTable = Table{
		Model:   &PasskeyChallenge{},
		Bound:   "ten for each browser or session, within the limit by address; deleted after five minutes",
		Expired: PastExpiry,
		Ahead:   []Ahead{{Column: "expires_at", By: PasskeyChallengeLifetime}},
	}
)

// HasPasskeys says whether the user has one.
func HasPasskeys(db *gorm.DB, userID string) (bool, error) {
	var n int64
	err := db.Model(&Passkey{}).Where("user_id = ?", userID).Count(&n).Error
	return n > 0, err
}

// PasskeysOf lists a user's passkeys, the first one first.
func PasskeysOf(db *gorm.DB, userID string) ([]Passkey, error) {
	var list []Passkey
	err := db.Where("user_id = ?", userID).Order("created_at, id").Find(&list).Error
	return list, err
}

// UsePasskey notes the use of a passkey whose device has counted to signCount, and says whether that was further than before (Web
// Authentication Level 3, section 7.2, step 22): a device that counts and has not is one of two. One statement decides.
func UsePasskey(db *gorm.DB, id string, signCount int64, backedUp bool, now time.Time) (further bool, err error) {
	moved := "sign_count < ?"
	if signCount == 0 {
		moved = "sign_count = ?" // it does not count, and never has
	}
	used := db.Model(&Passkey{}).Where("id = ? AND "+moved, id, signCount).
		Updates(map[string]any{"sign_count": signCount, "backed_up": backedUp, "last_used_at": now})
	return used.RowsAffected == 1, used.Error
}

// PasskeyExists says whether there is still a passkey with an id.
func PasskeyExists(db *gorm.DB, id string) (bool, error) {
	var n int64
	err := db.Model(&Passkey{}).Where("id = ?", id).Count(&n).Error
	return n > 0, err
}

// FindPasskeyOwner returns whose handle this is, who may log in; gorm.ErrRecordNotFound where it is nobody's.
func FindPasskeyOwner(db *gorm.DB, handle []byte) (User, error) {
	var user User
	err := db.Joins("JOIN passkey_owners ON passkey_owners.user_id = users.id").
		Where("passkey_owners.handle = ? AND users.disabled_at IS NULL", handle).Take(&user).Error
	return user, err
}

// PasskeyOwnerOf returns what passkeys know of the user; one without an id where that is nothing yet.
func PasskeyOwnerOf(db *gorm.DB, userID string) (PasskeyOwner, error) {
	var owner PasskeyOwner
	err := db.Where("user_id = ?", userID).Take(&owner).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return PasskeyOwner{}, nil
	}
	return owner, err
}

// KeepPasskeyOwner returns the row of the user, which is this one if there was none.
func KeepPasskeyOwner(db *gorm.DB, fresh PasskeyOwner) (PasskeyOwner, error) {
	if err := db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "user_id"}}, DoNothing: true}).Create(&fresh).Error; err != nil {
		return PasskeyOwner{}, err
	}
	return PasskeyOwnerOf(db, fresh.UserID)
}

// KeepPasskeyChallenge keeps a challenge, and of what it is bound to the newest alone, most of them in all.
func KeepPasskeyChallenge(db *gorm.DB, challenge PasskeyChallenge, most int) error {
	if err := db.Create(&challenge).Error; err != nil {
		return err
	}
	newest := db.Model(&PasskeyChallenge{}).Select("id").Where("bound_to = ?", challenge.BoundTo).Order("id DESC").Limit(most)
	return db.Where("bound_to = ? AND id NOT IN (?)", challenge.BoundTo, newest).Delete(&PasskeyChallenge{}).Error
}

// TakePasskeyChallenge uses a challenge up, and says whether it was there to be used. One statement decides, so that of fifty answers one
// is looked at.
func TakePasskeyChallenge(db *gorm.DB, challengeHash []byte, purpose, boundTo string, now time.Time) (taken bool, err error) {
	gone := db.Where("challenge_hash = ? AND purpose = ? AND bound_to = ? AND expires_at > ?", challengeHash, purpose, boundTo, now).
		Delete(&PasskeyChallenge{})
	return gone.RowsAffected == 1, gone.Error
}
