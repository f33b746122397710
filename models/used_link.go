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

// UsedLinkLifetime is how long a used link is remembered: no mailed link works
// for longer (CONFIRM_TTL is at most a week).
const UsedLinkLifetime = 7 * 24 * time.Hour

var usedLinkTable = Table{
	Model:   &UsedLink{},
	Bound:   "one for each mailed link that was used, for seven days",
	Expired: PastExpiry,
	Ahead:   []Ahead{{Column: "expires_at", By: UsedLinkLifetime}},
}
