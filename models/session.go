package models

import "time"

// Session is one signed-in browser. Its token is known to that browser alone; the row keeps the SHA-256 of it.
type Session struct {
	ID         string
	UserID     string
	TokenHash  []byte
	Method     string // how the person proved who they are: "password", "signup"
	Remember   bool
	IP         string
	Device     string
	CreatedAt  time.Time
	LastSeenAt time.Time // written at most once a minute
	ExpiresAt  time.Time // the absolute end
}

// KnownDevice says that a browser, by its long-lived device cookie, has signed in as this user before.
type KnownDevice struct {
	ID         string
	UserID     string
	TokenHash  []byte
	CreatedAt  time.Time
	LastSeenAt time.Time
}
