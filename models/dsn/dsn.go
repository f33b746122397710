// Package dsn reads DATABASE_URL: config names what is wrong with it before anything starts, models opens what it says.
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

// Database is what a DATABASE_URL says: a file of SQLite, or a PostgreSQL.
type Database struct {
	File     string          // "" where it is PostgreSQL
	Postgres *pgx.ConnConfig // nil where it is SQLite
}

// Parse reads sqlite:path or postgres://user:password@host/name. The error is a sentence that says what to write, and holds no
// password. PostgreSQL on another machine gets verified TLS where neither the address nor PGSSLMODE says anything of it. Space around
// the URL is ignored.
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

// shellWord is what a shell would replace: "~" or "~ada" at the beginning, $HOME, ${HOME} and %APPDATA% anywhere. Nothing between a
// settings file and this program does so, and the path would name a new and empty database.
var shellWord = regexp.MustCompile(`^~[^/\\]*|\$[A-Za-z_]\w*|\$[{(].*|%[A-Za-z_]\w*%`)

func parseSQLite(path string) (Database, error) {
	word := shellWord.FindString(path)
	switch {
	case path == "" || strings.Contains(path, ":memory:"):
		return Database{}, errors.New("DATABASE_URL names no file: write sqlite: and a path, such as sqlite:data/app.db")
	case strings.ContainsRune(path, '?'):
		return Database{}, errors.New("DATABASE_URL takes no options after ? for SQLite: write sqlite: and a path, such as sqlite:data/app.db")
	case strings.HasPrefix(path, "file:"):
		return Database{}, errors.New("DATABASE_URL has file: before the path: write sqlite: and the path alone, such as sqlite:data/app.db")
	case word != "":
		return Database{}, fmt.Errorf("DATABASE_URL contains %s, which only a shell replaces: write the whole path, such as sqlite:/var/lib/app/app.db", word)
	case strings.HasSuffix(path, "/") || filepath.Base(path) == "." || filepath.Base(path) == "..":
		return Database{}, errors.New("DATABASE_URL names a folder: add the name of a file, such as sqlite:data/app.db")
	case strings.ContainsAny(path[:1]+path[len(path)-1:], `"'`):
		return Database{}, errors.New("DATABASE_URL has quotation marks around the path: leave them out")
	case strings.ContainsFunc(path, unicode.IsControl):
		return Database{}, errors.New("DATABASE_URL has a line break or another control character in the path: leave it out")
	}
	return Database{File: path}, nil
}

func parsePostgres(databaseURL string) (Database, error) {
	config, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return Database{}, unreadable(err)
	}
	if leavesTLSOpen(databaseURL) && slices.ContainsFunc(hosts(config), elsewhere) {
		// pgx would take TLS without looking at the certificate, and no TLS where it is refused, so whoever stands between
		// could read everything (ASVS 12.3).
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
// folders of their sockets, and nothing for SQLite.
func (d Database) Hosts() (names []string) {
	if d.Postgres != nil {
		for _, at := range hosts(d.Postgres) {
			names = append(names, at.Host)
		}
	}
	return names
}

// hosts are all that may be connected to: an address can name several, and each way to speak TLS is one more.
func hosts(config *pgx.ConnConfig) []*pgconn.FallbackConfig {
	first := &pgconn.FallbackConfig{Host: config.Host, Port: config.Port, TLSConfig: config.TLSConfig}
	return append([]*pgconn.FallbackConfig{first}, config.Fallbacks...)
}

func elsewhere(at *pgconn.FallbackConfig) bool {
	ip := net.ParseIP(at.Host)
	return !strings.HasPrefix(at.Host, "/") && at.Host != "localhost" && (ip == nil || !ip.IsLoopback())
}

// Unverified says whether TLS to another machine would be spoken with whoever answers (ASVS 12.3): sslmode is require, prefer or
// allow, or it is verify-ca with every authority of the web, any of which vouches for any name. No TLS at all has to be asked for by
// that word, disable, and is no matter of this one.
func (d Database) Unverified() bool {
	return d.Postgres != nil && slices.ContainsFunc(hosts(d.Postgres), func(at *pgconn.FallbackConfig) bool {
		tls := at.TLSConfig
		return elsewhere(at) && tls != nil && tls.InsecureSkipVerify && (tls.VerifyPeerCertificate == nil || tls.RootCAs == nil)
	})
}
