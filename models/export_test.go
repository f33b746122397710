package models

import (
	"context"

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

// KnownMigrations returns how many files there are and the number of the newest.
func KnownMigrations(ctx context.Context, db *gorm.DB) (files int, newest int64, err error) {
	v, err := compareVersions(ctx, db)
	if err != nil {
		return 0, 0, err
	}
	names, err := migrations.ReadDir("migrations")
	return len(names), v.known, err
}

// OpenWithOwned is Open with private tables of a test's own.
func OpenWithOwned(databaseURL string, tables ...string) (*gorm.DB, error) {
	return openOwned(databaseURL, tables)
}

// ListOf is list, with first, search and sort as a listing has them.
func ListOf[T any](db *gorm.DB, query Query, first string, search, sort []string) (List[T], error) {
	return list[T](db, query, listing{first: first, search: search, sort: sort})
}

// Found is found.
func Found(change *gorm.DB) error { return found(change) }
