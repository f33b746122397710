package models

import "time"

// PasswordReset is a mailed permission to set a new password, once.
type PasswordReset struct {
	ID        string
	UserID    *string // nil in the row written for an unknown address
	TokenHash []byte
	CreatedAt time.Time
	ExpiresAt time.Time
}
