package models

import (
	"database/sql"
	"errors"
	"fmt"
	"reflect"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"example.com/gatehouse/models/scope"
)

// Quota bounds what one user holds of an owned table. The model's method Quota returns it.
type Quota struct {
	Rows   int    // that are not deleted; checked when rows are created
	Bytes  int64  // of Column, in rows that are not deleted; checked when rows are created or updated; 0 for any number
	Column string // "" if Bytes is 0
	Field  string // of the form, which the message is shown under
}

// hasQuota is a model of an owned table.
type hasQuota interface{ Quota() Quota }

// installQuotas has writes through Scoped keep to the quota of their table. The write and the count after it are one transaction, which
// locks the user on PostgreSQL and the database on SQLite, so that simultaneous requests do not exceed the quota together. Beyond it the
// error is an Invalid, and nothing is written.
func installQuotas(db *gorm.DB) error {
	create, update := db.Callback().Create(), db.Callback().Update()
	return errors.Join(
		create.Before("gorm:before_create").Register("quota:begin", func(db *gorm.DB) { beginQuota(db, true) }),
		create.After("gorm:create").Register("quota:end", func(db *gorm.DB) { endQuota(db, true) }),
		update.Before("gorm:before_update").Register("quota:begin", func(db *gorm.DB) { beginQuota(db, false) }),
		update.After("gorm:update").Register("quota:end", func(db *gorm.DB) { endQuota(db, false) }),
	)
}

// quotaOf returns the quota that a write has to keep to, if there is one. An
// update adds no row, so it takes no lock for a quota of rows alone: in the
// caller's transaction the lock could come after that of the row, and two of
// them could wait for each other.
func quotaOf(db *gorm.DB, created bool) (Quota, bool) {
	if db.Statement.Schema == nil || scope.Owner(db) == "" || db.DryRun {
		return Quota{}, false
	}
	model, ok := reflect.New(db.Statement.Schema.ModelType).Interface().(hasQuota)
	if !ok {
		return Quota{}, false
	}
	quota := model.Quota()
	return quota, created || quota.Bytes > 0
}

const quotaTx = "quota:tx"

func beginQuota(db *gorm.DB, created bool) {
	if _, ok := quotaOf(db, created); !ok || db.Error != nil {
		return
	}
	if outside, ok := db.Statement.ConnPool.(*pool); ok {
		// A hook that panics skips endQuota. The end of the request's context then
		// ends the transaction, which others would otherwise wait for until the
		// program ends.
		tx, err := outside.BeginTx(db.Statement.Context, nil)
		if db.AddError(err) != nil {
			return
		}
		db.Statement.ConnPool = tx
		db.InstanceSet(quotaTx, tx)
	}
	if db.Name() == "postgres" {
		inside := db.Session(&gorm.Session{NewDB: true})
		db.AddError(inside.Exec("SELECT 1 FROM users WHERE id = ? FOR NO KEY UPDATE", scope.Owner(db)).Error)
	}
}

func endQuota(db *gorm.DB, created bool) {
	if quota, ok := quotaOf(db, created); ok && db.Error == nil {
		db.AddError(quota.check(db, created))
	}
	begun, ok := db.InstanceGet(quotaTx)
	if !ok {
		return
	}
	tx := begun.(*sql.Tx)
	db.Statement.ConnPool = db.ConnPool
	if db.Error != nil {
		tx.Rollback()
		return
	}
	db.AddError(tx.Commit())
}

// check returns an Invalid if the user holds more than the quota.
func (q Quota) check(db *gorm.DB, created bool) error {
	bytes := "0"
	if q.Bytes > 0 {
		bytes = "coalesce(sum(octet_length(" + db.Statement.Quote(clause.Column{Table: db.Statement.Table, Name: q.Column}) + ")), 0)"
	}
	var held struct {
		RowCount int
		Bytes    int64
	}
	inside := db.Session(&gorm.Session{NewDB: true}).Model(reflect.New(db.Statement.Schema.ModelType).Interface())
	if err := inside.Select("count(*) AS row_count, " + bytes + " AS bytes").Scan(&held).Error; err != nil {
		return fmt.Errorf("count the rows of %s: %w", db.Statement.Table, err)
	}
	what := words(db.Statement.Table)
	switch {
	case created && q.Rows > 0 && held.RowCount > q.Rows:
		return Invalid{q.Field: fmt.Sprintf("You have %d %s, which is as many as an account can hold. Delete some, then try again.", q.Rows, what)}
	case q.Bytes > 0 && held.Bytes > q.Bytes:
		return Invalid{q.Field: fmt.Sprintf("Your %s take up the %d MB that an account can hold. Remove some, then try again.", what, q.Bytes>>20)}
	}
	return nil
}
