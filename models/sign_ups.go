package models

import (
	"time"

	"gorm.io/gorm"
)

// SignUps counts the users who have signed up in the last 24 hours, 7 days and
// 30 days.
type SignUps struct{ Day, Week, Month int64 }

// CountSignUps counts the users who have signed up and still have an account.
func CountSignUps(db *gorm.DB, now time.Time) (counts SignUps, err error) {
	const day = 24 * time.Hour
	err = db.Model(&User{}).Where("created_at > ?", now.Add(-30*day)).
		Select("count(*) FILTER (WHERE created_at > ?) AS day, "+
			"count(*) FILTER (WHERE created_at > ?) AS week, count(*) AS month",
			now.Add(-day), now.Add(-7*day)).
		Scan(&counts).Error
	return counts, err
}
