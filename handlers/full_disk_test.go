package handlers_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/gatehouse/models"
)

// takesNoWrites has the database refuse every write from now on, as a full disk or a standby does.
func (s *stage) takesNoWrites() {
	s.t.Helper()
	statement := "PRAGMA query_only = on"
	if s.db.Name() == "postgres" {
		statement = "ALTER DATABASE " + s.db.Migrator().CurrentDatabase() + " SET default_transaction_read_only = on"
	}
	if err := s.db.Exec(statement).Error; err != nil {
		s.t.Fatal(err)
	}
	for _, name := range []string{"first", "reader"} {
		pool := poolOf(s.db, name)
		most := pool.Stats().MaxOpenConnections
		pool.SetMaxIdleConns(0) // so that the connections are new
		pool.SetMaxIdleConns(most)
	}
}

func TestAReadOnlyDatabase_ServesReadersAndIsNotReady(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	s.visitor().get("/readyz").is(t, 200)
	s.takesNoWrites()
	for range 5 {
		s.clock.passes(2 * time.Minute)
		for _, path := range []string{"/dashboard", "/account", "/account/security", "/account/sessions"} {
			ada.get(path).is(t, 200)
		}
		ada.get("/-nothing").is(t, 404)
		ada.get("/account/prove").is(t, 200)
	}
	s.visitor().get("/readyz").is(t, 503).says(t, "takes no writes")
	s.visitor().get("/healthz").is(t, 200)
	if told := strings.Count(s.log.String(), "cannot be marked as seen"); told != 5 {
		t.Errorf("got %d log lines for five failures in ten minutes, want 5", told)
	}
}

func TestReadyz_WritesOnceASecondHoweverOftenItIsAsked(t *testing.T) {
	s := newStage(t)
	ran := count(t, s.db)
	for range 20 {
		s.visitor().get("/readyz").is(t, 200)
	}
	if got := ran.take(); len(got) != 2 {
		t.Errorf("got %d statements, want one that reads and one that writes: %q", len(got), got)
	}
	s.clock.passes(time.Second)
	s.visitor().get("/readyz").is(t, 200)
	if got := ran.take(); len(got) != 2 {
		t.Errorf("a second later: got %d statements, want 2", len(got))
	}
}

// A folder in memory of two megabytes stands for the disk.
func TestAFullDisk_ServesReadersAndIsNotReady(t *testing.T) {
	if os.Getuid() != 0 || os.Getenv("TEST_DATABASE") == "postgres" {
		t.Skip("this test makes a small disk, for which it has to be root, and puts a SQLite file on it")
	}
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("this test needs the right to mount: %v: %s", err, out)
	}
	t.Cleanup(func() { exec.Command("umount", "-l", dir).Run() })
	db, err := models.Open("sqlite:" + filepath.Join(dir, "app.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { models.Close(db) })
	if _, err := models.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	s := newStageOn(t, db)
	ada := s.member("ada@example.com")
	s.visitor().get("/readyz").is(t, 200)
	file, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	for size := 1 << 16; size > 0; {
		if n, _ := file.Write(make([]byte, size)); n < size {
			size /= 2
		}
	}
	file.Close()
	s.fillLog()
	s.clock.passes(2 * time.Minute)
	for _, path := range []string{"/dashboard", "/account", "/account/sessions"} {
		ada.get(path).is(t, 200)
	}
	s.visitor().get("/readyz").is(t, 503).says(t, "takes no writes")
	if err := os.Remove(file.Name()); err != nil {
		t.Fatal(err)
	}
	s.clock.passes(time.Minute)
	s.visitor().get("/readyz").is(t, 200)
}

// fillLog writes until SQLite has used what room its log had left.
func (s *stage) fillLog() {
	s.t.Helper()
	for i := range 10_000 {
		if err := s.db.Exec("INSERT INTO limits (id, hits, open_at, ends_at) VALUES (?, 1, ?, ?)", strings.Repeat("x", 3000)+string(rune(i+256)), s.clock.now(), s.clock.now()).Error; err != nil {
			return
		}
	}
	s.t.Fatal("the disk is not full")
}
