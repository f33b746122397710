package models

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// slowStatement is the time from which a statement is worth a line in the log.
const slowStatement = 200 * time.Millisecond

// statementLog is GORM's logger on slog, by default slog.Default: failed
// statements and slow ones, without the values in them, since those are addresses
// and hashes of tokens (ASVS 16.2.5). The dialectors' Explain methods see to that.
// Scan does not use the ParamsFilter that GORM offers for this.
type statementLog struct{ to *slog.Logger }

// LogTo makes the statements of db log to a logger other than slog.Default.
func LogTo(db *gorm.DB, log *slog.Logger) { db.Logger = statementLog{log} }

func (l statementLog) log() *slog.Logger { return cmp.Or(l.to, slog.Default()) }

func (l statementLog) LogMode(logger.LogLevel) logger.Interface { return l }

func (l statementLog) Info(ctx context.Context, format string, args ...any) {
	l.log().InfoContext(ctx, "database: "+fmt.Sprintf(format, args...))
}

func (l statementLog) Warn(ctx context.Context, format string, args ...any) {
	l.log().WarnContext(ctx, "database: "+fmt.Sprintf(format, args...))
}

func (l statementLog) Error(ctx context.Context, format string, args ...any) {
	l.log().WarnContext(ctx, "database: "+fmt.Sprintf(format, args...))
}

// Trace is called after each statement. Not finding a row is an answer, and a browser that went away is no fault of ours.
func (l statementLog) Trace(ctx context.Context, begin time.Time, statement func() (string, int64), err error) {
	took := time.Since(begin)
	switch {
	case err != nil && !errors.Is(err, gorm.ErrRecordNotFound) && !errors.Is(err, context.Canceled):
		sql, _ := statement()
		if named, ok := errors.AsType[*StatementError](err); ok {
			err = named.Err
		}
		l.log().WarnContext(ctx, "database: a statement failed", "error", withoutValues(err), "sql", sql, "took", took)
	case took >= slowStatement:
		sql, rows := statement()
		l.log().WarnContext(ctx, "database: a slow statement", "sql", sql, "rows", rows, "took", took)
	}
}

// withoutValues returns the message of an error without what may be a value: a driver that cannot convert a value quotes it,
// and so does PostgreSQL in the errors of its class 22 (data exceptions). Its other classes quote names alone.
func withoutValues(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && !strings.HasPrefix(pg.Code, "22") {
		return err.Error()
	}
	return quoted.ReplaceAllString(err.Error(), `"…"`)
}

// quoted is greedy, since a value may hold quotes itself.
var quoted = regexp.MustCompile(`(?s)".*"`)
