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

// RecoveryLifetime is how long the mailed link works. The user is waiting for it.
const RecoveryLifetime = time.Hour

var accountRecoveryTable = Table{
	Model:   &AccountRecovery{},
	Auth:    true,
	Bound:   "the operator makes them",
	Says:    "Links to remove your second factors that still work",
	Secrets: []string{"token_hash"},
	Expired: PastExpiry,
	Ahead:   []Ahead{{Column: "expires_at", By: RecoveryLifetime}},
}
