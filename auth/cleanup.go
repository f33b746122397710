package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"example.com/gatehouse/models"
)

const (
	keepMail    = 7 * 24 * time.Hour
	cleanupRows = 1000 // that are read at a time
)

// Cleanup removes what has ended: sessions a week ago, links, sign-ups, counts, devices that have not come back, and old mail. What fails
// keeps nothing else from being swept. Several servers may sweep at once. It takes two runs: what one finds ended the next removes, since
// the clock may be wrong at one of them.
func (a *Auth) Cleanup(ctx context.Context) error {
	now, later := a.cleanupTimes()
	failed := []error{a.reportUnfinishedLogins(ctx)}
	tables := models.SchemaOf(a.db)
	for _, table := range tables {
		failed = append(failed, a.expireRows(ctx, table, now))
	}
	for _, table := range tables {
		for _, ahead := range table.Ahead {
			failed = append(failed, a.boundTimes(ctx, table.Name, ahead, later))
		}
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

// expireRows deletes the rows of a table that have expired, a batch at a time.
func (a *Auth) expireRows(ctx context.Context, table models.ParsedTable, now time.Time) error {
	if table.Expired == nil {
		return nil
	}
	db, expired := models.Unscoped(a.db.WithContext(ctx)), table.Expired(now, a.config)
	if _, err := models.InBatches(db, "DELETE FROM "+table.Name, table.Name, expired.SQL, expired.Vars...); err != nil {
		return fmt.Errorf("sweep %s: %w", table.Name, err)
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
