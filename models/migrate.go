package models

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"github.com/pressly/goose/v3/lock"
	"gorm.io/gorm"

	"example.com/gatehouse/models/scope"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate applies what is missing of migrations/*.sql and returns how many files that were: 0 after one query where the
// database is current. Several processes may start at once; each file is applied by one of them, in a transaction of its own.
//
// A database whose last migration is newer than this program's is refused, since what the newer program expects of its
// rows is unknown here.
func Migrate(ctx context.Context, db *gorm.DB) (int, error) {
	applied := 0
	for attempt := 1; ; attempt++ {
		before, err := compareVersions(ctx, db)
		if err != nil {
			return applied, err
		}
		if before.newest > before.known {
			return applied, fmt.Errorf("the database is at migration %d and this program knows none after %d: start the newer program that made it, or restore a backup from before", before.newest, before.known)
		}
		if before.missing == 0 {
			return applied, nil
		}
		n, err := up(ctx, db)
		applied += n
		if err == nil {
			continue
		}
		// On SQLite nothing locks others out between goose's look at the versions and its transaction, so two starts may both
		// apply a file, and the second of them fails. It was the race and not the file if the database has moved on meanwhile.
		after, lookErr := compareVersions(ctx, db)
		busy := sqliteCode(err)&0xff == sqliteBusy && attempt < busyAttempts
		if lookErr != nil || after == before && !busy {
			return applied, fmt.Errorf("migrating the database: %w", err)
		}
	}
}

// busyAttempts times SQLite's busy_timeout of 5 seconds are two minutes, as long as a PostgreSQL server waits.
const busyAttempts = 24

// MigrationsCurrent says whether every migration that this program knows has been applied, by one query. One that is
// already ahead counts as current, so that a running server stays in service while a newer one starts beside it.
func MigrationsCurrent(ctx context.Context, db *gorm.DB) (bool, error) {
	v, err := compareVersions(ctx, db)
	return err == nil && v.missing == 0, err
}

// versions is what the database says against what the embedded files say.
type versions struct {
	known   int64 // the newest file
	newest  int64 // the newest version applied
	missing int   // files not applied
}

func compareVersions(ctx context.Context, db *gorm.DB) (versions, error) {
	applied, err := appliedVersions(ctx, db)
	if err != nil {
		return versions{}, fmt.Errorf("reading which migrations were applied: %w", err)
	}
	var v versions
	for version := range applied {
		v.newest = max(v.newest, version)
	}
	known, err := knownVersions(migrationsOf(db))
	for _, version := range known {
		v.known = max(v.known, version)
		if !applied[version] {
			v.missing++
		}
	}
	return v, err
}

// knownVersions lists the numbers of the files, in no order.
func knownVersions(files fs.FS) (known []int64, err error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		known = append(known, version)
	}
	return known, nil
}

// appliedVersions reads goose's table past GORM, for which a missing table would be worth a warning.
func appliedVersions(ctx context.Context, db *gorm.DB) (map[int64]bool, error) {
	applied := map[int64]bool{}
	rows, err := db.ConnPool.(*pool).first.QueryContext(ctx, "SELECT version_id FROM goose_db_version WHERE version_id > 0")
	if err != nil {
		if noSuchTable(err) {
			return applied, nil
		}
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var version int64
		if err := rows.Scan(&version); err != nil {
			return nil, err
		}
		applied[version] = true
	}
	return applied, rows.Err()
}

func noSuchTable(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "42P01"
	}
	return strings.Contains(err.Error(), "no such table")
}

func up(ctx context.Context, db *gorm.DB) (int, error) {
	provider, err := newProvider(db)
	if err != nil {
		return 0, err
	}
	if db.Name() == "postgres" {
		unlock, err := lockMigrations(ctx, db)
		if err != nil {
			return 0, err
		}
		defer unlock()
	}
	results, err := provider.Up(scope.UnscopedContext(ctx))
	var partial *goose.PartialError
	if errors.As(err, &partial) {
		results = partial.Applied
	}
	return len(results), err
}

// lockMigrations waits for up to two minutes until no other server migrates, and keeps others from it until unlock is called. The lock
// belongs to a transaction and not to the session as goose's own, so that it holds behind PgBouncer in transaction mode as well. Its
// number is goose's: servers of an earlier version respect it.
func lockMigrations(ctx context.Context, db *gorm.DB) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		tx, err := db.ConnPool.(*pool).writer.BeginTx(context.WithoutCancel(ctx), nil)
		if err != nil {
			return nil, err
		}
		unlock = func() { tx.Rollback() }
		var locked bool
		// The transaction is idle while the migrations run on another connection.
		_, err = tx.ExecContext(ctx, "SET LOCAL idle_in_transaction_session_timeout = 0")
		if err == nil {
			err = tx.QueryRowContext(ctx, "SELECT pg_try_advisory_xact_lock($1::bigint)", lock.DefaultLockID).Scan(&locked)
		}
		if err == nil && locked {
			return unlock, nil
		}
		unlock()
		if err != nil {
			return nil, fmt.Errorf("lock the migrations: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("another server is still migrating: %w", ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func newProvider(db *gorm.DB) (*goose.Provider, error) {
	files := migrationsOf(db)
	writer := db.ConnPool.(*pool).writer
	options := []goose.ProviderOption{
		goose.WithAllowOutofOrder(true), // of two branches the one with the lower number may be merged last
		goose.WithDisableGlobalRegistry(true),
	}
	if db.Name() == "postgres" {
		return goose.NewProvider(goose.DialectPostgres, writer, files, options...)
	}
	store, err := database.NewStore(database.DialectSQLite3, goose.DefaultTablename)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectCustom, writer, files, append(options, goose.WithStore(onceStore{store}))...)
}

// onceStore fails the transaction of a migration that another process has applied since goose looked, also where its statements
// would succeed a second time, such as those that change rows. On SQLite that transaction holds the lock for writing from its
// beginning, so what it reads here is the last word.
type onceStore struct{ database.Store }

func (s onceStore) Insert(ctx context.Context, db database.DBTxConn, req database.InsertRequest) error {
	_, err := s.GetMigration(ctx, db, req.Version)
	if err == nil {
		return fmt.Errorf("migration %d was applied by another process meanwhile", req.Version)
	}
	if !errors.Is(err, database.ErrVersionNotFound) {
		return err
	}
	return s.Store.Insert(ctx, db, req)
}
