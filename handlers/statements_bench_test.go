package handlers_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"gorm.io/gorm"

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/auth"
)

// These count statements and time nothing: what a request asks of the database is what makes it slow, on every machine.

func TestWhoIsAskingCostsOneStatement(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	ran := count(t, app.DB)
	ada.Get("/dashboard").WantStatus(t, 200)
	if got := ran.take(); len(got) != 1 || !strings.Contains(got[0], "JOIN users") {
		t.Errorf("the dashboard ran %d statements: %q", len(got), got)
	}
	ada.Grant(roleWith(t, auth.ReadReports))
	ran.take()
	ada.Get("/dashboard").WantStatus(t, 200)
	if got := ran.take(); len(got) != 2 || !strings.Contains(got[1], "FILTER") {
		t.Errorf("the dashboard of a user with a role ran %d statements: %q", len(got), got)
	}
	app.Browser().Get("/login").WantStatus(t, 200)
	if got := ran.take(); len(got) != 0 {
		t.Errorf("a visitor's page ran %d statements: %q", len(got), got)
	}
}

func TestAPlainGetOnlyReads(t *testing.T) {
	app := apptest.New(t)
	ada, visitor := app.LoggedIn("ada@example.com"), app.Browser()
	ran := count(t, app.DB)
	for _, path := range []string{"/", "/dashboard", "/account", "/account/security", "/account/sessions", "/password/forgot"} {
		ada.Get(path).WantStatus(t, 200)
	}
	for _, path := range []string{"/", "/login", "/register", "/password/forgot"} {
		visitor.Get(path).WantStatus(t, 200)
	}
	visitor.Get("/dashboard").WantStatus(t, 303)
	got := ran.take()
	if len(got) < 6 {
		t.Errorf("only %d statements were counted", len(got))
	}
	for _, statement := range got {
		if !strings.HasPrefix(strings.ToUpper(strings.TrimSpace(statement)), "SELECT") {
			t.Errorf("a plain GET ran %q", statement)
		}
	}
}

func TestASessionIsMarkedAsSeenOnceAMinute(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	app.Clock.Advance(time.Minute + time.Second)
	ran := count(t, app.DB)
	for range 3 {
		ada.Get("/dashboard").WantStatus(t, 200)
	}
	got := ran.take()
	written := slices.DeleteFunc(slices.Clone(got), func(statement string) bool { return !strings.HasPrefix(statement, "UPDATE sessions") })
	if len(got) != 4 || len(written) != 1 {
		t.Errorf("three requests ran %d statements, of which %d marked the session: %q", len(got), len(written), got)
	}
}

// tally is the statements that a database was asked for, whichever way they came: through GORM, prepared, or in a transaction,
// whose beginning counts as one. The mail worker's are left out: it works whether or not anybody asks for a page.
type tally struct {
	mu  sync.Mutex
	ran []string
}

func (l *tally) note(statement string) {
	if strings.Contains(statement, "outbox") {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ran = append(l.ran, statement)
}

// take returns the statements since the last time.
func (l *tally) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	ran := l.ran
	l.ran = nil
	return ran
}

// count puts a tally between db and its driver. database/sql has no place for one, and the application needs none, so the test
// reaches for the fields that hold the connectors; were they renamed it would panic, not pass.
func count(t *testing.T, db *gorm.DB) *tally {
	t.Helper()
	l := &tally{}
	pools := reflect.ValueOf(db.ConnPool).Elem()
	named := func(field string) *sql.DB { return (*sql.DB)(pools.FieldByName(field).UnsafePointer()) }
	for _, pool := range slices.Compact([]*sql.DB{named("first"), named("reader"), named("writer")}) {
		connector := (*driver.Connector)(unsafe.Pointer(reflect.ValueOf(pool).Elem().FieldByName("connector").UnsafeAddr()))
		*connector = countedConnector{*connector, l}
		// Connections that are open already are not counted; each is closed when nobody uses it any more.
		pool.SetMaxIdleConns(0)
		for pool.Stats().OpenConnections > 0 {
			time.Sleep(time.Millisecond)
		}
		pool.SetMaxIdleConns(4)
	}
	return l
}

type countedConnector struct {
	driver.Connector
	tally *tally
}

func (c countedConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return countedConn{conn.(wholeConn), c.tally}, nil
}

// wholeConn is what the application's own wrapper of a connection can do; less would have database/sql take other ways.
type wholeConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
}

type countedConn struct {
	wholeConn
	tally *tally
}

func (c countedConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	c.tally.note("BEGIN")
	return c.wholeConn.BeginTx(ctx, opts)
}

func (c countedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.tally.note(query)
	return c.wholeConn.ExecContext(ctx, query, args)
}

func (c countedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.tally.note(query)
	return c.wholeConn.QueryContext(ctx, query, args)
}

func (c countedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	stmt, err := c.wholeConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return countedStmt{stmt.(wholeStmt), query, c.tally}, nil
}

type wholeStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

type countedStmt struct {
	wholeStmt
	query string
	tally *tally
}

func (c countedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	c.tally.note(c.query)
	return c.wholeStmt.ExecContext(ctx, args)
}

func (c countedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	c.tally.note(c.query)
	return c.wholeStmt.QueryContext(ctx, args)
}
