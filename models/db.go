// Package models holds the tables: one file each, with its rules and simple queries, and the database they live in.
package models

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"

	"example.com/gatehouse/models/dsn"
	"example.com/gatehouse/models/scope"
)

// Open connects to databaseURL: sqlite:path, whose folder (0700) and file (0600) are made where missing, or postgres://….
// It does not migrate. The errors are sentences that say what to do, and hold no password.
//
// Errors of statements are GORM's on both engines: gorm.ErrDuplicatedKey, gorm.ErrForeignKeyViolated and
// gorm.ErrCheckConstraintViolated, to be asked for with errors.Is. Times come back in UTC.
//
// Migrate applies the core's migrations and those of the folders.
//
// SchemaOf returns tables from the handle and from every handle made of it. The
// owned ones are reached through Scoped.
func Open(databaseURL string, tables []Table, migrations ...fs.FS) (*gorm.DB, error) {
	named, err := dsn.Parse(databaseURL)
	if err != nil {
		return nil, err
	}
	all, err := parse(tables)
	if err != nil {
		return nil, err
	}
	files, err := collectMigrations(migrations)
	if err != nil {
		return nil, err
	}
	owned := scope.NewNames(all.Owned())
	db, err := connect(named, owned)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(db.Use(all), db.Use(files)); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the database: %w", err), Close(db))
	}
	return db, nil
}

func connect(named dsn.Database, owned *scope.Names) (*gorm.DB, error) {
	if named.Postgres != nil {
		return openPostgres(named.Postgres, owned)
	}
	return openSQLite(named.File, owned)
}

// Close ends every connection of db, which waits for the statements that are running.
func Close(db *gorm.DB) error { return db.ConnPool.(*pool).Close() }

// Prepare prepares a statement that reads, that will run often and that pages wait for, with ? as placeholder on both engines. It is safe for
// concurrent use and lives until it or db is closed. Where default_query_exec_mode in DATABASE_URL has no statement prepared by name, its
// text is sent each time.
func Prepare(db *gorm.DB, query string) (*sql.Stmt, error) {
	if db.Name() == "postgres" {
		query = numbered(query)
	}
	stmt, err := db.ConnPool.(*pool).first.Prepare(query)
	if err != nil {
		return nil, fmt.Errorf("preparing %q: %w", query, err)
	}
	return stmt, nil
}

// numbered turns each ? outside of a quoted string into PostgreSQL's $1, $2, ….
func numbered(query string) string {
	var b strings.Builder
	n, inString := 0, false
	for _, r := range query {
		if r == '\'' {
			inString = !inString
		}
		if r != '?' || inString {
			b.WriteRune(r)
			continue
		}
		n++
		b.WriteString("$" + strconv.Itoa(n))
	}
	return b.String()
}

// sqliteOptions are understood alike by both drivers, but for the cache sizes and secure_delete, for which each driver has its own name. WAL lets readers read while somebody writes; synchronous
// NORMAL loses no committed row to a killed process, and in WAL mode a power cut may undo the last commits but corrupts nothing
// (sqlite.org/pragma.html#pragma_synchronous). An immediate transaction takes the write lock at its start, where busy_timeout waits for
// it; one that turns from reading to writing cannot wait. The time format sorts as text. Each connection may keep 8 MB of the file, four
// times what is usual, since a page that it does not keep is a system call. Those of the driver with cgo keep the statements they have
// prepared, of which a login takes two dozen; the other driver has no such cache. secure_delete overwrites with zeros what is deleted, which
// would otherwise stay readable in the file (sqlite.org/pragma.html#pragma_secure_delete).
const sqliteOptions = "_busy_timeout=5000&_foreign_keys=on&_synchronous=NORMAL&_loc=UTC&_time_format=sqlite&_timezone=UTC&_cache_size=-8000&_pragma=cache_size(-8000)&_stmt_cache_size=100" +
	"&_secure_delete=on&_pragma=secure_delete(1)"

// patience is how long Open waits for a database that another process is starting on, or that does not answer.
const patience = 10 * time.Second

func openSQLite(path string, owned *scope.Names) (*gorm.DB, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a folder; set DATABASE_URL to another path, such as sqlite:%s", path, filepath.Join(path, "app.db"))
	}
	if err := makeFile(path); err != nil {
		return nil, fmt.Errorf("the database file %s cannot be made or written: %w; give the user that runs this program the right to, or set DATABASE_URL to another path", path, err)
	}
	// As a URI the name may hold any character but these three, which would end it.
	uri := "file:" + strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(filepath.Clean(path)) + "?" + sqliteOptions
	reads := utcConnector{Connector: sqliteConnector(uri + "&_query_only=on"), owned: owned}
	readers := max(4, runtime.NumCPU())
	p := &pool{
		first:  sql.OpenDB(reads),
		reader: sql.OpenDB(reads),
		turns:  newTurns(readers/2, maxWaitingLists),
		writer: sql.OpenDB(utcConnector{Connector: sqliteConnector(uri + "&_journal_mode=WAL&_txlock=immediate"), owned: owned}),
	}
	p.writer.SetMaxOpenConns(1)
	// A closed connection takes its prepared statements along.
	keepOpen(p.reader, readers)
	keepOpen(p.first, max(2, runtime.NumCPU()))
	if err := awaitSQLite(p); err != nil {
		p.Close()
		return nil, fmt.Errorf("opening %s: %w", path, explainSQLite(err))
	}
	dialector := sqliteDialector{sqlite.New(sqlite.Config{Conn: p}).(*sqlite.Dialector)}
	return openGORM(dialector, p, owned)
}

func keepOpen(db *sql.DB, connections int) {
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
}

// awaitSQLite opens the first connections. The writer's sets WAL mode, which needs the file alone for a moment and fails at
// once instead of waiting when another process is doing the same.
func awaitSQLite(p *pool) error {
	deadline := time.Now().Add(patience)
	for {
		err := p.writer.QueryRow("SELECT 1 FROM sqlite_master").Scan(new(int))
		if err == nil || errors.Is(err, sql.ErrNoRows) {
			return p.reader.Ping()
		}
		if sqliteCode(err)&0xff != sqliteBusy || time.Now().After(deadline) {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// makeFile makes the database's folder and file so that other users of the machine cannot read them: they hold addresses
// and password hashes. SQLite gives its -wal and -shm files the mode of the file.
func makeFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if mode := info.Mode().Perm(); mode&0o007 != 0 {
		if err := file.Chmod(mode &^ 0o007); err != nil {
			slog.Warn("database: every user of this machine can read the file; take that right away with chmod o-rwx", "file", path, "error", err)
		}
	}
	return file.Close()
}

type sqliteConnector string

func (c sqliteConnector) Connect(context.Context) (driver.Conn, error) {
	return c.Driver().Open(string(c))
}
func (c sqliteConnector) Driver() driver.Driver { return sqliteDriver() }

// SQLite's result codes, sqlite.org/rescode.html. The last three are extended codes.
const (
	sqliteBusy       = 5
	sqliteReadOnly   = 8
	sqliteCorrupt    = 11
	sqliteFull       = 13
	sqliteCantOpen   = 14
	sqliteNotADB     = 26
	sqliteForeignKey = 787
	sqliteCheck      = 275
	sqlitePrimaryKey = 1555
	sqliteUnique     = 2067
)

// sqliteDialector gives the errors of both SQLite drivers GORM's names; gorm.io/driver/sqlite knows those of one alone.
type sqliteDialector struct{ *sqlite.Dialector }

func (sqliteDialector) Translate(err error) error {
	switch sqliteCode(err) {
	case sqlitePrimaryKey, sqliteUnique:
		return fmt.Errorf("%w: %w", gorm.ErrDuplicatedKey, err)
	case sqliteForeignKey:
		return fmt.Errorf("%w: %w", gorm.ErrForeignKeyViolated, err)
	case sqliteCheck:
		return fmt.Errorf("%w: %w", gorm.ErrCheckConstraintViolated, err)
	}
	return explainSQLite(err)
}

// Explain is asked for the SQL that goes into the log.
func (sqliteDialector) Explain(sql string, _ ...any) string { return sql }

// explainSQLite adds to an error what can be done about it.
func explainSQLite(err error) error {
	switch sqliteCode(err) & 0xff {
	case sqliteBusy:
		return fmt.Errorf("another program holds the database locked; stop it or wait for it: %w", err)
	case sqliteReadOnly:
		return fmt.Errorf("the database cannot be written; check the rights of its file and its folder: %w", err)
	case sqliteCorrupt:
		return fmt.Errorf("the database file is damaged; restore it from a backup: %w", err)
	case sqliteFull:
		return fmt.Errorf("the disk with the database is full; make room on it: %w", err)
	case sqliteCantOpen:
		return fmt.Errorf("the database cannot be opened; check the rights of its file and its folder: %w", err)
	case sqliteNotADB:
		return fmt.Errorf("the file is not an SQLite database; set DATABASE_URL to another path or move the file away: %w", err)
	}
	return err
}

func openPostgres(config *pgx.ConnConfig, owned *scope.Names) (*gorm.DB, error) {
	config.RuntimeParams["timezone"] = "UTC"
	config.RuntimeParams["client_encoding"] = "UTF8" // a role or PGCLIENTENCODING may say otherwise
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = patience
	}
	named := config.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement
	connector := utcConnector{stdlib.GetConnector(*config), owned, !named}
	// Several servers share PostgreSQL's 100 connections; more than a few for each core only queue inside it.
	size := max(10, 4*runtime.NumCPU())
	db, first := openPool(connector, size), openPool(connector, 4)
	p := &pool{first: first, reader: db, writer: db, turns: newTurns(size/2, maxWaitingLists)}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := db.PingContext(ctx); err != nil {
		p.Close()
		return nil, explainPostgres(err)
	}
	if err := checkServer(ctx, db, named, owned); err != nil {
		p.Close()
		return nil, err
	}
	return openGORM(postgresDialector{postgres.New(postgres.Config{Conn: p}).(*postgres.Dialector)}, p, owned)
}

func openPool(connector driver.Connector, connections int) *sql.DB {
	db := sql.OpenDB(connector)
	keepOpen(db, connections)
	db.SetConnMaxIdleTime(5 * time.Minute)
	db.SetConnMaxLifetime(time.Hour) // so that a server behind a moved address is found again
	return db
}

// checkServer returns an error if the database cannot hold every character. In SQL_ASCII it would take any bytes, and in the others a
// name with a letter that the encoding lacks could not be saved. It warns of a pooler in front if statements are prepared by name.
func checkServer(ctx context.Context, db *sql.DB, named bool, owned *scope.Names) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return explainPostgres(err)
	}
	defer conn.Close()
	var encoding, schema string
	var serves, greeted uint32
	err = conn.QueryRowContext(ctx, "SELECT current_setting('server_encoding'), coalesce(current_schema(), 'public'), pg_backend_pid()", pgx.QueryExecModeExec).Scan(&encoding, &schema, &serves)
	if err != nil {
		return explainPostgres(err)
	}
	owned.Schemas = append(owned.Schemas, schema)
	if encoding != "UTF8" {
		return fmt.Errorf("the PostgreSQL database has the encoding %s and cannot hold all characters; make one with createdb --encoding=UTF8 --template=template0, load a pg_dump of this one into it, and set DATABASE_URL to it", encoding)
	}
	err = conn.Raw(func(driver any) error {
		greeted = driver.(utcConn).driverConn.(*stdlib.Conn).Conn().PgConn().PID()
		return nil
	})
	if err == nil && named && serves != greeted {
		slog.Warn("database: a connection pooler stands before PostgreSQL; if it pools by transaction, add default_query_exec_mode=exec to DATABASE_URL, or statements fail")
	}
	return err
}

type postgresDialector struct{ *postgres.Dialector }

// Explain is asked for the SQL that goes into the log.
func (postgresDialector) Explain(sql string, _ ...any) string { return sql }

// explainPostgres adds to an error of the first connection what can be done about it.
func explainPostgres(err error) error {
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &pg) && (pg.Code == "28P01" || pg.Code == "28000"):
		return fmt.Errorf("PostgreSQL refuses the user or the password in DATABASE_URL: %w", err)
	case errors.As(err, &pg) && pg.Code == "3D000":
		return fmt.Errorf("PostgreSQL has no such database; make it with createdb or correct DATABASE_URL: %w", err)
	case errors.As(err, &pg):
		return fmt.Errorf("PostgreSQL refuses the connection: %w", err)
	case strings.Contains(err.Error(), "tls"), strings.Contains(err.Error(), "TLS"):
		return fmt.Errorf("PostgreSQL cannot be reached over verified TLS; give it a certificate that this machine trusts, or on a private network add sslmode=disable to DATABASE_URL: %w", err)
	}
	return fmt.Errorf("PostgreSQL cannot be reached; check that it runs and that DATABASE_URL names its host and port: %w", err)
}

func openGORM(dialector gorm.Dialector, p *pool, owned *scope.Names) (*gorm.DB, error) {
	db, err := gorm.Open(dialector, &gorm.Config{
		Logger:                 statementLog{},
		NowFunc:                func() time.Time { return utc(time.Now()) },
		TranslateError:         true,
		SkipDefaultTransaction: true, // one statement is a transaction already
		QueryFields:            true, // a column added by a newer server does not void the plans that PostgreSQL keeps for SELECT *
		DisableAutomaticPing:   true,
	})
	if err == nil {
		err = errors.Join(scope.Install(db, owned.Tables), installQuotas(db), nameStatements(db))
	}
	if err != nil {
		p.Close()
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	return db, nil
}
