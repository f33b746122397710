package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"example.com/gatehouse/models/dsn"
)

// Backup writes a complete copy of the SQLite database into a new file that its
// owner alone can read. The program may be running. Freed pages, and what was
// deleted before secure_delete was on, are not in it.
func Backup(ctx context.Context, databaseURL, to string) error {
	path, err := sqliteFile(databaseURL, "pg_dump")
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("there is no database to back up: %w", err)
	}
	file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("the backup cannot be written: %w", err)
	}
	if err := file.Close(); err != nil {
		return err
	}
	db := plainSQLite(path)
	defer db.Close()
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", to); err != nil {
		return errors.Join(fmt.Errorf("back up %s: %w", path, explainSQLite(err)), os.Remove(to))
	}
	return syncFile(to)
}

// Restore puts a backup in the place of the SQLite database, and returns where
// the former one is kept, "" if there was none. It refuses a backup that is
// damaged, of another program or of a newer version, and a database that a
// running program has open. Until the last rename nothing has changed. Of
// migrations, only those of features are given.
func Restore(ctx context.Context, databaseURL, backup string, now time.Time, migrations ...fs.FS) (former string, err error) {
	path, err := sqliteFile(databaseURL, "pg_restore")
	if err != nil {
		return "", err
	}
	if info, err := os.Stat(backup + "-wal"); err == nil && info.Size() > 0 {
		return "", fmt.Errorf("%s has a log beside it (%s-wal): it is a copy of a database in use, not a backup. Make one with the command backup", backup, backup)
	}
	copied := path + ".restoring"
	if err := copyFile(backup, copied); err != nil {
		return "", fmt.Errorf("copy the backup: %w", err)
	}
	defer os.Remove(copied) // after the rename there is nothing to remove
	if err := checkBackup(ctx, copied, migrations); err != nil {
		return "", fmt.Errorf("%s cannot be restored: %w", backup, err)
	}
	if _, err := os.Stat(path); err == nil {
		release, err := holdAlone(ctx, path)
		if err != nil {
			return "", err
		}
		defer release()
		former = path + ".before-restore-" + now.UTC().Format("20060102-150405")
	}
	return former, replaceDatabase(path, former, copied)
}

func sqliteFile(databaseURL, otherwise string) (path string, err error) {
	named, err := dsn.Parse(databaseURL)
	if err == nil && named.Postgres != nil {
		err = fmt.Errorf("DATABASE_URL names a PostgreSQL database: use %s", otherwise)
	}
	return named.File, err
}

// plainSQLite opens a file as it is: it changes neither its journal mode nor
// anything else.
func plainSQLite(path string) *sql.DB {
	uri := "file:" + strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(filepath.Clean(path)) + "?mode=rw"
	db := sql.OpenDB(sqliteConnector(uri))
	db.SetMaxOpenConns(1)
	return db
}

// checkBackup returns why a file is no backup of this program's database.
func checkBackup(ctx context.Context, path string, migrations []fs.FS) (err error) {
	plain := plainSQLite(path)
	defer func() { err = errors.Join(err, plain.Close()) }()
	var found string
	if err := plain.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&found); err != nil {
		return explainSQLite(err)
	}
	if found != "ok" {
		return fmt.Errorf("the file is damaged: %s", found)
	}
	var newest int64
	err = plain.QueryRowContext(ctx, "SELECT max(version_id) FROM goose_db_version WHERE is_applied AND EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'users')").Scan(&newest)
	if err != nil || newest == 0 {
		return errors.New("it is not a database of this program")
	}
	files, err := collectMigrations(migrations)
	if err != nil {
		return err
	}
	known, err := knownVersions(files)
	if err == nil && newest > slices.Max(known) {
		err = fmt.Errorf("it is at migration %d and this program knows none after %d: start the newer program that made it", newest, slices.Max(known))
	}
	return err
}

// holdAlone returns an error if another program has the database open, even if
// that does nothing: each open connection in WAL mode holds a lock that leaving
// WAL mode needs alone (sqlite.org/wal.html). It writes the log into the file. A
// damaged file is held by nobody that could use it.
func holdAlone(ctx context.Context, path string) (release func() error, err error) {
	db := plainSQLite(path)
	for _, statement := range []string{"PRAGMA busy_timeout = 0", "PRAGMA journal_mode = DELETE", "BEGIN EXCLUSIVE"} {
		_, err := db.ExecContext(ctx, statement)
		switch sqliteCode(err) & 0xff {
		case sqliteBusy:
			return nil, errors.Join(fmt.Errorf("a running program has %s open: stop it first", path), db.Close())
		case sqliteCorrupt, sqliteNotADB:
			return db.Close, nil
		}
		if err != nil {
			return nil, errors.Join(explainSQLite(err), db.Close())
		}
	}
	return db.Close, nil
}

// replaceDatabase keeps the former database under its new name, with what is
// left of its log, and moves the other into its place. A log or a journal of
// another database would damage that. Under its own name there is one of the two at any moment.
func replaceDatabase(path, former, replacement string) error {
	for _, suffix := range []string{"-wal", "-shm", "-journal"} {
		var err error
		if former == "" {
			err = os.Remove(path + suffix)
		} else {
			err = os.Rename(path+suffix, former+suffix)
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("move the log of the former database aside: %w", err)
		}
	}
	if former != "" {
		if err := os.Link(path, former); err != nil {
			return fmt.Errorf("keep the former database: %w", err)
		}
	}
	if err := os.Rename(replacement, path); err != nil {
		return fmt.Errorf("move the backup into place: %w", err)
	}
	return syncFile(filepath.Dir(path))
}

func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Sync(), target.Close())
}

func syncFile(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
