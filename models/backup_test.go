package models_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/models"
)

func addLimit(t *testing.T, db *gorm.DB, id string) {
	t.Helper()
	must(t, db.Create(&models.Limit{ID: id, Attempts: 1, OpenAt: time.Now(), EndsAt: time.Now()}).Error)
}

// limits returns the ids in the limits of a database, which it opens and closes.
func limits(t *testing.T, path string) (ids []string) {
	t.Helper()
	db, err := models.Open("sqlite:"+path, models.Tables())
	must(t, err)
	defer func() { must(t, models.Close(db)) }()
	var found string
	must(t, db.Raw("PRAGMA integrity_check").Scan(&found).Error)
	if found != "ok" {
		t.Errorf("the database is damaged: %s", found)
	}
	must(t, db.Model(&models.Limit{}).Order("id").Pluck("id", &ids).Error)
	return ids
}

func TestBackup_CopiesDatabaseInUse(t *testing.T) {
	db, path := openFile(t)
	addLimit(t, db, "a") // in the log
	backup := filepath.Join(t.TempDir(), "backup.db")
	must(t, models.Backup(t.Context(), "sqlite:"+path, backup))
	info, err := os.Stat(backup)
	must(t, err)
	if mode := info.Mode().Perm(); mode != 0o600 {
		t.Errorf("got mode %o, want 600", mode)
	}
	if err := models.Backup(t.Context(), "sqlite:"+path, backup); err == nil {
		t.Error("a second backup replaces the first")
	}
	if got := strings.Join(limits(t, backup), " "); got != "a" {
		t.Errorf("the backup has %q, want %q", got, "a")
	}
}

// A log that a killed program left belongs to the former database. Next to the
// backup it would damage that (sqlite.org/howtocorrupt.html, 1.4).
func TestRestore_LeavesNoLogOfTheFormerDatabase(t *testing.T) {
	db, path := openFile(t)
	addLimit(t, db, "before")
	backup, killed := filepath.Join(t.TempDir(), "backup.db"), filepath.Join(t.TempDir(), "app.db")
	must(t, models.Backup(t.Context(), "sqlite:"+path, backup))
	for i := range 300 {
		addLimit(t, db, strings.Repeat("after", 50)+string(rune('a'+i)))
	}
	for _, suffix := range []string{"", "-wal"} { // as a kill leaves them
		content, err := os.ReadFile(path + suffix)
		must(t, err)
		must(t, os.WriteFile(killed+suffix, content, 0o600))
	}
	former, err := models.Restore(t.Context(), "sqlite:"+killed, backup, time.Now())
	must(t, err)
	if got := strings.Join(limits(t, killed), " "); got != "before" {
		t.Errorf("the restored database has %q, want %q", got, "before")
	}
	if got := len(limits(t, former)); got != 301 {
		t.Errorf("the former database has %d rows, want 301", got)
	}
	info, err := os.Stat(killed)
	must(t, err)
	if mode := info.Mode().Perm(); mode != 0o600 {
		t.Errorf("got mode %o, want 600", mode)
	}
}

func TestRestore_RefusesWhileProgramRuns(t *testing.T) {
	db, path := openFile(t) // open and idle
	backup := filepath.Join(t.TempDir(), "backup.db")
	must(t, models.Backup(t.Context(), "sqlite:"+path, backup))
	addLimit(t, db, "a")
	if _, err := models.Restore(t.Context(), "sqlite:"+path, backup, time.Now()); err == nil || !strings.Contains(err.Error(), "running program") {
		t.Errorf("got %v, want that a program runs", err)
	}
	addLimit(t, db, "b")
	if _, err := os.Stat(path + ".restoring"); err == nil {
		t.Error("the copy is left behind")
	}
}

func TestRestore_RefusesWhatIsNoBackup(t *testing.T) {
	db, path := openFile(t)
	dir := t.TempDir()
	good, target := filepath.Join(dir, "good.db"), filepath.Join(dir, "target.db")
	must(t, models.Backup(t.Context(), "sqlite:"+path, good))
	must(t, db.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (999999, true)").Error)
	newer := filepath.Join(dir, "newer.db")
	must(t, models.Backup(t.Context(), "sqlite:"+path, newer))
	content, err := os.ReadFile(good)
	must(t, err)
	write := func(name string, content []byte) string {
		must(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
		return filepath.Join(dir, name)
	}
	damaged := []byte(string(content))
	for i := len(damaged) / 2; i < len(damaged); i++ {
		damaged[i] = 0xff
	}
	write("raw.db-wal", []byte("log"))
	for backup, want := range map[string]string{
		newer:                        "start the newer program",
		write("damaged.db", damaged): "damaged",
		write("text.db", []byte("text, and longer than the header of a database, which has a hundred bytes, so that it is read as one")): "not an SQLite database",
		write("empty.db", nil):          "not a database of this program",
		write("raw.db", content):        "in use, not a backup",
		filepath.Join(dir, "absent.db"): "no such file",
	} {
		former, err := models.Restore(t.Context(), "sqlite:"+target, backup, time.Now())
		if err == nil || !strings.Contains(err.Error(), want) || former != "" {
			t.Errorf("%s: got %v, want %q", filepath.Base(backup), err, want)
		}
		if _, err := os.Stat(target); err == nil {
			t.Fatalf("%s was restored", filepath.Base(backup))
		}
	}
	_, err = models.Restore(t.Context(), "sqlite:"+target, good, time.Now())
	must(t, err)
}

// A damaged database is the reason to restore one.
func TestRestore_ReplacesDamagedDatabase(t *testing.T) {
	_, path := openFile(t)
	dir := t.TempDir()
	backup, damaged := filepath.Join(dir, "backup.db"), filepath.Join(dir, "app.db")
	must(t, models.Backup(t.Context(), "sqlite:"+path, backup))
	must(t, os.WriteFile(damaged, []byte(strings.Repeat("damaged ", 1000)), 0o600))
	former, err := models.Restore(t.Context(), "sqlite:"+damaged, backup, time.Now())
	must(t, err)
	if content, _ := os.ReadFile(former); !strings.HasPrefix(string(content), "damaged") {
		t.Error("the former database is not kept")
	}
	if got := len(limits(t, damaged)); got != 0 {
		t.Errorf("got %d rows, want 0", got)
	}
}

// SQLite would roll a journal back into the database that it finds next to it.
func TestRestore_LeavesNothingOfALostDatabaseNextToTheNewOne(t *testing.T) {
	_, path := openFile(t)
	dir := t.TempDir()
	t.Chdir(dir)
	backup, lost := filepath.Join(dir, "backup.db"), filepath.Join(dir, "app.db")
	must(t, models.Backup(t.Context(), "sqlite:"+path, backup))
	for _, suffix := range []string{"-wal", "-shm", "-journal"} {
		must(t, os.WriteFile(lost+suffix, []byte("of another"), 0o600))
	}
	_, err := models.Restore(t.Context(), "sqlite:"+lost, backup, time.Now())
	must(t, err)
	left, err := filepath.Glob("*")
	must(t, err)
	if got, want := strings.Join(left, " "), "app.db backup.db"; got != want {
		t.Errorf("got the files %q, want %q", got, want)
	}
}

func TestBackupAndRestore_NameThePostgresTools(t *testing.T) {
	const url = "postgres://localhost/app"
	_, err := models.Restore(t.Context(), url, "backup", time.Now())
	if err == nil || !strings.Contains(err.Error(), "pg_restore") {
		t.Errorf("got %v, want pg_restore", err)
	}
	if err := models.Backup(t.Context(), url, "backup"); err == nil || !strings.Contains(err.Error(), "pg_dump") {
		t.Errorf("got %v, want pg_dump", err)
	}
}
