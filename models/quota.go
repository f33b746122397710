package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"

	"gorm.io/gorm"

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
		create.Before("gorm:before_create").Register("quota:begin", beginQuota),
		create.After("gorm:create").Register("quota:end", func(db *gorm.DB) { endQuota(db, true) }),
		update.Before("gorm:before_update").Register("quota:begin", beginQuota),
		update.After("gorm:update").Register("quota:end", func(db *gorm.DB) { endQuota(db, false) }),
	)
}

func quotaOf(db *gorm.DB) (Quota, bool) {
	if db.Statement.Schema == nil || scope.Owner(db) == "" || db.DryRun {
		return Quota{}, false
	}
	model, ok := reflect.New(db.Statement.Schema.ModelType).Interface().(hasQuota)
	if !ok {
		return Quota{}, false
	}
	return model.Quota(), true
}

const quotaTx = "quota:tx"

func beginQuota(db *gorm.DB) {
	if _, ok := quotaOf(db); !ok || db.Error != nil {
		return
	}
	if outside, ok := db.Statement.ConnPool.(*pool); ok {
		tx, err := outside.BeginTx(context.WithoutCancel(db.Statement.Context), nil)
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
	if quota, ok := quotaOf(db); ok && db.Error == nil && (created || quota.Bytes > 0) {
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
		bytes = "coalesce(sum(octet_length(" + q.Column + ")), 0)"
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
