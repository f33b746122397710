package models

import "time"

// User is a person with a confirmed address. Email is stored as auth.NormalizeEmail returned it and is unique.
type User struct {
	ID           string
	Name         string
	Email        string
	PasswordHash string
	CreatedAt    time.Time
	UpdatedAt    time.Time
	DisabledAt   *time.Time
}
