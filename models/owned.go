package models

import (
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/models/scope"
)

// Owned is embedded by the models of rows that belong to a user. Scoped fills it in.
type Owned struct {
	ID        string
	UserID    string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// The errors of statements on owned tables.
var (
	ErrUnscoped     = scope.ErrUnscoped
	ErrForeignOwner = scope.ErrForeignOwner
)

// Scoped returns a handle for which the owned tables hold the actor's rows and no others. What it reads, updates and
// deletes is the actor's, and so is what it creates. db may be a transaction. Another user's row is
// gorm.ErrRecordNotFound, like a row that does not exist.
//
// Raw SQL on an owned table returns ErrUnscoped, as it does through any handle but that of Unscoped.
func Scoped(db *gorm.DB, actor *Actor) *gorm.DB { return scope.To(db, actor.User.ID) }

// Unscoped returns a handle that reaches the rows of all users, for work that is done for no user, such as a cleanup. A
// test lists its callers. It is not GORM's method of that name, which includes deleted rows and stays within the scope.
func Unscoped(db *gorm.DB) *gorm.DB { return scope.Unscoped(db) }
