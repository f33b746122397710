package modelstest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// PgBouncer starts a PgBouncer in transaction mode in front of a migrated
// PostgreSQL database. It returns the DATABASE_URL that leads through it, with
// the settings in query. Each client's transactions rotate over four server
// connections. If PgBouncer is not installed, it skips the test, or fails it if
// CI=true.
func PgBouncer(t testing.TB, query string) string {
	t.Helper()
	return bouncer(t, server(t), freshPostgres(t, "test_template"), query)
}

// EmptyPgBouncer does what PgBouncer does in front of a database without
// tables.
func EmptyPgBouncer(t testing.TB, query string) string {
	t.Helper()
	return bouncer(t, server(t), freshPostgres(t, "template0"), query)
}

func bouncer(t testing.TB, c *cluster, databaseURL, query string) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer"
	}
	if _, err := os.Stat(program); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("this test needs PgBouncer: apt-get install pgbouncer")
		}
		t.Skip("this test needs PgBouncer: apt-get install pgbouncer")
	}
	dir, err := socketDir()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	settings := fmt.Sprintf(`[databases]
* = host=%s user=postgres
[pgbouncer]
unix_socket_dir = %s
listen_addr =
listen_port = 6432
auth_type = any
pool_mode = transaction
default_pool_size = 4
server_round_robin = 1
max_client_conn = 200
logfile = %s
`, c.dir, dir, filepath.Join(dir, "log"))
	if err := os.WriteFile(filepath.Join(dir, "pgbouncer.ini"), []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	// PgBouncer ends with its standard input, and so with the test process,
	// even if that is killed.
	run := exec.Command("sh", "-c", `"$1" -q "$2/pgbouncer.ini" </dev/null & read -r _; kill $!; wait`,
		"sh", program, dir)
	if err := asPostgres(run, dir); err != nil {
		t.Fatal(err)
	}
	input, err := run.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		input.Close()
		run.Wait()
	})
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	u.RawQuery = "host=" + dir + "&port=6432&" + query
	awaitBouncer(t, dir, u.String())
	return u.String()
}

// awaitBouncer waits until PgBouncer answers and has opened all its server
// connections.
func awaitBouncer(t testing.TB, dir, databaseURL string) {
	t.Helper()
	db, err := sql.Open("pgx", databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for range 4 {
		tx, err := db.BeginTx(ctx, nil)
		for ; err != nil && ctx.Err() == nil; tx, err = db.BeginTx(ctx, nil) {
			time.Sleep(10 * time.Millisecond)
		}
		if err != nil {
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			t.Fatalf("PgBouncer did not start: %v\n%s", err, log)
		}
		defer tx.Rollback()
	}
}
