package models_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
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

// counted is an entry with a quota of rows alone.
type counted struct {
	models.Owned
	Title string
}

func (counted) TableName() string   { return "diaries" }
func (counted) Quota() models.Quota { return models.Quota{Rows: 3, Field: "title"} }

// A transaction that has locked one of the user's rows and changes it must not
// wait for one that has locked the user and waits for that row.
func TestQuota_OfRowsLocksNothingForAnUpdate(t *testing.T) {
	d := shelf(t)
	if d.db.Name() != "postgres" {
		t.Skip("SQLite has one lock for all rows")
	}
	row := counted{Title: "a"}
	must(t, models.Scoped(d.db, d.ada).Create(&row).Error)
	must(t, d.db.Transaction(func(tx *gorm.DB) error {
		if _, err := models.LockUser(tx, d.ada.User.ID); err != nil {
			return err
		}
		waiting, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		return models.Scoped(d.db.WithContext(waiting), d.ada).Model(&row).Update("title", "b").Error
	}))
}

// faulty is an entry whose hook has a bug.
type faulty struct{ entry }

func (*faulty) BeforeCreate(*gorm.DB) error { panic("a bug") }

func TestQuota_FreesTheDatabaseAfterAPanicInAHook(t *testing.T) {
	d := shelf(t)
	request, end := context.WithCancel(t.Context())
	func() {
		defer func() { _ = recover() }()
		models.Scoped(d.db.WithContext(request), d.ada).Create(&faulty{entry{Title: "a"}})
		t.Error("got no panic, want the hook's")
	}()
	end()
	waiting, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	must(t, d.db.WithContext(waiting).Model(&d.ada.User).Update("name", "Ada").Error)
}

func TestLawEveryOwnedTableHasAQuota(t *testing.T) {
	for _, table := range models.SchemaOf(modelstest.Open(t)) {
		_, quoted := table.Model.(interface{ Quota() models.Quota })
		if table.Owned() && !quoted {
			t.Errorf("got no Quota of %s, want one: without it one account can fill the disk", table.Name)
		}
	}
}
