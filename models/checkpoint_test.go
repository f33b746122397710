package models_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/models"
)

// openFile returns a migrated SQLite database, whatever TEST_DATABASE says, and
// its path.
func openFile(t *testing.T) (*gorm.DB, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "app.db")
	db, err := models.Open("sqlite:"+path, models.Tables())
	must(t, err)
	t.Cleanup(func() { must(t, models.Close(db)) })
	_, err = models.Migrate(t.Context(), db)
	must(t, err)
	return db, path
}

func logSize(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path + "-wal")
	must(t, err)
	return info.Size()
}

func TestEmptyLog_LeavesNothingInTheLog(t *testing.T) {
	db, path := openFile(t)
	must(t, db.Create(&models.Limit{ID: "a", Attempts: 1, OpenAt: time.Now(), EndsAt: time.Now()}).Error)
	if logSize(t, path) == 0 {
		t.Fatal("the log is empty before")
	}
	must(t, models.EmptyLog(t.Context(), db))
	if n := logSize(t, path); n != 0 {
		t.Errorf("the log has %d bytes, want 0", n)
	}
}

// A long read keeps the log in use. It isn't waited for, and no write waits
// for EmptyLog: the next attempt or the next cleanup empties the log.
func TestEmptyLog_DoesNotWaitForReaders(t *testing.T) {
	db, path := openFile(t)
	limit := models.Limit{ID: "a", Attempts: 1, OpenAt: time.Now(), EndsAt: time.Now()}
	must(t, db.Create(&limit).Error)
	rows, err := db.Raw("SELECT id FROM limits UNION ALL SELECT name FROM sqlite_master").Rows()
	must(t, err)
	if !rows.Next() {
		t.Fatal("there is nothing to read")
	}
	limit.ID = "b"
	must(t, db.Create(&limit).Error)
	emptied := make(chan error)
	go func() { emptied <- models.EmptyLog(t.Context(), db) }()
	limit.ID = "c"
	must(t, db.Create(&limit).Error)
	if err := <-emptied; !errors.Is(err, models.ErrLogInUse) {
		t.Errorf("got %v, want %v", err, models.ErrLogInUse)
	}
	must(t, rows.Close())
	must(t, models.EmptyLog(t.Context(), db))
	if n := logSize(t, path); n != 0 {
		t.Errorf("the log has %d bytes, want 0", n)
	}
	var timeout int
	must(t, db.Raw("PRAGMA busy_timeout").Scan(&timeout).Error)
	if timeout != 5000 {
		t.Errorf("got a busy timeout of %d ms, want 5000", timeout)
	}
}
