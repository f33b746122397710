package ui

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Locale is how a person reads: their language, how dates are written where they are, and what time it is there. The three layouts are
// those of package time.
type Locale struct {
	Language string // as HTML's lang has it: "en-GB"
	Day      string // "January 2, 2006"
	Moment   string // "Jan 2, 2006, 15:04"
	Clock    string // "15:04"
	Zone     *time.Location
}

// english is the locale of who has chosen none.
func english() Locale {
	return Locale{Language: "en", Day: "January 2, 2006", Moment: "Jan 2, 2006, 15:04", Clock: "15:04", Zone: time.UTC}
}

type localeKey struct{}

// ReadIn returns a context for parts that are read in a locale.
func ReadIn(ctx context.Context, l Locale) context.Context {
	return context.WithValue(ctx, localeKey{}, l)
}

// LocaleOf is what ReadIn was given; without it, English and UTC.
func LocaleOf(ctx context.Context) Locale {
	if l, ok := ctx.Value(localeKey{}).(Locale); ok {
		return l
	}
	return english()
}

// Day is a day that is the same everywhere, such as the due date of a generated resource: "November 22, 2026".
func Day(ctx context.Context, day time.Time) string { return day.UTC().Format(LocaleOf(ctx).Day) }

// Date is the day on which something happened, where the reader is: "November 22, 2026".
func Date(ctx context.Context, t time.Time) string {
	l := LocaleOf(ctx)
	return t.In(l.Zone).Format(l.Day)
}

// DateTime is a moment where the reader is, and says in which zone that is: "Nov 22, 2026, 14:05 UTC".
func DateTime(ctx context.Context, t time.Time) string {
	l := LocaleOf(ctx)
	return t.In(l.Zone).Format(l.Moment) + " " + zoneName(t.In(l.Zone))
}

// Clock is the time of day where the reader is: "14:05 UTC".
func Clock(ctx context.Context, t time.Time) string {
	l := LocaleOf(ctx)
	return t.In(l.Zone).Format(l.Clock) + " " + zoneName(t.In(l.Zone))
}

// zoneName is what people call the zone, "CET"; one that has no such name is told by its distance, "UTC+03".
func zoneName(t time.Time) string {
	name, _ := t.Zone()
	if strings.HasPrefix(name, "+") || strings.HasPrefix(name, "-") {
		return "UTC" + name
	}
	return name
}

// Ago says how long before now t was, in the largest unit that fits: "just now", "2 minutes ago", "3 days ago". From 30
// days on it is the day itself.
func Ago(ctx context.Context, t, now time.Time) string {
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
	return "on " + Date(ctx, t)
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
