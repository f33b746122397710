package models

import "time"

// SecurityAlert is a mailed permission to say, once, that what the mail tells of was not done by the account's owner.
type SecurityAlert struct {
	ID          string
	UserID      string
	TokenHash   []byte
	OthersSince *time.Time // when the account may have become somebody else's, where that is before what the mail tells of
	CreatedAt   time.Time
	ExpiresAt   time.Time
}

// Since is when the account may have become somebody else's.
func (a SecurityAlert) Since() time.Time {
	if a.OthersSince != nil {
		return *a.OthersSince
	}
	return a.CreatedAt
}
