package models

import (
	"time"

	"gorm.io/gorm"
)

// Event is one row of the security log: who did what, where and when. Detail is a JSON object without secrets.
type Event struct {
	ID        string
	At        time.Time
	Name      string // dotted, past tense: "session.started"
	UserID    *string
	SessionID string
	IP        string
	Device    string
	Detail    string
}

var eventTable = Table{
	Model: &Event{},
	Auth:  true,
	Bound: "the limits of changes and logins; 50 refusals an hour from one address; one row when a limit closes. " +
		"Events are kept",
	Says:      "The security log: what happened to your account, when, how and from where",
	Anonymize: "user_id = NULL, session_id = '', ip = '', device = '', detail = '{}'",
}

// HasEvent says whether such a thing has happened to the user between two times.
func HasEvent(db *gorm.DB, userID, name string, since, until time.Time) (bool, error) {
	var n int64
	err := db.Model(&Event{}).Where("user_id = ? AND name = ? AND at > ? AND at <= ?", userID, name, since, until.Add(ClockSlack)).Count(&n).Error
	return n > 0, err
}
