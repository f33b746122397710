package models

import (
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/config"
)

// Registration is an account that nobody has confirmed yet.
type Registration struct {
	ID           string
	Name         string
	Email        string
	PasswordHash string
	BrowserHash  []byte // SHA-256 of the cookie in the browser that signed up
	TokenHash    []byte // SHA-256 of the mailed token; of one that was mailed to nobody where the address has an account
	CreatedAt    time.Time
	ExpiresAt    time.Time
}

var registrationTable = Table{
	Model:   &Registration{},
	Bound:   "the limits of sign-ups; one for each browser, deleted when it expires",
	Expired: PastExpiry,
	Ahead:   []Ahead{{Column: "expires_at", Setting: func(c config.Config) time.Duration { return c.ConfirmTTL }}},
}

// LockRegistrations reads all that wait for an address and keeps them from changing until the transaction ends.
func LockRegistrations(tx *gorm.DB, email string) ([]Registration, error) {
	var registrations []Registration
	err := tx.Clauses(forChange).Where("email = ?", email).Order("id").Find(&registrations).Error
	return registrations, err
}
