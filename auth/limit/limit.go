// Package limit bounds how often something may be attempted.
//
// A Limit is declared once, as a value. The code that the limit protects counts
// attempts under it, and the route of that code lists the same value.
package limit

import (
	"fmt"
	"strings"
	"time"

	"example.com/gatehouse/config"
)

// Limit says how many attempts are free, and what follows.
type Limit struct {
	Name string // stored with each count, and shown in the list of routes
	Max  int    // attempts before the first wait
	// Window is how long attempts count: from the first; with a Backoff from the
	// latest, or from the first if FromFirst is set.
	Window time.Duration
	// FromFirst keeps later attempts from moving the window's end. A refunded
	// attempt then leaves nothing behind.
	FromFirst bool
	// Backoff is the wait after Max. Without one it lasts until the window ends.
	Backoff Backoff
	// LockAfter is the number of attempts after which a limit with a Backoff stays
	// closed until its window ends; 0 for never.
	LockAfter int
	// Settings, if set, changes the limit to what the server's settings say.
	Settings func(*Limit, config.Config)
}

// Backoff doubles the wait with each attempt past Limit.Max, from Min (a second
// if Min is less) up to Max.
type Backoff struct{ Min, Max time.Duration }

// With returns the limit on a server with these settings.
func (l Limit) With(c config.Config) Limit {
	if l.Settings != nil {
		l.Settings(&l, c)
	}
	return l
}

// Grows reports whether each wait is longer than the one before.
func (l Limit) Grows() bool { return l.Backoff.Max > 0 }

// String returns the limit in a few words: "login-ip 100 per 15m", "confirm 5,
// then waits of 1s to 1h".
func (l Limit) String() string {
	switch from, to := max(l.Backoff.Min, time.Second), l.Backoff.Max; {
	case !l.Grows():
		return fmt.Sprintf("%s %d per %s", l.Name, l.Max, short(l.Window))
	case from == to:
		return fmt.Sprintf("%s %d, then waits of %s", l.Name, l.Max, short(to))
	default:
		return fmt.Sprintf("%s %d, then waits of %s to %s", l.Name, l.Max, short(from), short(to))
	}
}

// short writes "15m" for what time.Duration calls "15m0s".
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// longest returns the longest wait after any attempt, and the longest wait after
// fewer attempts than lock.
func (l Limit) longest() (wait, before time.Duration, lock int) {
	switch {
	case !l.Grows():
		return l.Window, l.Window, 0
	case l.LockAfter > 0:
		return l.Window, l.Backoff.Max, l.LockAfter
	}
	return l.Backoff.Max, l.Backoff.Max, 0
}

// wait returns how long the limit is closed after this many attempts, if its
// window ends in left.
func (l Limit) wait(attempts int, left time.Duration) time.Duration {
	switch over := attempts - l.Max; {
	case over < 0:
		return 0
	case !l.Grows(), l.LockAfter > 0 && attempts >= l.LockAfter:
		return left
	default:
		return min(left, l.Backoff.Max, max(l.Backoff.Min, time.Second<<min(over, 30)))
	}
}
