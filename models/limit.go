package models

import "time"

// Limit counts what one key has used up of a rule.
type Limit struct {
	ID     string // the rule and, hashed, whom it counts
	Hits   int
	OpenAt time.Time // no further hit before this
	EndsAt time.Time // the count starts anew after this
}
