// feature:passkeys|totp

package models

import (
	"time"

	"gorm.io/gorm"
)

// factorsSince are the rows of what the user has had since a time, since its zero all, but for what was used since another; its zero spares
// none.
func factorsSince(db *gorm.DB, userID string, since, used time.Time) *gorm.DB {
	db = db.Where("user_id = ? AND created_at >= ?", userID, since)
	if used.IsZero() {
		return db
	}
	return db.Where("last_used_at IS NULL OR last_used_at < ?", used)
}
