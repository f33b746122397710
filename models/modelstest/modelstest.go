// Package modelstest gives each test its own migrated database, on the engine
// that TEST_DATABASE names.
package modelstest

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"example.com/gatehouse/models"
	"gorm.io/gorm"
)

// Open returns a migrated database for one test, and closes and deletes it at
// the test's end. It is a SQLite file, or with TEST_DATABASE=postgres a
// database in a PostgreSQL cluster that lives as long as the test process.
func Open(t testing.TB) *gorm.DB {
	t.Helper()
	return open(t, URL(t), models.Tables())
}

// OpenWith returns a database as Open does, with these tables and more
// migrations.
func OpenWith(t testing.TB, tables []models.Table, migrations ...fs.FS) *gorm.DB {
	t.Helper()
	db := open(t, URL(t), tables, migrations...)
	if _, err := models.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	return db
}

// URL returns the DATABASE_URL of such a database, for a test that opens it
// itself.
func URL(t testing.TB) string {
	t.Helper()
	if onPostgres() {
		return freshPostgres(t, "test_template")
	}
	return freshSQLite(t)
}

// EmptyURL returns the DATABASE_URL of a database without tables, for tests of
// migrations.
func EmptyURL(t testing.TB) string {
	t.Helper()
	if onPostgres() {
		return freshPostgres(t, "template0")
	}
	return "sqlite:" + filepath.Join(t.TempDir(), "test.db")
}

// SQLite returns a database as Open does, but always on SQLite, for tests that
// compare the engines.
func SQLite(t testing.TB) *gorm.DB {
	t.Helper()
	return open(t, freshSQLite(t), models.Tables())
}

// Postgres returns a database as Open does, but always on PostgreSQL. If
// PostgreSQL is not installed, it skips the test, or fails it if CI=true.
func Postgres(t testing.TB) *gorm.DB {
	t.Helper()
	return open(t, freshPostgres(t, "test_template"), models.Tables())
}

// PostgresURL returns a DATABASE_URL as URL does, but always on PostgreSQL.
func PostgresURL(t testing.TB) string {
	t.Helper()
	return freshPostgres(t, "test_template")
}

// PostgresIn returns the DATABASE_URL of a PostgreSQL database without tables,
// in the encoding.
func PostgresIn(t testing.TB, encoding string) string {
	t.Helper()
	return databaseIn(t, server(t), "TEMPLATE template0 LOCALE 'C' ENCODING '"+encoding+"'")
}

func onPostgres() bool { return os.Getenv("TEST_DATABASE") == "postgres" }

func freshSQLite(t testing.TB) string {
	t.Helper()
	migrated, err := sqliteTemplate()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "test.db")
	if err := os.WriteFile(path, migrated, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

// sqliteTemplate returns a migrated database file. It is created once for each
// test process and copied for each test.
var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "test-sqlite-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "template.db")
	if err := migrate("sqlite:" + path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

func migrate(databaseURL string) error {
	db, err := models.Open(databaseURL, models.Tables())
	if err != nil {
		return err
	}
	if _, err := models.Migrate(context.Background(), db); err != nil {
		models.Close(db)
		return fmt.Errorf("migrate the template of the test databases: %w", err)
	}
	return models.Close(db)
}

func open(t testing.TB, databaseURL string, tables []models.Table, migrations ...fs.FS) *gorm.DB {
	t.Helper()
	db, err := models.Open(databaseURL, tables, migrations...)
	if err != nil {
		t.Fatal(err)
	}
	models.LogTo(db, Log(t))
	t.Cleanup(func() {
		if err := models.Close(db); err != nil {
			t.Errorf("close the test's database: %v", err)
		}
	})
	return db
}
