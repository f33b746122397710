package handlers_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/models"
)

// refuseWrites has the database refuse every write from now on, as a full disk or a standby does.
func refuseWrites(app *apptest.App) {
	app.T.Helper()
	statement := "PRAGMA query_only = on"
	if app.DB.Name() == "postgres" {
		statement = "ALTER DATABASE " + app.DB.Migrator().CurrentDatabase() + " SET default_transaction_read_only = on"
	}
	if err := app.DB.Exec(statement).Error; err != nil {
		app.T.Fatal(err)
	}
	for _, name := range []string{"first", "reader"} {
		pool := poolOf(app.DB, name)
		most := pool.Stats().MaxOpenConnections
		pool.SetMaxIdleConns(0) // so that the connections are new
		pool.SetMaxIdleConns(most)
	}
}

func TestAReadOnlyDatabase_ServesReadersAndIsNotReady(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	app.Browser().Get("/readyz").WantStatus(t, 200)
	refuseWrites(app)
	for range 5 {
		app.Clock.Advance(2 * time.Minute)
		for _, path := range []string{"/dashboard", "/account", "/account/security", "/account/sessions"} {
			ada.Get(path).WantStatus(t, 200)
		}
		ada.Get("/-nothing").WantStatus(t, 404)
		ada.Get("/account/prove").WantStatus(t, 200)
	}
	app.Browser().Get("/readyz").WantStatus(t, 503).WantText(t, "takes no writes")
	app.Browser().Get("/healthz").WantStatus(t, 200)
	if told := strings.Count(app.Log.String(), "cannot be marked as seen"); told != 5 {
		t.Errorf("got %d log lines for five failures in ten minutes, want 5", told)
	}
}

func TestReadyz_WritesOnceASecondHoweverOftenItIsAsked(t *testing.T) {
	app := apptest.New(t)
	ran := count(t, app.DB)
	for range 20 {
		app.Browser().Get("/readyz").WantStatus(t, 200)
	}
	if got := ran.take(); len(got) != 2 {
		t.Errorf("got %d statements, want one that reads and one that writes: %q", len(got), got)
	}
	app.Clock.Advance(time.Second)
	app.Browser().Get("/readyz").WantStatus(t, 200)
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
	db, err := models.Open("sqlite:"+filepath.Join(dir, "app.db"), models.Tables())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { models.Close(db) })
	if _, err := models.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	app := apptest.NewOn(t, db)
	ada := app.LoggedIn("ada@example.com")
	app.Browser().Get("/readyz").WantStatus(t, 200)
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
	fillLog(app)
	app.Clock.Advance(2 * time.Minute)
	for _, path := range []string{"/dashboard", "/account", "/account/sessions"} {
		ada.Get(path).WantStatus(t, 200)
	}
	app.Browser().Get("/readyz").WantStatus(t, 503).WantText(t, "takes no writes")
	if err := os.Remove(file.Name()); err != nil {
		t.Fatal(err)
	}
	app.Clock.Advance(time.Minute)
	app.Browser().Get("/readyz").WantStatus(t, 200)
}

// fillLog writes until SQLite has used what room its log had left.
func fillLog(app *apptest.App) {
	app.T.Helper()
	for i := range 10_000 {
		if err := app.DB.Exec("INSERT INTO limits (id, hits, open_at, ends_at) VALUES (?, 1, ?, ?)", strings.Repeat("x", 3000)+string(rune(i+256)), app.Clock.Now(), app.Clock.Now()).Error; err != nil {
			return
		}
	}
	app.T.Fatal("the disk is not full")
}
