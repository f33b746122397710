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
