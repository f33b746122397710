package models

import (
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"example.com/gatehouse/config"
)

// Limit counts the attempts of one key under a limit (see auth/limit).
type Limit struct {
	ID       string    // the limit's name and, hashed, whom it counts
	Attempts int       `gorm:"column:hits"`
	OpenAt   time.Time // no attempt is allowed before this
	EndsAt   time.Time // the count starts over after this
}

var limitTable = Table{
	Model: &Limit{},
	Bound: "one for each thing that is counted, until its time ends; what strangers name is counted by their " +
		"address as well",
	Expired: func(now time.Time, _ config.Config) clause.Expr { return gorm.Expr("ends_at <= ?", now) },
}

// ClockSlack is how far the clocks of two servers, or the times that two
// requests have read, may lie apart.
const ClockSlack = time.Minute
