package limit

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/config"
	"example.com/gatehouse/models"
)

// Counter counts the attempts under one limit that have the same key.
type Counter struct {
	Limit Limit
	// Shared says that others count here as well. A right answer then refunds
	// itself alone: it neither forgives the attempts of others, nor tells others
	// that somebody was right (ASVS 6.3.8).
	Shared bool

	key   string
	times int // the limit's Max
}

// By returns the counter of the parts together. The key is their hash: what
// people mistype is not ours to keep.
func (l Limit) By(parts ...string) Counter {
	h := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(h, "%d:%s", len(part), part) // the length keeps ("ab","c") and ("a","bc") apart
	}
	return Counter{Limit: l, key: base64.RawURLEncoding.EncodeToString(h.Sum(nil)), times: 1}
}

// Shared returns the counters as shared ones.
func Shared(counters []Counter) []Counter {
	for i := range counters {
		counters[i].Shared = true
	}
	return counters
}

func (c Counter) id() string { return c.Limit.Name + ":" + c.key }

// open is the OpenAt of a count that is not closed. It is not the time of the
// attempt: another server's clock, or another request that read the time a
// moment earlier, may be a little behind that.
var open = time.Unix(0, 0).UTC()

// Attempt counts one attempt and reports whether it is allowed. If it is not,
// nothing is counted. row.OpenAt is when the next attempt is allowed: never
// later than the limit's longest wait from now and a minute. It must run in a
// transaction, because the row that it locks makes attempts at the same time
// wait for each other.
func (c Counter) Attempt(
	tx *gorm.DB, settings config.Config, now time.Time,
) (row models.Limit, allowed bool, err error) {
	l := c.Limit.With(settings)
	l.Max *= c.times
	if row, err = c.count(tx, l, now); err != nil {
		return row, false, err
	}
	if row.ID == "" {
		return row, false, tx.Where("id = ?", c.id()).Take(&row).Error
	}
	if wait := l.wait(row.Attempts, row.EndsAt.Sub(now)); wait > 0 {
		row.OpenAt = now.Add(wait)
		err = tx.Exec("UPDATE limits SET open_at = ? WHERE id = ?", row.OpenAt, c.id()).Error
	}
	return row, true, err
}

// count returns a row without an ID if the limit is closed.
func (c Counter) count(tx *gorm.DB, l Limit, now time.Time) (row models.Limit, err error) {
	// A clock that ran ahead has written times that no limit of ours asks for.
	// They count for nothing, or a jump of a minute would close the limit for as
	// long as the clock was ahead.
	wait, before, lock := l.longest()
	over := "(limits.ends_at <= @now OR limits.ends_at > @unreal_end)"
	ends := "CASE WHEN " + over + " THEN excluded.ends_at ELSE limits.ends_at END"
	if l.Grows() && !l.FromFirst {
		ends = "excluded.ends_at"
	}
	// Columns are written so that an owned table may be called hits (see scope).
	err = tx.Raw(`INSERT INTO "limits" ("id","hits","open_at","ends_at") VALUES (@id, 1, @open, @end)
		ON CONFLICT (id) DO UPDATE SET
			hits = CASE WHEN `+over+` THEN 1 ELSE limits.hits + 1 END,
			open_at = excluded.open_at,
			ends_at = `+ends+`
		WHERE limits.open_at <= @now OR limits.open_at > @unreal_wait
			OR limits.hits < @lock AND limits.open_at > @unreal_before OR `+over+`
		RETURNING id, limits.hits, open_at, ends_at`, map[string]any{
		"id": c.id(), "open": open, "now": now, "end": now.Add(l.Window),
		"unreal_end": now.Add(l.Window + models.ClockSlack), "unreal_wait": now.Add(wait + models.ClockSlack),
		"lock": lock, "unreal_before": now.Add(before + models.ClockSlack),
	}).Scan(&row).Error
	return row, err
}

// Forget deletes the count.
func (c Counter) Forget(tx *gorm.DB) error {
	return tx.Exec("DELETE FROM limits WHERE id = ?", c.id()).Error
}

// Refund takes back one attempt that turned out to be none, and reopens what it
// had closed. A count that the attempt began is deleted: its end would tell when
// that was.
func (c Counter) Refund(tx *gorm.DB) error {
	// Most attempts are the only ones of their count.
	gone := tx.Exec("DELETE FROM limits WHERE id = ? AND hits <= 1", c.id())
	if gone.Error != nil || gone.RowsAffected > 0 {
		return gone.Error
	}
	err := tx.Exec("UPDATE limits SET hits = limits.hits - 1, open_at = ? WHERE id = ?", open, c.id()).Error
	if err != nil {
		return err
	}
	// A refund at the same time may have left this attempt as the last.
	return tx.Exec("DELETE FROM limits WHERE id = ? AND hits <= 0", c.id()).Error
}
