package models

import (
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// KnownDevice says that a browser, by its long-lived device cookie, has signed in as this user before.
type KnownDevice struct {
	ID         string
	UserID     string
	TokenHash  []byte
	CreatedAt  time.Time
	LastSeenAt time.Time
	VoidAt     *time.Time // since when its token may be somebody else's as well, and makes nobody known; nil for not
}

// IsKnownDevice says whether the browser with this device token has signed in with this address before.
func IsKnownDevice(db *gorm.DB, email string, tokenHash []byte) (bool, error) {
	var n int64
	err := db.Table("known_devices").Joins("JOIN users ON users.id = known_devices.user_id").
		Where("users.email = ? AND known_devices.token_hash = ? AND known_devices.void_at IS NULL", email, tokenHash).Count(&n).Error
	return n > 0, err
}

// DeviceOf says what the browser with this device token is to the user: known, having signed in as them before, or void, having done so with a
// token of which somebody else may have a copy. It is neither where they have not signed in there.
func DeviceOf(db *gorm.DB, userID string, tokenHash []byte) (known, void bool, err error) {
	var found []KnownDevice
	err = db.Select("void_at").Where("user_id = ? AND token_hash = ?", userID, tokenHash).Find(&found).Error
	if err != nil || len(found) == 0 {
		return false, false, err
	}
	void = found[0].VoidAt != nil
	return !void, void, nil
}

// VoidDevices makes none of the user's browsers known any more.
func VoidDevices(db *gorm.DB, userID string, now time.Time) error {
	return db.Model(&KnownDevice{}).Where("user_id = ? AND void_at IS NULL", userID).Update("void_at", now).Error
}

// SaveKnownDevice writes d, or, where the user's device is known already, when it was last seen.
func SaveKnownDevice(db *gorm.DB, d KnownDevice) error {
	return db.Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "user_id"}, {Name: "token_hash"}},
		DoUpdates: clause.AssignmentColumns([]string{"last_seen_at"}),
	}).Create(&d).Error
}
