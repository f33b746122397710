package models

import "time"

// Limit counts the attempts of one key under a limit (see auth/limit).
type Limit struct {
	ID       string    // the limit's name and, hashed, whom it counts
	Attempts int       `gorm:"column:hits"`
	OpenAt   time.Time // no attempt is allowed before this
	EndsAt   time.Time // the count starts over after this
}

// ClockSlack is how far the clocks of two servers, or the times that two
// requests have read, may lie apart.
const ClockSlack = time.Minute
