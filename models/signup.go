package models

import (
	"time"

	"gorm.io/gorm"
)

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

// LockSignups reads all that wait for an address and keeps them from changing until the transaction ends.
func LockSignups(tx *gorm.DB, email string) ([]Signup, error) {
	var signups []Signup
	err := tx.Clauses(forChange).Where("email = ?", email).Order("id").Find(&signups).Error
	return signups, err
}
