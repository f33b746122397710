package auth

import (
	"context"
	"fmt"
	"time"

	"example.com/gatehouse/models"
)

// longPast ends a row at once. It is not the time of the clock, which may run
// ahead and come back: a session that ended in that time would live again.
var longPast = time.Unix(0, 0).UTC()

// cleanupTimes returns the earlier and the later of the times at which cleanup
// runs and last ran. What had not ended at the earlier is not removed: a clock
// that is wrong for a minute is wrong for one run, and would take with it every
// account whose deletion can still be undone. The first run goes by the time at
// which the program started.
func (a *Auth) cleanupTimes() (earlier, later time.Time) {
	now := a.now()
	a.cleanup.Lock()
	defer a.cleanup.Unlock()
	last := a.cleanup.last
	a.cleanup.last = now
	if now.Before(last) {
		return now, last
	}
	return last, now
}

// bound is how far ahead of the clock a column is ever written.
type bound struct {
	table, column string
	where         string
	ahead         time.Duration
}

func (a *Auth) bounds() []bound {
	return []bound{
		{"sessions", "expires_at", "NOT remember", a.config.SessionMax},
		{"sessions", "expires_at", "remember", a.config.RememberMax},
		{"sessions", "last_seen_at", "", 0},
		{"pending_logins", "expires_at", "", loginLifetime},
		{"pending_logins", "report_at", "", loginLifetime},
		{"known_devices", "last_seen_at", "", 0},
		{"used_links", "expires_at", "", usedLinkFor},
		{"registrations", "expires_at", "", a.config.ConfirmTTL},
		{"password_resets", "expires_at", "", a.config.ResetTTL},
		{"security_alerts", "expires_at", "", alertFor},
		// No link in a mail works longer. Sent mail is many rows without an index.
		{"outbox", "expires_at", "done_at IS NULL AND failed_at IS NULL", alertFor},
		{"account_recoveries", "expires_at", "", recoveryFor},
		{"trusted_devices", "expires_at", "", TrustedFor}, // feature:trusted_devices
		{"mail_logins", "expires_at", "", MailLoginFor},   // feature:mail_login
		{"email_changes", "expires_at", "", a.config.ConfirmTTL},
		{"former_emails", "expires_at", "", undoFor},
		{"passkey_challenges", "expires_at", "", passkeyTime}, // feature:passkeys
		{"account_deletions", "expires_at", "", DeletionAfter},
		{"notes", "deleted_at", "", 0}, // feature:notes
	}
}

// boundTimes brings back what a clock that ran ahead has written, so that
// nothing lives for as long as the clock was ahead. later is as cleanupTimes has
// it: what a clock that is behind sees in the future is left alone.
func (a *Auth) boundTimes(ctx context.Context, b bound, later time.Time) error {
	latest := later.Add(b.ahead)
	where, args := b.column+" > ?", []any{latest.Add(models.ClockSlack)}
	if b.where != "" {
		where += " AND " + b.where
	}
	db := models.Unscoped(a.db.WithContext(ctx))
	// Looked for first: nearly always there is nothing, and a search in an UPDATE
	// would keep others from writing.
	for {
		var ids []string
		if err := db.Table(b.table).Where(where, args...).Limit(models.BatchRows(db)).Pluck("id", &ids).Error; err != nil {
			return fmt.Errorf("look for a %s of %s in the future: %w", b.column, b.table, err)
		}
		if len(ids) == 0 {
			return nil
		}
		if err := db.Table(b.table).Where("id IN ?", ids).Update(b.column, latest).Error; err != nil {
			return fmt.Errorf("bring back the %s of %s: %w", b.column, b.table, err)
		}
	}
}
