package ui

import (
	"fmt"
	"time"
)

// Date is a day: "November 22, 2026".
func Date(t time.Time) string { return t.UTC().Format("January 2, 2006") }

// DateTime is a moment: "Nov 22, 2026, 14:05 UTC".
func DateTime(t time.Time) string { return t.UTC().Format("Jan 2, 2006, 15:04 UTC") }

// Ago says how long before now t was, in the largest unit that fits: "just now", "2 minutes ago", "3 days ago". From 30
// days on it is the day itself.
func Ago(t, now time.Time) string {
	d := now.Sub(t)
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return count(int(d/time.Minute), "minute") + " ago"
	case d < 24*time.Hour:
		return count(int(d/time.Hour), "hour") + " ago"
	case d < 30*24*time.Hour:
		return count(int(d/(24*time.Hour)), "day") + " ago"
	}
	return "on " + Date(t)
}

// Length is a duration in words, rounded up to whole seconds, minutes, hours or days, so that who waits as long as it says
// has waited long enough: "45 seconds", "4 minutes", "1 hour".
func Length(d time.Duration) string {
	up := func(unit time.Duration) int { return int((d + unit - 1) / unit) }
	switch {
	case d <= 0:
		return "a moment"
	case up(time.Second) < 60:
		return count(up(time.Second), "second")
	case up(time.Minute) < 60:
		return count(up(time.Minute), "minute")
	case up(time.Hour) < 48:
		return count(up(time.Hour), "hour")
	}
	return count(up(24*time.Hour), "day")
}

func count(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}
