//go:build !cgo

package models

import (
	"database/sql/driver"
	"errors"

	"modernc.org/sqlite"
)

func sqliteDriver() driver.Driver {
	made := &sqlite.Driver{}
	made.MustRegisterDeterministicScalarFunction("holds", 2, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		words, _ := args[1].(string)
		return holds(args[0], words), nil
	})
	return made
}

// sqliteCode returns SQLite's extended result code (sqlite.org/rescode.html), 0 where the error is not SQLite's.
func sqliteCode(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Code()
}
