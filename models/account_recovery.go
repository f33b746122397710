package models

import "time"

// AccountRecovery is a mailed permission to remove every second factor of an account, once.
type AccountRecovery struct {
	ID        string
	UserID    string
	TokenHash []byte
	CreatedAt time.Time
	ExpiresAt time.Time
}
