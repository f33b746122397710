package models_test

import (
	"testing"
	"time"

	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
	"gorm.io/gorm"
)

// PostgreSQL lets both begin before either is done.
func TestOfTwoHitsThatAreTakenBackAtOnceNothingRemains(t *testing.T) {
	db := modelstest.Open(t)
	rule := models.LimitRule{Name: "knocks", Free: 9, Window: time.Hour}
	for range 2 {
		_, _, err := models.TakeHit(db, rule, "ada", time.Now())
		must(t, err)
	}
	second := make(chan error)
	must(t, db.Transaction(func(tx *gorm.DB) error {
		must(t, models.ReturnHit(tx, rule, "ada"))
		go func() {
			second <- db.Transaction(func(tx *gorm.DB) error { return models.ReturnHit(tx, rule, "ada") })
		}()
		time.Sleep(100 * time.Millisecond) // for the second to come as far as it can
		return nil
	}))
	must(t, <-second)
	var left int64
	must(t, db.Model(&models.Limit{}).Count(&left).Error)
	if left != 0 {
		t.Errorf("%d counts are left", left)
	}
}

func TestAHitThatIsTakenBackReopensWhatItHadClosed(t *testing.T) {
	db, now := modelstest.Open(t), time.Now()
	rule := models.LimitRule{Name: "knocks", Free: 2, Window: time.Hour}
	take := func(want bool) {
		t.Helper()
		if _, allowed, err := models.TakeHit(db, rule, "ada", now); err != nil || allowed != want {
			t.Errorf("a hit is allowed: %v, %v", allowed, err)
		}
	}
	take(true)
	take(true)
	take(false)
	must(t, models.ReturnHit(db, rule, "ada"))
	take(true)
	take(false)
}

// A clone may have tables of its own with the names of our columns.
func TestTakeHit_WorksNextToAnOwnedTableCalledHits(t *testing.T) {
	db, err := models.OpenWithOwned(modelstest.URL(t), "hits")
	must(t, err)
	t.Cleanup(func() { models.Close(db) })
	rule := models.LimitRule{Name: "knocks", Free: 9, Window: time.Hour}
	for range 3 {
		_, allowed, err := models.TakeHit(db, rule, "ada", time.Now())
		if err != nil || !allowed {
			t.Fatalf("got %v, %v, want the hit allowed", allowed, err)
		}
	}
	must(t, models.ReturnHit(db, rule, "ada"))
	limit, _, err := models.TakeHit(db, rule, "ada", time.Now())
	if err != nil || limit.Hits != 3 {
		t.Errorf("got %d hits, %v, want 3", limit.Hits, err)
	}
}

// Every rule that waits in another way.
var clockRules = []models.LimitRule{
	{Name: "fixed", Free: 1, Window: time.Hour},
	{Name: "growing", Free: 1, Window: 24 * time.Hour, Growing: true, MaxWait: time.Hour},
	{Name: "growing to its end", Free: 1, Window: 24 * time.Hour, Growing: true, MaxWait: time.Hour, Last: 2},
	{Name: "from the first", Free: 1, Window: 30 * 24 * time.Hour, Growing: true, FromFirst: true, MaxWait: time.Hour, Last: 100},
}

// A clock that runs ahead for a minute, as after a wrong answer of a time
// server, must not close a rule for as long as it was ahead; nor one that comes
// back late.
func TestTakeHit_ForgetsTheTimesOfAClockThatRanAhead(t *testing.T) {
	db, now := modelstest.Open(t), time.Now()
	for _, rule := range clockRules {
		for _, ahead := range []time.Duration{2 * time.Hour, 365 * 24 * time.Hour} {
			key, longest := rule.Name+ahead.String(), rule.Window
			take := func(at time.Time) (models.Limit, bool) {
				t.Helper()
				limit, allowed, err := models.TakeHit(db, rule, key, at)
				must(t, err)
				if wait := limit.OpenAt.Sub(at); wait > longest+time.Minute {
					t.Errorf("%s, %s ahead: got a wait of %s, want at most %s", rule.Name, ahead, wait, longest)
				}
				return limit, allowed
			}
			take(now) // a count from before
			for range 20 {
				take(now.Add(ahead))
			}
			closed, allowed := take(now)
			if closing := closed.OpenAt.Sub(now); !allowed && closing > time.Hour {
				t.Errorf("%s, %s ahead: got closed for %s after the clock came back", rule.Name, ahead, closing)
			}
			if ahead > rule.Window && closed.Hits != 1 {
				t.Errorf("%s, %s ahead: got a count of %d, want a new one", rule.Name, ahead, closed.Hits)
			}
		}
	}
}

// What counts again is closed again, also when the time comes that the clock
// was ahead to.
func TestTakeHit_CountsOnAfterAClockCameBack(t *testing.T) {
	db, now := modelstest.Open(t), time.Now()
	rule := models.LimitRule{Name: "fixed", Free: 2, Window: time.Hour}
	for i, step := range []struct {
		at   time.Duration
		want bool
	}{{1000 * time.Hour, true}, {1000 * time.Hour, true}, {1000 * time.Hour, false}, {0, true}, {0, true}, {0, false}, {1000*time.Hour - time.Minute, true}} {
		if _, allowed, err := models.TakeHit(db, rule, "ada", now.Add(step.at)); err != nil || allowed != step.want {
			t.Errorf("hit %d, at %s: got allowed %v (%v), want %v", i+1, step.at, allowed, err, step.want)
		}
	}
}

// Two servers whose clocks are a few seconds apart keep one count.
func TestTakeHit_CountsTogetherWhereClocksDiffer(t *testing.T) {
	db, now := modelstest.Open(t), time.Now()
	for _, rule := range clockRules {
		rule.Free = 4
		for i, at := range []time.Duration{30 * time.Second, 0, 30 * time.Second, 0} {
			limit, _, err := models.TakeHit(db, rule, "ada", now.Add(at))
			must(t, err)
			if limit.Hits != i+1 {
				t.Errorf("%s: got %d hits after %d", rule.Name, limit.Hits, i+1)
			}
		}
	}
}
