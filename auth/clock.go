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

// boundTimes brings back what a clock that ran ahead has written, so that
// nothing lives for as long as the clock was ahead. later is as cleanupTimes
// returns it: what a clock that is behind sees in the future is left alone.
func (a *Auth) boundTimes(ctx context.Context, table string, b models.Ahead, later time.Time) error {
	latest := later.Add(b.Duration(a.config))
	where, args := b.Column+" > ?", []any{latest.Add(models.ClockSlack)}
	if b.Where != "" {
		where += " AND " + b.Where
	}
	db := models.Unscoped(a.db.WithContext(ctx))
	// Looked for first: nearly always there is nothing, and a search in an UPDATE
	// would keep others from writing.
	for {
		var ids []string
		if err := db.Table(table).Where(where, args...).Limit(models.BatchRows(db)).Pluck("id", &ids).Error; err != nil {
			return fmt.Errorf("look for a %s of %s in the future: %w", b.Column, table, err)
		}
		if len(ids) == 0 {
			return nil
		}
		if err := db.Table(table).Where("id IN ?", ids).Update(b.Column, latest).Error; err != nil {
			return fmt.Errorf("bring back the %s of %s: %w", b.Column, table, err)
		}
	}
}
