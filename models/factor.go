package models

import (
	"time"

	"gorm.io/gorm"
)

// WhichFactors says which of a user's second factors are meant. With nothing but the user, all of them are.
type WhichFactors struct {
	UserID    string
	CameSince time.Time
	// NotUsedSince leaves out what was used since then.
	NotUsedSince time.Time
}

// In is a query for them, where the table says when each was used last.
func (w WhichFactors) In(db *gorm.DB) *gorm.DB {
	db = db.Where("user_id = ? AND created_at >= ?", w.UserID, w.CameSince)
	if w.NotUsedSince.IsZero() {
		return db
	}
	return db.Where("last_used_at IS NULL OR last_used_at < ?", w.NotUsedSince)
}
