package models

import (
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"example.com/gatehouse/config"
)

// KnownDevice says that a browser, by its long-lived device cookie, has logged in as this user before.
type KnownDevice struct {
	ID         string
	UserID     string
	TokenHash  []byte
	CreatedAt  time.Time
	LastSeenAt time.Time
	VoidAt     *time.Time // since when its token may be somebody else's as well, and makes nobody known; nil for not
}

// deviceLifetime is how long a browser that does not come back stays known: as
// long as it keeps a cookie (RFC 6265bis).
const deviceLifetime = 400 * 24 * time.Hour

var knownDeviceTable = Table{
	Model: &KnownDevice{},
	Auth:  true,
	Bound: "400 for each user, and as many that are void. Beyond that a new one takes the place of the newest " +
		"other one",
	Says:    "Browsers that have logged in before",
	Secrets: []string{"token_hash"},
	Expired: func(now time.Time, _ config.Config) clause.Expr {
		return gorm.Expr("last_seen_at <= ?", now.Add(-deviceLifetime))
	},
	Ahead: []Ahead{{Column: "last_seen_at"}},
}

// IsKnownDevice says whether the browser with this device token has logged in with this address before.
func IsKnownDevice(db *gorm.DB, email string, tokenHash []byte) (bool, error) {
	var n int64
	err := db.Table("known_devices").Joins("JOIN users ON users.id = known_devices.user_id").
		Where("users.email = ? AND known_devices.token_hash = ? AND known_devices.void_at IS NULL", email, tokenHash).Count(&n).Error
	return n > 0, err
}

// DeviceOf says what the browser with this device token is to the user: known, having logged in as them before, or void, having done so with a
// token of which somebody else may have a copy. It is neither where they have not logged in there.
func DeviceOf(db *gorm.DB, userID string, tokenHash []byte) (known, void bool, err error) {
	var found []KnownDevice
	err = db.Select("void_at").Where("user_id = ? AND token_hash = ?", userID, tokenHash).Find(&found).Error
	if err != nil || len(found) == 0 {
		return false, false, err
	}
	void = found[0].VoidAt != nil
	return !void, void, nil
}

// MaxKnownDevices is how many browsers of a user are known: one for each day of
// the 400 that a browser keeps a cookie, for users who clear theirs every day.
const MaxKnownDevices = 400

// VoidDevices makes none of the user's browsers known any more. It remembers the
// MaxKnownDevices that were seen last.
func VoidDevices(db *gorm.DB, userID string, now time.Time) error {
	if err := db.Model(&KnownDevice{}).Where("user_id = ? AND void_at IS NULL", userID).Update("void_at", now).Error; err != nil {
		return err
	}
	newest := db.Model(&KnownDevice{}).Select("id").Where("user_id = ?", userID).Order("last_seen_at DESC, id DESC").Limit(MaxKnownDevices)
	return db.Where("user_id = ? AND id NOT IN (?)", userID, newest).Delete(&KnownDevice{}).Error
}

// DeleteExcessDevices deletes what the user has beyond MaxKnownDevices, but not
// the device with the token kept. The newest go first: an attacker who floods
// logins replaces devices of their own, and none that the owner had before.
func DeleteExcessDevices(db *gorm.DB, userID string, kept []byte) error {
	others := db.Model(&KnownDevice{}).Select("id").Where("user_id = ? AND token_hash <> ? AND void_at IS NULL", userID, kept).
		Order("created_at, id").Limit(MaxKnownDevices - 1)
	return db.Where("user_id = ? AND token_hash <> ? AND void_at IS NULL AND id NOT IN (?)", userID, kept, others).Delete(&KnownDevice{}).Error
}

// SaveKnownDevice writes d, or, where the user's device is known already, when it was last seen.
func SaveKnownDevice(db *gorm.DB, d KnownDevice) error {
	return db.Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "user_id"}, {Name: "token_hash"}},
		DoUpdates: clause.AssignmentColumns([]string{"last_seen_at"}),
	}).Create(&d).Error
}
