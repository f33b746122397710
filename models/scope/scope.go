// Package scope limits statements on owned tables to the rows of one user.
// docs/data-boundary.md explains how.
//
// A handle from To replaces each owned table in a FROM or JOIN with a subquery
// for the owner's rows, and adds the owner to the rows that GORM inserts,
// updates, and deletes. Each time it writes the name of an owned table, it
// binds an argument of type Arg. The connection calls Names.Check, which
// refuses a statement with more names of owned tables than such arguments.
package scope

import (
	"context"
	"errors"
	"maps"

	"gorm.io/gorm"
)

// ErrUnscoped is returned for a statement on an owned table that was built with
// neither Scoped nor Unscoped. The statement does not reach the database.
var ErrUnscoped = errors.New("unscoped statement on an owned table")

// ErrForeignOwner is returned for a write that would give a row of an owned
// table to a user other than the handle's.
var ErrForeignOwner = errors.New("a row of an owned table belongs to the handle's user and cannot be given to another")

// To returns a handle on which the owned tables contain only the owner's rows.
// The scope is part of the handle's configuration. GORM copies it to every
// handle derived from this one, whatever its context, session, or transaction.
func To(db *gorm.DB, owner string) *gorm.DB {
	return with(db, handle{owner}, context.WithValue(db.Statement.Context, unscopedKey{}, false))
}

// Unscoped returns a handle that reaches the rows of all users. WithContext
// discards this, so call Unscoped after it.
func Unscoped(db *gorm.DB) *gorm.DB {
	return with(db, handle{}, UnscopedContext(db.Statement.Context))
}

// UnscopedContext returns a context whose statements reach the rows of all
// users. Use it for statements that do not run through GORM.
func UnscopedContext(ctx context.Context) context.Context {
	return context.WithValue(ctx, unscopedKey{}, true)
}

type unscopedKey struct{}

func isUnscoped(ctx context.Context) bool {
	unscoped, _ := ctx.Value(unscopedKey{}).(bool)
	return unscoped
}

// handle is the GORM plugin that stores the owner of a scoped handle.
type handle struct{ owner string }

func (handle) Name() string              { return "scope" }
func (handle) Initialize(*gorm.DB) error { return nil }

func with(db *gorm.DB, h handle, ctx context.Context) *gorm.DB {
	db = db.WithContext(ctx) // copies the configuration
	db.Plugins = maps.Clone(db.Plugins)
	db.Plugins[h.Name()] = h
	return db
}

// Owner returns the owner of a scoped handle, or "".
func Owner(db *gorm.DB) string {
	h, _ := db.Plugins[handle{}.Name()].(handle)
	return h.owner
}

// Arg is the owner's id as an argument of a statement. Only this package
// creates it, once for each time that it writes the name of a table.
type Arg struct{ table, owner string }
