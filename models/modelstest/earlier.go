package modelstest

import (
	"bytes"
	"compress/gzip"
	"context"
	"embed"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// earlierFiles contain, for each engine, a database filled by an earlier
// version of the program, and the tokens and passwords of its users.
//
//go:embed earlier
var earlierFiles embed.FS

// Earlier returns the DATABASE_URL of a copy of the database that an earlier
// version filled, before any later migration, and a JSON text with the tokens
// and passwords of its users.
func Earlier(t testing.TB) (databaseURL string, known []byte) {
	t.Helper()
	engine := "sqlite"
	if onPostgres() {
		engine = "postgres"
		databaseURL = earlierPostgres(t)
	} else {
		databaseURL = earlierSQLite(t)
	}
	known, err := unpack(engine + ".json.gz")
	if err != nil {
		t.Fatal(err)
	}
	return databaseURL, known
}

func earlierSQLite(t testing.TB) string {
	t.Helper()
	content, err := unpackedSQLite()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "earlier.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

var unpackedSQLite = sync.OnceValues(func() ([]byte, error) { return unpack("sqlite.db.gz") })

func earlierPostgres(t testing.TB) string {
	t.Helper()
	server(t)
	if err := fillEarlierTemplate(); err != nil {
		t.Fatal(err)
	}
	return freshPostgres(t, earlierTemplate)
}

const earlierTemplate = "earlier_template"

// fillEarlierTemplate creates the database that each test gets a copy of.
var fillEarlierTemplate = sync.OnceValue(func() error {
	c, err := postgresCluster()
	if err != nil {
		return err
	}
	dump, err := unpack("postgres.sql.gz")
	if err != nil {
		return err
	}
	if _, err := c.admin.Exec("CREATE DATABASE " + earlierTemplate + " TEMPLATE template0"); err != nil {
		return fmt.Errorf("create the template of the earlier version: %w", err)
	}
	return c.run(context.Background(), earlierTemplate, string(dump))
})

func unpack(name string) ([]byte, error) {
	packed, err := earlierFiles.ReadFile("earlier/" + name)
	if err != nil {
		return nil, err
	}
	content, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", name, err)
	}
	return io.ReadAll(content)
}
