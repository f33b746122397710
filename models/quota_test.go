package models_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"example.com/gatehouse/models"
)

// entry is a row of diaries, of which a user may have three, with ten bytes of titles.
type entry struct {
	models.Owned
	Title string
}

func (entry) TableName() string { return "diaries" }
func (entry) Quota() models.Quota {
	return models.Quota{Rows: 3, Bytes: 10, Column: "title", Field: "title"}
}

// ASVS 15.2.2: one account cannot use up what all share.
func TestQuota_HoldsHoweverManyRowsAreCreatedAtOnce(t *testing.T) {
	d := shelf(t)
	var created atomic.Int32
	var running sync.WaitGroup
	for range 12 {
		running.Go(func() {
			err := models.Scoped(d.db, d.ada).Create(&entry{Title: "a"}).Error
			invalid, refused := errors.AsType[models.Invalid](err)
			switch {
			case err == nil:
				created.Add(1)
			case !refused || !strings.Contains(invalid["title"], "You have 3 diaries"):
				t.Errorf("got %v, want an Invalid that names the quota", err)
			}
		})
	}
	running.Wait()
	var held int64
	must(t, models.Scoped(d.db, d.ada).Model(&entry{}).Count(&held).Error)
	if created.Load() != 3 || held != 3 {
		t.Errorf("got %d created and %d held, want 3", created.Load(), held)
	}
	must(t, models.Scoped(d.db, d.mallory).Create(&entry{Title: "b"}).Error)
}

func TestQuota_CountsBytesOfNewAndOfChangedRows(t *testing.T) {
	d := shelf(t)
	row := entry{Title: "äää"} // six bytes
	must(t, models.Scoped(d.db, d.ada).Create(&row).Error)
	for what, err := range map[string]error{
		"a new row": models.Scoped(d.db, d.ada).Create(&entry{Title: "12345"}).Error,
		"an update": models.Scoped(d.db, d.ada).Model(&row).Update("title", "12345678901").Error,
	} {
		if invalid, ok := errors.AsType[models.Invalid](err); !ok || !strings.Contains(invalid["title"], "take up") {
			t.Errorf("%s: got %v, want an Invalid", what, err)
		}
	}
	must(t, models.Scoped(d.db, d.ada).Create(&entry{Title: "1234"}).Error)
	tx := d.db.Begin()
	err := models.Scoped(tx, d.ada).Create(&entry{Title: "1"}).Error
	tx.Rollback()
	if _, ok := errors.AsType[models.Invalid](err); !ok {
		t.Errorf("in a transaction: got %v, want an Invalid", err)
	}
}

func TestLawEveryOwnedTableHasAQuota(t *testing.T) {
	for _, model := range models.All() {
		_, quoted := model.(interface{ Quota() models.Quota })
		if table := models.TableOf(model); models.IsOwned(table) && !quoted {
			t.Errorf("got no Quota of %s, want one: without it one account can fill the disk", table)
		}
	}
}
