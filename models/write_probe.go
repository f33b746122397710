package models

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// WriteProbe is the one row that readiness writes, to see that the database takes writes.
type WriteProbe struct {
	ID       string
	ProbedAt time.Time
}

var writeProbeTable = Table{Model: &WriteProbe{}, Bound: "one row"}

// ProbeWrite commits a row and returns an error if the database does not take it, such as on a full disk or a read-only standby. A
// database that is busy with another write until ctx ends takes writes, so that is no error.
func ProbeWrite(ctx context.Context, db *gorm.DB, now time.Time) error {
	p := db.ConnPool.(*pool)
	writer, mark := p.writer, "?"
	if db.Name() == "postgres" {
		writer, mark = p.first, "$1"
	}
	_, err := writer.ExecContext(ctx, "INSERT INTO write_probes (id, probed_at) VALUES ('readiness', "+mark+
		") ON CONFLICT (id) DO UPDATE SET probed_at = excluded.probed_at", now)
	if err == nil || errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil || sqliteCode(err)&0xff == sqliteBusy {
		return nil
	}
	return fmt.Errorf("the database takes no writes: %w", explainSQLite(err))
}
