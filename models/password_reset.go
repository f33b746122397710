package models

import (
	"time"

	"example.com/gatehouse/config"
)

// PasswordReset is a mailed permission to set a new password, once.
type PasswordReset struct {
	ID        string
	UserID    *string // nil in the row written for an unknown address
	TokenHash []byte
	CreatedAt time.Time
	ExpiresAt time.Time
}

var passwordResetTable = Table{
	Model:   &PasswordReset{},
	Auth:    true,
	Bound:   "the limits of resets; deleted when they expire",
	Says:    "Links to reset your password that still work",
	Secrets: []string{"token_hash"},
	Expired: PastExpiry,
	Ahead:   []Ahead{{Column: "expires_at", Setting: func(c config.Config) time.Duration { return c.ResetTTL }}},
}
