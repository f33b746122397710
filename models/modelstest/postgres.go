package modelstest

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver that creates and drops databases
)

// freshPostgres creates a database from a template and returns its URL.
func freshPostgres(t testing.TB, template string) string {
	t.Helper()
	return databaseIn(t, server(t), "TEMPLATE "+template)
}

// server returns the PostgreSQL of the test process. If PostgreSQL is not
// installed, it skips the test, or fails it if CI=true.
func server(t testing.TB) *cluster {
	t.Helper()
	c, err := postgresCluster()
	if errors.Is(err, errNoPostgres) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// PostgresLog returns the log of the test process's PostgreSQL.
func PostgresLog(t testing.TB) string {
	t.Helper()
	log, err := os.ReadFile(filepath.Join(server(t).dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	return string(log)
}

// databaseIn creates a database for one test and returns its URL.
func databaseIn(t testing.TB, c *cluster, options string) string {
	t.Helper()
	name, err := c.create(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := c.admin.Exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	return c.url(name)
}

var errNoPostgres = errors.New("this test needs PostgreSQL 13 or newer: apt-get install postgresql")

// cluster is the PostgreSQL server of this test process, reached through a
// socket in dir.
type cluster struct {
	dir      string
	lifeline io.Closer // referenced here because its finalizer would end the server
	admin    *sql.DB
	mu       sync.Mutex
	made     int
}

var postgresCluster = sync.OnceValues(startCluster)

// lifeline runs PostgreSQL for as long as its standard input is open. Only the
// test process holds the other end, so the server and its files go when the
// process ends, even by kill -9, and no test needs a TestMain.
const lifeline = `
dir=$1 bin=$2
trap '' INT HUP TERM
cd "$dir" || exit 1
make() { "$bin/initdb" -D data -U postgres -A trust -E UTF8 --no-sync "$@"; }
{
	make --locale=C.UTF-8 || make --no-locale || exit
	exec "$bin/postgres" -D data -k "$dir" -c listen_addresses= -c max_connections=300 -c shared_buffers=64MB \
		-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c wal_level=minimal -c max_wal_senders=0 -c autovacuum=off
} </dev/null >log 2>&1 &
read -r _
while kill -QUIT $!; do
	sleep 0.1
done
cd /
rm -rf "$dir"
` // SIGQUIT stops PostgreSQL at once; initdb ignores it, hence the loop

func startCluster() (*cluster, error) {
	bin, err := postgresBin()
	if err != nil {
		return nil, err
	}
	dir, err := socketDir()
	if err != nil {
		return nil, fmt.Errorf("create a folder for PostgreSQL: %w", err)
	}
	watcher := exec.Command("sh", "-c", lifeline, "sh", dir, bin)
	if err := asPostgres(watcher, dir); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	end, err := watcher.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := watcher.Start(); err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	c := &cluster{dir: dir, lifeline: end}
	if c.admin, err = sql.Open("pgx", c.url("postgres")); err != nil {
		return nil, err
	}
	c.admin.SetMaxOpenConns(1) // PostgreSQL may refuse two copies of a template at once
	if err := c.await(); err != nil {
		return nil, err
	}
	if _, err := c.admin.Exec("CREATE DATABASE test_template TEMPLATE template0"); err != nil {
		return nil, fmt.Errorf("create the template database: %w", err)
	}
	return c, migrate(c.url("test_template"))
}

// await waits until the server accepts connections. After half a minute it
// returns an error with the server's log.
func (c *cluster) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		err := c.admin.PingContext(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			log, _ := os.ReadFile(filepath.Join(c.dir, "log"))
			return fmt.Errorf("PostgreSQL did not start: %w\n%s", err, log)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (c *cluster) create(options string) (string, error) {
	c.mu.Lock()
	c.made++
	name := fmt.Sprintf("test_%d", c.made)
	c.mu.Unlock()
	if _, err := c.admin.Exec("CREATE DATABASE " + name + " " + options); err != nil {
		return "", fmt.Errorf("create a database for the test: %w", err)
	}
	return name, nil
}

// run executes SQL statements in a database.
func (c *cluster) run(ctx context.Context, database, statements string) error {
	db, err := sql.Open("pgx", c.url(database))
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, statements); err != nil {
		return fmt.Errorf("fill the database %s: %w", database, err)
	}
	return nil
}

func (c *cluster) url(database string) string {
	return "postgres://postgres@/" + database + "?host=" + c.dir
}

// postgresBin returns the folder of the newest PostgreSQL: Debian's, or else
// the one in PATH.
func postgresBin() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/[1-9][0-9]/bin/initdb")
	if len(found) > 0 {
		return filepath.Dir(found[len(found)-1]), nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", errNoPostgres
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return "", fmt.Errorf("look for PostgreSQL: %w", err)
	}
	return filepath.Dir(path), nil
}

// socketDir creates a folder whose name is short enough for the path of a
// socket, which has about 100 bytes at most.
func socketDir() (string, error) {
	parent := cmp.Or(memory(), os.TempDir())
	if len(parent) > 60 || strings.ContainsAny(parent, " ?&#%") {
		parent = "/tmp"
	}
	return os.MkdirTemp(parent, "test-pg-")
}
