package models

import "time"

// UsedLink is a mailed link that has done its work. It opens nothing, and names
// no user.
type UsedLink struct {
	ID        string
	Kind      string // the table that the link was in
	TokenHash []byte
	ExpiresAt time.Time
}
