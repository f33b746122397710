package models

import (
	"time"

	"gorm.io/gorm"
)

// TrustedDevice is a browser in which a person is not asked for the second factor. Its token is known to that browser alone; the row
// keeps the SHA-256 of it.
type TrustedDevice struct {
	ID                string
	UserID            string
	TokenHash         []byte
	CredentialVersion []byte // of the password with which it was trusted
	IP                string // when it was last used
	Device            string
	CreatedAt         time.Time
	LastUsedAt        time.Time
	ExpiresAt         time.Time
}

// TrustLifetime is how long a device is trusted, however often it is used.
const TrustLifetime = 30 * 24 * time.Hour

var trustedDeviceTable = Table{
	Model:   &TrustedDevice{},
	Auth:    true,
	Bound:   "100 for each user. Beyond that the least recently used goes",
	Says:    "Devices where your second factor is not asked for",
	Secrets: []string{"token_hash", "credential_version"},
	Expired: PastExpiry,
	Ahead:   []Ahead{{Column: "expires_at", By: TrustLifetime}},
}

// trustedBy is what trusts the user's devices now: neither what has ended nor what another password trusted.
func trustedBy(db *gorm.DB, user *User, now time.Time) *gorm.DB {
	return db.Where("user_id = ? AND credential_version = ? AND expires_at > ?", user.ID, user.CredentialVersion(), now)
}

// FindTrustedDevice returns the user's that has one of the tokens' hashes; gorm.ErrRecordNotFound where there is none.
func FindTrustedDevice(db *gorm.DB, user *User, tokenHashes [][]byte, now time.Time) (device TrustedDevice, err error) {
	err = trustedBy(db, user, now).Where("token_hash IN ?", tokenHashes).Take(&device).Error
	return device, err
}

// TrustedDevicesOf lists a user's, the one used last first.
func TrustedDevicesOf(db *gorm.DB, user *User, now time.Time) ([]TrustedDevice, error) {
	var list []TrustedDevice
	err := trustedBy(db, user, now).Order("last_used_at DESC, id DESC").Find(&list).Error
	return list, err
}

// DeleteExcessTrustedDevices deletes all but the user's most that were used last.
func DeleteExcessTrustedDevices(db *gorm.DB, userID string, most int) error {
	newest := db.Model(&TrustedDevice{}).Select("id").Where("user_id = ?", userID).Order("last_used_at DESC, id DESC").Limit(most)
	return db.Where("user_id = ? AND id NOT IN (?)", userID, newest).Delete(&TrustedDevice{}).Error
}

// ForgetTrustedDevices removes all that the user has.
func ForgetTrustedDevices(db *gorm.DB, userID string) error {
	return db.Where("user_id = ?", userID).Delete(&TrustedDevice{}).Error
}
