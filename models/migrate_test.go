package models_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
	"gorm.io/gorm"
)

func TestTheFirstStartMigratesAndTheSecondHasNothingToDo(t *testing.T) {
	ctx := context.Background()
	db := openURL(t, modelstest.EmptyURL(t))
	current, err := models.MigrationsCurrent(ctx, db)
	must(t, err)
	if current {
		t.Error("an empty database counts as current")
	}
	files, _, err := models.KnownMigrations(ctx, db)
	must(t, err)
	for _, want := range []int{files, 0} {
		applied, err := models.Migrate(ctx, db)
		must(t, err)
		if applied != want {
			t.Errorf("%d migrations were applied, want %d", applied, want)
		}
	}
	current, err = models.MigrationsCurrent(ctx, db)
	must(t, err)
	if !current {
		t.Error("a migrated database does not count as current")
	}
}

func TestServersThatStartAtOnceMigrateOnce(t *testing.T) {
	startServersAtOnce(t, modelstest.EmptyURL(t))
}

// A lock of the session is taken on one server connection, and released in vain on another one.
func TestMigrate_RunsOnceBehindPgBouncer(t *testing.T) {
	startServersAtOnce(t, modelstest.EmptyPgBouncer(t, "default_query_exec_mode=exec"))
	if log := modelstest.PostgresLog(t); strings.Contains(log, "you don't own a lock") {
		t.Errorf("got a lock that its owner could not release, want none: %s", log)
	}
}

func startServersAtOnce(t *testing.T, databaseURL string) {
	t.Helper()
	var servers sync.WaitGroup
	applied := make([]int, 8)
	for i := range applied {
		servers.Go(func() {
			db, err := models.Open(databaseURL, models.Tables())
			if err != nil {
				t.Error(err)
				return
			}
			defer models.Close(db)
			if applied[i], err = models.Migrate(context.Background(), db); err != nil {
				t.Error(err)
			}
		})
	}
	servers.Wait()
	checkMigratedOnce(t, databaseURL, applied)
}

func TestProcessesThatStartAtOnceMigrateOnce(t *testing.T) {
	databaseURL := modelstest.EmptyURL(t)
	var processes sync.WaitGroup
	applied := make([]int, 4)
	for i := range applied {
		processes.Go(func() {
			cmd := child(t, "migrate", databaseURL)
			var faults bytes.Buffer
			cmd.Stderr = &faults
			out, err := cmd.Output()
			if err != nil {
				t.Errorf("%v: %s", err, faults.Bytes())
				return
			}
			if applied[i], err = strconv.Atoi(string(out)); err != nil {
				t.Error(err)
			}
		})
	}
	processes.Wait()
	checkMigratedOnce(t, databaseURL, applied)
}

func childMigrates(databaseURL string) {
	db, err := models.Open(databaseURL, models.Tables())
	applied := 0
	if err == nil {
		applied, err = models.Migrate(context.Background(), db)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Print(applied)
}

func checkMigratedOnce(t *testing.T, databaseURL string, applied []int) {
	t.Helper()
	ctx := context.Background()
	db := openURL(t, databaseURL)
	files, _, err := models.KnownMigrations(ctx, db)
	must(t, err)
	total := 0
	for _, n := range applied {
		total += n
	}
	var recorded int
	must(t, db.Raw("SELECT count(*) FROM goose_db_version WHERE version_id > 0").Scan(&recorded).Error)
	if total != files || recorded != files {
		t.Errorf("%d files were applied %d times %v and recorded %d times", files, total, applied, recorded)
	}
}

func TestADatabaseOfANewerProgramIsRefused(t *testing.T) {
	ctx := context.Background()
	db := modelstest.Open(t)
	_, newest, err := models.KnownMigrations(ctx, db)
	must(t, err)
	must(t, record(db, newest+1))
	applied, err := models.Migrate(ctx, db)
	if applied != 0 || err == nil || !strings.Contains(err.Error(), "start the newer program") {
		t.Errorf("%d applied, %v", applied, err)
	}
	current, err := models.MigrationsCurrent(ctx, db)
	must(t, err)
	if !current {
		t.Error("a server that runs already would be taken out of service")
	}
}

func record(db *gorm.DB, version int64) error {
	return db.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (?, ?)", version, true).Error
}

func TestAMigrationThatCameLateWithALowerNumberIsApplied(t *testing.T) {
	ctx := context.Background()
	db := modelstest.Open(t)
	must(t, db.Exec("DROP TABLE limits").Error)
	must(t, db.Exec("DELETE FROM goose_db_version WHERE version_id = 5").Error)
	current, err := models.MigrationsCurrent(ctx, db)
	must(t, err)
	applied, err := models.Migrate(ctx, db)
	must(t, err)
	if current || applied != 1 {
		t.Errorf("current: %t, applied: %d", current, applied)
	}
	must(t, db.Exec("DELETE FROM limits").Error)
}

func TestAMigrationThatFailsIsToldAndNotTriedForEver(t *testing.T) {
	ctx := context.Background()
	db := openURL(t, modelstest.EmptyURL(t))
	must(t, db.Exec("CREATE TABLE registrations (id TEXT)").Error)
	applied, err := models.Migrate(ctx, db)
	if applied != 2 || err == nil || !strings.Contains(err.Error(), "registrations") {
		t.Errorf("%d applied, %v", applied, err)
	}
	must(t, db.Exec("DROP TABLE registrations").Error)
	_, err = models.Migrate(ctx, db)
	must(t, err)
}

func TestADatabaseThatDoesNotAnswerIsNotCurrent(t *testing.T) {
	db := modelstest.Open(t)
	must(t, models.Close(db))
	current, err := models.MigrationsCurrent(context.Background(), db)
	if current || err == nil {
		t.Errorf("current: %t, %v", current, err)
	}
	db = modelstest.Open(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := models.Migrate(ctx, db); err == nil {
		t.Error("migrated after its time")
	}
}

// BenchmarkStart is the database's part of the time to the first answer.
func BenchmarkStart(b *testing.B) {
	databaseURL := modelstest.URL(b)
	for b.Loop() {
		db, err := models.Open(databaseURL, models.Tables())
		must(b, err)
		_, err = models.Migrate(context.Background(), db)
		must(b, err)
		must(b, models.Close(db))
	}
}
