package auth

import (
	"fmt"
	"testing"
	"time"

	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
)

// BenchmarkDeletion_ConcurrentWrite reports the longest time that another
// write waits while the cleanup deletes an account that owns a lot.
func BenchmarkDeletion_ConcurrentWrite(b *testing.B) {
	const many = 300_000
	for name, fill := range map[string]func(*Auth, *models.User) error{
		"mails":  func(a *Auth, user *models.User) error { return fillOutbox(a, user, many) },
		"events": func(a *Auth, user *models.User) error { return fillEvents(a, user, many) },
		"notes":  func(a *Auth, user *models.User) error { return fillNotes(a, user, many) }, // feature:notes
	} {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				a, ahead := opened(b, modelstest.Open(b))
				user := added(b, a, "ada@example.com")
				must(b, fill(a, user))
				must(b, a.db.Create(&models.AccountDeletion{ID: NewID(), UserID: user.ID, TokenHash: []byte("hash"), CreatedAt: a.now(), ExpiresAt: a.now()}).Error)
				must(b, a.db.Exec("UPDATE users SET disabled_at = created_at").Error)
				*ahead += time.Minute
				must(b, a.Cleanup(b.Context())) // finds what has ended, and the next one removes it
				longest, took := writesDuring(b, a, func() { must(b, a.Cleanup(b.Context())) })
				if n := rows(b, a, "users", "true"); n != 0 {
					b.Fatalf("%d users are left, want 0", n)
				}
				b.ReportMetric(float64(longest.Milliseconds()), "ms-longest-wait")
				b.ReportMetric(took.Seconds(), "s-deletion")
			}
		})
	}
}

// writesDuring writes a small row again and again while work runs, and returns
// the longest that one write took, and how long work did.
func writesDuring(b *testing.B, a *Auth, work func()) (longest, took time.Duration) {
	b.Helper()
	start, done := time.Now(), make(chan struct{})
	go func() { defer close(done); work(); took = time.Since(start) }()
	for i := 0; ; i++ {
		before := time.Now()
		must(b, a.db.Create(&models.Limit{ID: fmt.Sprint("bench:", i), Attempts: 1, OpenAt: a.now(), EndsAt: a.now().Add(time.Hour)}).Error)
		longest = max(longest, time.Since(before))
		select {
		case <-done:
			return longest, took
		case <-time.After(time.Millisecond):
		}
	}
}

// numbers is a table n (i) with the numbers from 1.
const numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "

func fillOutbox(a *Auth, user *models.User, many int) error {
	message := a.messages.AccountDeletion(user.Email, a.now(), NewIncident(a.now(), here, "token", time.Hour))
	if err := a.outbox.Enqueue(a.db, message); err != nil {
		return err
	}
	return a.db.Exec(numbers+`INSERT INTO outbox (id, kind, payload, attempts, last_error, created_at, run_at, done_at, recipient_hash)
		SELECT 'bench-' || i, o.kind, substr(o.payload, 1, 0), 1, '', o.created_at, o.created_at, o.created_at, o.recipient_hash FROM n, outbox o`, many).Error
}

func fillEvents(a *Auth, user *models.User, many int) error {
	return a.db.Exec(numbers+`INSERT INTO events (id, at, name, user_id, session_id, ip, device, detail)
		SELECT 'bench-' || i, u.created_at, 'session.started', u.id, 'session', '203.0.113.7', 'Firefox on Linux', '{}' FROM n, users u`, many).Error
}
