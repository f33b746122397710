package models

import "time"

// SecurityAlert is a mailed permission to say, once, that what the mail tells of was not done by the account's owner.
type SecurityAlert struct {
	ID        string
	UserID    string
	TokenHash []byte
	CreatedAt time.Time
	ExpiresAt time.Time
}
