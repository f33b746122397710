// Package dsn parses DATABASE_URL. Package config reports its faults before
// anything starts, and package models opens the database.
package dsn

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Database is a parsed DATABASE_URL: a SQLite file or a PostgreSQL server.
type Database struct {
	File     string          // "" for PostgreSQL
	Postgres *pgx.ConnConfig // nil for SQLite
}

// Parse reads sqlite:path or postgres://user:password@host/name, and ignores
// space around it. The error says what to write and omits the password. A
// PostgreSQL server on another machine gets verified TLS unless the URL or
// PGSSLMODE has an sslmode.
func Parse(databaseURL string) (Database, error) {
	databaseURL = strings.TrimSpace(databaseURL)
	if path, ok := strings.CutPrefix(databaseURL, "sqlite:"); ok {
		return parseSQLite(strings.TrimPrefix(path, "//"))
	}
	if strings.HasPrefix(databaseURL, "postgres://") || strings.HasPrefix(databaseURL, "postgresql://") {
		return parsePostgres(databaseURL)
	}
	return Database{}, errors.New("DATABASE_URL must begin with sqlite:, postgres:// or postgresql://")
}

// shellWord matches text that a shell would replace: "~" or "~ada" at the
// beginning, $HOME, ${HOME}, and %APPDATA% anywhere. A settings file passes
// through no shell, so the path would name a new and empty database.
var shellWord = regexp.MustCompile(`^~[^/\\]*|\$[A-Za-z_]\w*|\$[{(].*|%[A-Za-z_]\w*%`)

func parseSQLite(path string) (Database, error) {
	word := shellWord.FindString(path)
	switch {
	case path == "" || strings.Contains(path, ":memory:"):
		return Database{}, errors.New("DATABASE_URL names no file: write sqlite: and a path, such as sqlite:data/app.db")
	case strings.ContainsRune(path, '?'):
		return Database{}, errors.New("DATABASE_URL takes no options after ? for SQLite: write sqlite: and a path, " +
			"such as sqlite:data/app.db")
	case strings.HasPrefix(path, "file:"):
		return Database{}, errors.New("DATABASE_URL has file: before the path: write sqlite: and the path alone, " +
			"such as sqlite:data/app.db")
	case word != "":
		return Database{}, fmt.Errorf("DATABASE_URL contains %s, which only a shell replaces: write the whole path, "+
			"such as sqlite:/var/lib/app/app.db", word)
	case strings.HasSuffix(path, "/") || filepath.Base(path) == "." || filepath.Base(path) == "..":
		return Database{}, errors.New("DATABASE_URL names a folder: add the name of a file, such as sqlite:data/app.db")
	case strings.ContainsAny(path[:1]+path[len(path)-1:], `"'`):
		return Database{}, errors.New("DATABASE_URL has quotation marks around the path: leave them out")
	case strings.ContainsFunc(path, unicode.IsControl):
		return Database{}, errors.New("DATABASE_URL has a line break or another control character in the path: leave " +
			"it out")
	}
	return Database{File: path}, nil
}

func parsePostgres(databaseURL string) (Database, error) {
	config, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return Database{}, unreadable(err)
	}
	if leavesTLSOpen(databaseURL) && slices.ContainsFunc(hosts(config), elsewhere) {
		// pgx would use TLS without verifying the certificate, and no TLS if
		// the server refuses it. An attacker between the machines could then
		// read everything (ASVS 5.0 V12.3.2).
		if config, err = pgx.ParseConfig(withVerifiedTLS(databaseURL)); err != nil {
			return Database{}, unreadable(err)
		}
	}
	return Database{Postgres: config}, nil
}

func unreadable(err error) error {
	return fmt.Errorf("DATABASE_URL cannot be read as postgres://user:password@host:5432/name: %w", err)
}

func leavesTLSOpen(databaseURL string) bool {
	u, err := url.Parse(databaseURL)
	return err == nil && !u.Query().Has("sslmode") && os.Getenv("PGSSLMODE") == ""
}

func withVerifiedTLS(databaseURL string) string {
	u, _ := url.Parse(databaseURL) // leavesTLSOpen has read it
	query := u.Query()
	query.Set("sslmode", "verify-full")
	u.RawQuery = query.Encode()
	return u.String()
}

// Hosts returns the names and addresses of the PostgreSQL servers, or the
// folders of their sockets. It returns nil for SQLite.
func (d Database) Hosts() (names []string) {
	if d.Postgres != nil {
		for _, at := range hosts(d.Postgres) {
			names = append(names, at.Host)
		}
	}
	return names
}

// hosts returns every connection that pgx may try. A URL can name several
// servers, and each mode of TLS adds one.
func hosts(config *pgx.ConnConfig) []*pgconn.FallbackConfig {
	first := &pgconn.FallbackConfig{Host: config.Host, Port: config.Port, TLSConfig: config.TLSConfig}
	return append([]*pgconn.FallbackConfig{first}, config.Fallbacks...)
}

func elsewhere(at *pgconn.FallbackConfig) bool {
	ip := net.ParseIP(at.Host)
	return !strings.HasPrefix(at.Host, "/") && at.Host != "localhost" && (ip == nil || !ip.IsLoopback())
}

// Unverified reports whether TLS to another machine would accept the
// certificate of an attacker (ASVS 5.0 V12.3.2). That is so with sslmode
// require, prefer, and allow, and with verify-ca and the public authorities,
// which issue certificates for any name. It does not report sslmode=disable,
// which has to be chosen explicitly.
func (d Database) Unverified() bool {
	return d.Postgres != nil && slices.ContainsFunc(hosts(d.Postgres), func(at *pgconn.FallbackConfig) bool {
		tls := at.TLSConfig
		return elsewhere(at) && tls != nil && tls.InsecureSkipVerify &&
			(tls.VerifyPeerCertificate == nil || tls.RootCAs == nil)
	})
}
