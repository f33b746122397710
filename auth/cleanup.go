package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"example.com/gatehouse/models"
)

const (
	keepEnded   = 7 * 24 * time.Hour   // sessions, for who left a form open over a long weekend
	keepDevices = 400 * 24 * time.Hour // as long as a browser keeps a cookie (RFC 6265bis)
	keepMail    = 7 * 24 * time.Hour
	cleanupRows = 1000 // that are read at a time
)

// Cleanup removes what has ended: sessions a week ago, links, sign-ups, counts, devices that have not come back, and old mail. What fails
// keeps nothing else from being swept. Several servers may sweep at once. It takes two runs: what one finds ended the next removes, since
// the clock may be wrong at one of them.
func (a *Auth) Cleanup(ctx context.Context) error {
	now, later := a.cleanupTimes()
	failed := []error{a.reportUnfinishedLogins(ctx)}
	for _, s := range []struct {
		table, where string
		args         []any
	}{
		// One that was ended is kept as long after it was last seen.
		{"sessions", "expires_at <= ? AND last_seen_at <= ? OR (NOT remember AND last_seen_at <= ?)",
			[]any{now.Add(-keepEnded), now.Add(-keepEnded), now.Add(-keepEnded - a.config.SessionIdle)}},
		{"pending_logins", "expires_at <= ? AND report_at IS NULL", []any{now}},
		{"password_resets", "expires_at <= ?", []any{now}},
		{"account_recoveries", "expires_at <= ?", []any{now}},
		{"security_alerts", "expires_at <= ?", []any{now}},
		{"trusted_devices", "expires_at <= ?", []any{now}}, // feature:trusted_devices
		{"mail_logins", "expires_at <= ?", []any{now}},     // feature:mail_login
		{"email_changes", "expires_at <= ?", []any{now}},
		{"registrations", "expires_at <= ?", []any{now}},
		{"used_links", "expires_at <= ?", []any{now}},
		{"passkey_challenges", "expires_at <= ?", []any{now}}, // feature:passkeys
		{"limits", "ends_at <= ?", []any{now}},
		{"known_devices", "last_seen_at <= ?", []any{now.Add(-keepDevices)}},
		{"notes", "deleted_at <= ?", []any{now.Add(-models.KeepDeletedNotes)}}, // feature:notes
	} {
		failed = append(failed, a.expireRows(ctx, s.table, s.where, s.args))
	}
	for _, b := range a.bounds() {
		failed = append(failed, a.boundTimes(ctx, b, later))
	}
	for _, f := range a.installed {
		if f.Cleanup != nil {
			failed = append(failed, f.Cleanup(ctx))
		}
	}
	failed = append(failed, a.expireFormerEmails(ctx, now))
	failed = append(failed, a.finishDeletions(ctx, now))
	if _, err := a.outbox.Cleanup(ctx, now.Add(-keepMail)); err != nil {
		failed = append(failed, fmt.Errorf("sweep the outbox: %w", err))
	}
	failed = append(failed, models.EmptyLog(ctx, a.db)) // last: what was deleted is still readable in it
	return errors.Join(failed...)
}

func (a *Auth) expireRows(ctx context.Context, table, where string, args []any) error {
	if _, err := models.InBatches(models.Unscoped(a.db.WithContext(ctx)), "DELETE FROM "+table, table, where, args...); err != nil {
		return fmt.Errorf("sweep %s: %w", table, err)
	}
	return nil
}

// reportUnfinishedLogins tells the owners of what was not finished on devices that they have not used before.
func (a *Auth) reportUnfinishedLogins(ctx context.Context) error {
	for {
		overdue, err := models.OverduePendingLogins(models.Unscoped(a.db.WithContext(ctx)), a.now(), cleanupRows)
		if err != nil {
			return fmt.Errorf("list what was not finished: %w", err)
		}
		var failed []error
		for _, pendingLogin := range overdue {
			failed = append(failed, a.reportUnfinishedLogin(ctx, &pendingLogin))
		}
		if err := errors.Join(failed...); err != nil || len(overdue) < cleanupRows {
			return err
		}
	}
}
