package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// The attempts to empty the write-ahead log: a read that was under way must end
// in between. Together they take a second.
const (
	emptyLogAttempts = 20
	emptyLogWait     = 50 * time.Millisecond
)

// errLogInUse says that the write-ahead log could not be emptied.
var errLogInUse = errors.New("the write-ahead log is in use, so deleted rows stay in it until the next cleanup")

// EmptyLog writes SQLite's write-ahead log into the database file and empties
// it, so that rows which were deleted can't be read in it any more. Other reads
// and writes don't wait for it: where one is under way, it tries again later.
// On PostgreSQL there is nothing to do.
func EmptyLog(ctx context.Context, db *gorm.DB) error {
	if db.Name() != "sqlite" {
		return nil
	}
	for range emptyLogAttempts {
		emptied, err := emptyLog(ctx, db.ConnPool.(*pool).writer)
		if emptied || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(emptyLogWait):
		}
	}
	return errLogInUse
}

// emptyLog tries once. PASSIVE does the work and blocks no other statement; TRUNCATE then
// needs the log alone for a moment. With a busy timeout it would wait for readers
// while it holds the lock for writing (sqlite.org/pragma.html#pragma_wal_checkpoint).
func emptyLog(ctx context.Context, writer *sql.DB) (emptied bool, err error) {
	conn, err := writer.Conn(ctx)
	if err != nil {
		return false, fmt.Errorf("empty the write-ahead log: %w", err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "PRAGMA busy_timeout = 0"); err != nil {
		return false, fmt.Errorf("empty the write-ahead log: %w", err)
	}
	defer conn.ExecContext(context.WithoutCancel(ctx), "PRAGMA busy_timeout = 5000")
	var busy, pages, written int
	for _, mode := range []string{"PASSIVE", "TRUNCATE"} {
		err := conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint("+mode+")").Scan(&busy, &pages, &written)
		if err != nil && sqliteCode(err)&0xff != sqliteBusy {
			return false, fmt.Errorf("empty the write-ahead log: %w", err)
		}
		if err != nil {
			busy = 1
		}
	}
	return busy == 0, nil
}
