package models

import (
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
)

// Limit counts what one key has used up of a rule.
type Limit struct {
	ID     string // the rule and, hashed, whom it counts
	Hits   int
	OpenAt time.Time // no further hit before this
	EndsAt time.Time // the count starts anew after this
}

// LimitRule says how many hits are free, and what follows.
type LimitRule struct {
	Name   string
	Free   int           // hits before the first wait
	Window time.Duration // fixed: from the first hit; growing: from the last, or from the first
	// Growing doubles the wait with each hit past the free ones, from a second or MinWait up to MaxWait; a fixed rule waits for
	// the window's end.
	Growing bool
	MinWait time.Duration
	MaxWait time.Duration
	// Last is the number of hits after which a growing rule stays closed until its window ends; 0 for never.
	Last int
	// FromFirst has the window of a growing rule begin with the first hit, and no later one move its end: a hit that is returned then
	// leaves nothing behind.
	FromFirst bool
}

// String tells the rule in a few words: "login-ip 100 per 15m", "confirm 5, then waits of 1s to 1h".
func (r LimitRule) String() string {
	if r.Growing && r.MinWait == r.MaxWait {
		return fmt.Sprintf("%s %d, then waits of %s", r.Name, r.Free, short(r.MaxWait))
	}
	if r.Growing {
		return fmt.Sprintf("%s %d, then waits of %s to %s", r.Name, r.Free, short(max(r.MinWait, time.Second)), short(r.MaxWait))
	}
	return fmt.Sprintf("%s %d per %s", r.Name, r.Free, short(r.Window))
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

// open is the OpenAt of what is not closed. It is not the time of the hit: another server's clock, or another request that was
// read a moment earlier, may be a little behind that.
var open = time.Unix(0, 0).UTC()

// ClockSlack is how far the clocks of two servers, or the times that two
// requests have read, may lie apart.
const ClockSlack = time.Minute

// longest returns the longest wait after any hit, and after fewer hits than from
// how many on a growing rule stays closed until its window ends.
func (r LimitRule) longest() (wait, before time.Duration, last int) {
	switch {
	case !r.Growing:
		return r.Window, r.Window, 0
	case r.Last > 0:
		return r.Window, r.MaxWait, r.Last
	}
	return r.MaxWait, r.MaxWait, 0
}

// TakeHit counts one hit of key under rule, and says whether it was still allowed; when not, nothing is counted.
// limit.OpenAt tells when the next may be, never later than the rule's longest wait from now and a minute. It must run in a transaction: the row it locks is what makes racing hits wait
// for each other.
func TakeHit(tx *gorm.DB, rule LimitRule, key string, now time.Time) (limit Limit, allowed bool, err error) {
	id := rule.Name + ":" + key
	// A clock that ran ahead has written times that no rule of ours asks for. They
	// count for nothing, or a jump of a minute would close the rule for as long
	// as the clock was ahead.
	wait, before, last := rule.longest()
	over := "(limits.ends_at <= @now OR limits.ends_at > @unreal_end)"
	ends := "CASE WHEN " + over + " THEN excluded.ends_at ELSE limits.ends_at END"
	if rule.Growing && !rule.FromFirst {
		ends = "excluded.ends_at"
	}
	// Columns are written so that an owned table may be called hits (see scope).
	err = tx.Raw(`INSERT INTO "limits" ("id","hits","open_at","ends_at") VALUES (@id, 1, @open, @end)
		ON CONFLICT (id) DO UPDATE SET
			hits = CASE WHEN `+over+` THEN 1 ELSE limits.hits + 1 END,
			open_at = excluded.open_at,
			ends_at = `+ends+`
		WHERE limits.open_at <= @now OR limits.open_at > @unreal_wait OR limits.hits < @last AND limits.open_at > @unreal_before OR `+over+`
		RETURNING id, limits.hits, open_at, ends_at`, map[string]any{
		"id": id, "open": open, "now": now, "end": now.Add(rule.Window),
		"unreal_end": now.Add(rule.Window + ClockSlack), "unreal_wait": now.Add(wait + ClockSlack),
		"last": last, "unreal_before": now.Add(before + ClockSlack),
	}).Scan(&limit).Error
	if err != nil {
		return limit, false, err
	}
	if limit.ID == "" {
		return limit, false, tx.Where("id = ?", id).Take(&limit).Error
	}
	if wait := rule.wait(limit, now); wait > 0 {
		limit.OpenAt = now.Add(wait)
		err = tx.Exec("UPDATE limits SET open_at = ? WHERE id = ?", limit.OpenAt, id).Error
	}
	return limit, true, err
}

func (r LimitRule) wait(limit Limit, now time.Time) time.Duration {
	switch over := limit.Hits - r.Free; {
	case over < 0:
		return 0
	case !r.Growing:
		return limit.EndsAt.Sub(now)
	case r.Last > 0 && limit.Hits >= r.Last:
		return limit.EndsAt.Sub(now)
	default:
		return min(limit.EndsAt.Sub(now), r.MaxWait, max(r.MinWait, time.Second<<min(over, 30)))
	}
}

// ForgetHits starts the count of key under rule anew.
func ForgetHits(tx *gorm.DB, rule LimitRule, key string) error {
	return tx.Exec("DELETE FROM limits WHERE id = ?", rule.Name+":"+key).Error
}

// ReturnHit takes one hit back that turned out not to be one, and reopens what it had closed. A count that it began is gone: its end would
// tell when that was.
func ReturnHit(tx *gorm.DB, rule LimitRule, key string) error {
	id := rule.Name + ":" + key
	// Most hits are the only ones of their count.
	if gone := tx.Exec("DELETE FROM limits WHERE id = ? AND hits <= 1", id); gone.Error != nil || gone.RowsAffected > 0 {
		return gone.Error
	}
	if err := tx.Exec("UPDATE limits SET hits = limits.hits - 1, open_at = ? WHERE id = ?", open, id).Error; err != nil {
		return err
	}
	// Whoever took the hit before back meanwhile has left this one as the last.
	return tx.Exec("DELETE FROM limits WHERE id = ? AND hits <= 0", id).Error
}
