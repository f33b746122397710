package models

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"regexp"
	"strings"
	"time"

	"example.com/gatehouse/models/scope"
)

// pool is the gorm.ConnPool behind the one *gorm.DB: statements that read run on reader, all others and every transaction on
// writer. On SQLite the writer is a single connection, so that writers queue in this process instead of meeting
// SQLITE_BUSY in the file; on PostgreSQL both are the same pool. first has connections for what every page and every check of
// readiness waits for: it never waits for a page's statements.
//
// Inside a transaction use the transaction alone: on SQLite a write through the outer handle waits for it to end.
type pool struct {
	first  *sql.DB
	reader *sql.DB
	writer *sql.DB
	turns  *turns
}

func (p *pool) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	return p.route(query).PrepareContext(ctx, query)
}

func (p *pool) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return p.writer.ExecContext(ctx, query, args...)
}

func (p *pool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return p.route(query).QueryContext(ctx, query, args...)
}

func (p *pool) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return p.route(query).QueryRowContext(ctx, query, args...)
}

// BeginTx makes the pool a gorm.TxBeginner.
func (p *pool) BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, error) {
	return p.writer.BeginTx(ctx, opts)
}

// GetDBConn is what (*gorm.DB).DB returns: the pool that may do everything.
func (p *pool) GetDBConn() (*sql.DB, error) { return p.writer, nil }

// Close ends the readers first: the last SQLite connection to leave folds the log into the file, which a reader may not.
func (p *pool) Close() error {
	return errors.Join(p.first.Close(), p.reader.Close(), p.writer.Close())
}

func (p *pool) route(query string) *sql.DB {
	if reads(query) {
		return p.reader
	}
	return p.writer
}

// reads says whether a statement surely only reads. In doubt it says no: the writer can do everything, only not as often.
func reads(query string) bool {
	query = strings.TrimLeft(query, " \t\r\n(")
	word, _, _ := strings.Cut(query, " ")
	if i := strings.IndexAny(word, "\t\r\n(*"); i >= 0 {
		word = word[:i]
	}
	switch strings.ToUpper(word) {
	case "SELECT", "VALUES":
		return true
	case "WITH":
		return !writeWord.MatchString(query)
	}
	return false
}

var writeWord = regexp.MustCompile(`(?i)\b(insert|update|delete|replace)\b`)

// utcConnector wraps a driver so that every time that reaches the database is UTC and in microseconds, whichever way the
// statement takes: through GORM, in a transaction, prepared or raw. SQLite compares times as text and pgx drops the zone when
// it writes a TIMESTAMP, so one local time would be hours wrong; and a finer time than PostgreSQL keeps would not be found
// again.
//
// It also refuses unscoped statements on owned tables, since every statement passes here.
type utcConnector struct {
	driver.Connector
	owned *scope.Names
	// unnamed has statements prepared without a name: behind PgBouncer in transaction mode the next use of a name may reach a server
	// connection that does not know it.
	unnamed bool
}

func (c utcConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return utcConn{conn.(driverConn), c.owned, c.unnamed}, nil
}

// driverConn is what the three drivers' connections have in common.
type driverConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.Pinger
	driver.QueryerContext
}

type utcConn struct {
	driverConn
	owned   *scope.Names
	unnamed bool
}

func (c utcConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.owned.Check(ctx, query, args); err != nil {
		return nil, err
	}
	return c.driverConn.ExecContext(ctx, query, args)
}

func (c utcConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.owned.Check(ctx, query, args); err != nil {
		return nil, err
	}
	return c.driverConn.QueryContext(ctx, query, args)
}

func (c utcConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if err := c.owned.Check(ctx, query, nil); err != nil {
		return nil, err
	}
	if c.unnamed {
		return unnamedStmt{c.driverConn, query}, nil
	}
	return c.driverConn.PrepareContext(ctx, query)
}

// unnamedStmt sends its query with each use.
type unnamedStmt struct {
	conn  driverConn
	query string
}

func (s unnamedStmt) Close() error  { return nil }
func (s unnamedStmt) NumInput() int { return -1 } // the server counts

func (s unnamedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return s.conn.ExecContext(ctx, s.query, args)
}

func (s unnamedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.conn.QueryContext(ctx, s.query, args)
}

// Exec and Query are not called, since the methods with a context are there.
func (s unnamedStmt) Exec([]driver.Value) (driver.Result, error) { return nil, driver.ErrSkip }
func (s unnamedStmt) Query([]driver.Value) (driver.Rows, error)  { return nil, driver.ErrSkip }

func (c utcConn) CheckNamedValue(arg *driver.NamedValue) error {
	switch v := arg.Value.(type) {
	case scope.Arg:
		return nil // Check replaces it
	case time.Time:
		arg.Value = utc(v)
		return nil
	case *time.Time, driver.Valuer:
		value, err := driver.DefaultParameterConverter.ConvertValue(v)
		if t, ok := value.(time.Time); ok && err == nil {
			arg.Value = utc(t)
			return nil
		}
	}
	if checker, ok := c.driverConn.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(arg)
	}
	value, err := driver.DefaultParameterConverter.ConvertValue(arg.Value)
	arg.Value = value
	return err
}

func (c utcConn) ResetSession(ctx context.Context) error {
	if conn, ok := c.driverConn.(driver.SessionResetter); ok {
		return conn.ResetSession(ctx)
	}
	return nil
}

func (c utcConn) IsValid() bool {
	conn, ok := c.driverConn.(driver.Validator)
	return !ok || conn.IsValid()
}

func utc(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
