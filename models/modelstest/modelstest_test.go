package modelstest_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
)

func TestOpen_GivesEachTestItsOwnDatabase(t *testing.T) {
	first, second := modelstest.Open(t), modelstest.Open(t)
	if err := first.Exec("INSERT INTO limits (id, hits, open_at, ends_at) SELECT 'a', 1, tstamp, tstamp FROM " +
		"goose_db_version WHERE version_id = 1").Error; err != nil {
		t.Fatal(err)
	}
	var mine, yours int
	first.Raw("SELECT count(*) FROM limits").Scan(&mine)
	second.Raw("SELECT count(*) FROM limits").Scan(&yours)
	if mine != 1 || yours != 0 {
		t.Errorf("got %d rows in the first database and %d in the second, want 1 and 0", mine, yours)
	}
}

func TestPostgres_SurvivesGarbageCollection(t *testing.T) {
	db := modelstest.Postgres(t)
	runtime.GC()
	runtime.GC() // the first run only queues the finalizer of an unused pipe
	modelstest.Postgres(t)
	if err := db.Exec("SELECT 1").Error; err != nil {
		t.Fatal(err)
	}
}

// The test starts itself as a second process, which prints the folder of its
// PostgreSQL and waits to be killed.
func TestPostgres_EndsWithAKilledTest(t *testing.T) {
	const asChild = "MODELSTEST_CHILD"
	db := modelstest.Postgres(t)
	if os.Getenv(asChild) != "" {
		var dir string
		db.Raw("SHOW unix_socket_directories").Scan(&dir)
		fmt.Printf("dir=%s\n", dir)
		time.Sleep(time.Minute)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), asChild+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	dir := ""
	for found := false; !found; dir, found = strings.CutPrefix(lines.Text(), "dir=") {
		if !lines.Scan() {
			t.Fatal("the second process ended early")
		}
	}
	cmd.Process.Kill()
	cmd.Wait()
	if _, err := os.Stat(filepath.Dir(dir)); err != nil || dir == "" {
		t.Fatalf("got %q, want the folder of the second process's server", dir)
	}
	for range 1000 {
		if _, err := os.Stat(dir); os.IsNotExist(err) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("10 seconds after the test was killed %s still exists", dir)
}

func TestURL_CanBeOpenedTwice(t *testing.T) {
	databaseURL := modelstest.URL(t)
	for range 2 {
		db, err := models.Open(databaseURL, models.Tables())
		if err != nil {
			t.Fatal(err)
		}
		defer models.Close(db)
	}
}
