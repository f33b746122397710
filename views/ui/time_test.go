package ui

import (
	"context"
	"testing"
	"time"
)

func TestHowLongAgoIsToldInTheLargestUnitThatFits(t *testing.T) {
	now := time.Date(2026, time.November, 22, 14, 0, 0, 0, time.UTC)
	for before, want := range map[time.Duration]string{
		-time.Minute:         "just now",
		59 * time.Second:     "just now",
		time.Minute:          "1 minute ago",
		2 * time.Minute:      "2 minutes ago",
		59 * time.Minute:     "59 minutes ago",
		time.Hour:            "1 hour ago",
		23 * time.Hour:       "23 hours ago",
		24 * time.Hour:       "1 day ago",
		29 * 24 * time.Hour:  "29 days ago",
		30 * 24 * time.Hour:  "on October 23, 2026",
		400 * 24 * time.Hour: "on October 18, 2025",
	} {
		if got := Ago(context.Background(), now.Add(-before), now); got != want {
			t.Errorf("%s before: %q, want %q", before, got, want)
		}
	}
}

func TestALengthIsNeverShorterThanItIs(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second:                   "a moment",
		0:                              "a moment",
		time.Millisecond:               "1 second",
		59 * time.Second:               "59 seconds",
		59*time.Second + 1:             "1 minute",
		time.Minute:                    "1 minute",
		time.Minute + 1:                "2 minutes",
		30 * time.Minute:               "30 minutes",
		59*time.Minute + 1*time.Second: "1 hour",
		time.Hour:                      "1 hour",
		24 * time.Hour:                 "24 hours",
		48 * time.Hour:                 "2 days",
		7 * 24 * time.Hour:             "7 days",
	} {
		if got := Length(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}
