package models

import (
	"errors"

	"gorm.io/gorm"
)

// StatementError is the error of a statement. Its message names the statement,
// without the values in it.
type StatementError struct {
	SQL string
	Err error
}

func (e *StatementError) Error() string { return e.Err.Error() + " (" + e.SQL + ")" }

func (e *StatementError) Unwrap() error { return e.Err }

// nameStatements makes the errors of statements a StatementError. Otherwise a
// handler that asks for the wrong row would end in a bare "record not found".
func nameStatements(db *gorm.DB) error {
	name := func(db *gorm.DB) {
		if _, named := errors.AsType[*StatementError](db.Error); db.Error != nil && !named && db.Statement.SQL.Len() > 0 {
			db.Error = &StatementError{db.Statement.SQL.String(), db.Error}
		}
	}
	on := db.Callback()
	return errors.Join(
		on.Create().After("*").Register("statement:name", name),
		on.Query().After("*").Register("statement:name", name),
		on.Update().After("*").Register("statement:name", name),
		on.Delete().After("*").Register("statement:name", name),
		on.Row().After("*").Register("statement:name", name),
		on.Raw().After("*").Register("statement:name", name),
	)
}
