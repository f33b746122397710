//go:build !cgo

package models

import (
	"database/sql/driver"
	"errors"

	"modernc.org/sqlite"
)

func sqliteDriver() driver.Driver { return &sqlite.Driver{} }

// sqliteCode returns SQLite's extended result code (sqlite.org/rescode.html), 0 where the error is not SQLite's.
func sqliteCode(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Code()
}
