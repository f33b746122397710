package models

import "time"

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
