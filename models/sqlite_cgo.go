//go:build cgo

package models

import (
	"database/sql/driver"
	"errors"

	"github.com/mattn/go-sqlite3"
)

func sqliteDriver() driver.Driver {
	return &sqlite3.SQLiteDriver{ConnectHook: func(conn *sqlite3.SQLiteConn) error { return conn.RegisterFunc("holds", holds, true) }}
}

// sqliteCode returns SQLite's extended result code (sqlite.org/rescode.html), 0 where the error is not SQLite's.
func sqliteCode(err error) int {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return 0
	}
	return int(e.ExtendedCode)
}
