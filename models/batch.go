package models

import "gorm.io/gorm"

// BatchRows returns how many rows one transaction of the cleanup changes. On
// SQLite nothing else is written until it ends, and a row may hold a file or
// take other rows along. On PostgreSQL other writes go on, and each batch
// passes what earlier ones have deleted, so many small ones take long.
func BatchRows(db *gorm.DB) int {
	if db.Name() == "postgres" {
		return 5000
	}
	return 100
}

// InBatches runs a statement, a DELETE or an UPDATE, on the rows of a table for
// which a condition holds, and which it must no longer hold for afterwards. Each
// batch is a transaction of its own, so other writes wait for one batch at most.
// It returns how many rows it changed.
func InBatches(db *gorm.DB, statement, table, where string, args ...any) (int64, error) {
	rows, unlocked := BatchRows(db), ""
	if db.Name() == "postgres" {
		// A locked row is in use, or another server deletes it. Waiting for it
		// could hold up those who wait for this transaction.
		unlocked = " FOR UPDATE SKIP LOCKED"
	}
	query := statement + " WHERE id IN (SELECT id FROM " + table + " WHERE " + where + " LIMIT ?" + unlocked + ")"
	args = append(args, rows)
	for total := int64(0); ; {
		changed := db.Exec(query, args...)
		if changed.Error != nil {
			return total, changed.Error
		}
		total += changed.RowsAffected
		if changed.RowsAffected < int64(rows) {
			return total, nil
		}
	}
}
