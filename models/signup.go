package models

import "time"

// Signup is an account that nobody has confirmed yet.
type Signup struct {
	ID           string
	Name         string
	Email        string
	PasswordHash string
	BrowserHash  []byte // SHA-256 of the cookie in the browser that signed up
	TokenHash    []byte // SHA-256 of the mailed token; of one that was mailed to nobody where the address has an account
	CreatedAt    time.Time
	ExpiresAt    time.Time
}
