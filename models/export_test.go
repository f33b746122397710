package models

import (
	"context"
	"errors"
	"time"

	"github.com/pressly/goose/v3"
	"gorm.io/gorm"

	"example.com/gatehouse/models/scope"
)

// MigrateDown takes every migration back.
func MigrateDown(ctx context.Context, db *gorm.DB) error {
	provider, err := newProvider(db)
	if err != nil {
		return err
	}
	_, err = provider.DownTo(scope.UnscopedContext(ctx), 0)
	return err
}

// MigrateOne applies the next migration and returns its file, "" if there is none.
func MigrateOne(ctx context.Context, db *gorm.DB) (file string, err error) {
	provider, err := newProvider(db)
	if err != nil {
		return "", err
	}
	result, err := provider.UpByOne(scope.UnscopedContext(ctx))
	if errors.Is(err, goose.ErrNoNextVersion) {
		return "", nil
	}
	if partial, ok := errors.AsType[*goose.PartialError](err); ok {
		result = partial.Failed
	}
	if result != nil && result.Source != nil {
		file = result.Source.Path
	}
	return file, err
}

// KnownMigrations returns how many files there are and the number of the newest.
func KnownMigrations(ctx context.Context, db *gorm.DB) (files int, newest int64, err error) {
	v, err := compareVersions(ctx, db)
	if err != nil {
		return 0, 0, err
	}
	return len(migrationsOf(db)), v.known, nil
}

// ListOf is list, with first, search and sort as a listing has them.
func ListOf[T any](db *gorm.DB, query Query, first string, search, sort []string) (List[T], error) {
	return ListRows[T](db, query, Listing{First: first, Search: search, Sort: sort})
}

// SlowListOf is ListOf, with a count to a billion before the rows are there.
func SlowListOf(db *gorm.DB) error {
	return inTurn(db, func(db *gorm.DB) error {
		return db.Raw("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000000000) SELECT count(*) FROM c").Scan(new(int)).Error
	})
}

// ListPatience sets how long a list may take and returns what that was.
func ListPatience(d time.Duration) (before time.Duration) {
	before, listPatience = listPatience, d
	return before
}

// ReadersInUse returns how many connections pages use, and how many there may be.
func ReadersInUse(db *gorm.DB) (inUse, most int) {
	stats := db.ConnPool.(*pool).reader.Stats()
	return stats.InUse, stats.MaxOpenConnections
}

// ListsOf returns how many lists of a user run or wait.
func ListsOf(db *gorm.DB, user *User) int {
	turns := db.ConnPool.(*pool).turns
	turns.mu.Lock()
	defer turns.mu.Unlock()
	if own := turns.users[user.ID]; own != nil {
		return own.calls
	}
	return 0
}

// FoldRune and CasesOf are foldRune and casesOf.
func FoldRune(r rune) rune  { return foldRune(r) }
func CasesOf(r rune) []rune { return casesOf(r) }

// ErrLogInUse is errLogInUse.
var ErrLogInUse = errLogInUse
