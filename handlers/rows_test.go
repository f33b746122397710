package handlers_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/models"
)

// events are the names in the security log, in order.
func (s *stage) events() (names []string) {
	s.t.Helper()
	if err := s.db.Model(&models.Event{}).Order("at, id").Pluck("name", &names).Error; err != nil {
		s.t.Fatal(err)
	}
	return names
}

// records fails where the security log lacks one of these events.
func (s *stage) records(names ...string) {
	s.t.Helper()
	log := s.events()
	for _, name := range names {
		if !slices.Contains(log, name) {
			s.t.Errorf("%s is not on record, but %v", name, log)
		}
	}
}

// count is how many rows a table has.
func (s *stage) count(table, where string, args ...any) (n int64) {
	s.t.Helper()
	if err := models.Unscoped(s.db).Table(table).Where(where, args...).Count(&n).Error; err != nil {
		s.t.Fatal(err)
	}
	return n
}

// hits sets what everybody has used up of a rule.
func (s *stage) hits(rule string, n int) {
	s.t.Helper()
	s.exec("UPDATE limits SET hits = ? WHERE id LIKE ?", n, rule+":%")
}

// exec changes rows behind the application's back.
func (s *stage) exec(statement string, args ...any) {
	s.t.Helper()
	if done := s.db.Exec(statement, args...); done.Error != nil || done.RowsAffected == 0 {
		s.t.Fatalf("%s: changed %d rows (%v)", statement, done.RowsAffected, done.Error)
	}
}

// sweep runs cleanup twice, since it removes what it has found ended once before.
func (s *stage) cleanup(ctx context.Context) error {
	return cmp.Or(s.auth.Cleanup(ctx), s.auth.Cleanup(ctx))
}

// mailIsSent waits until the worker has nothing left to write down. A mail of folded alerts waits for its time.
func (s *stage) mailIsSent() {
	s.t.Helper()
	for range 500 {
		if s.count("outbox", "done_at IS NULL AND failed_at IS NULL AND kind <> 'more_alerts'") == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.t.Fatal("there is still mail waiting")
}

// tables is everything in the database, as text, by table: for laws about what is stored and what changes.
func (s *stage) tables() map[string]string {
	s.t.Helper()
	dump := map[string]string{}
	for _, model := range models.All() {
		stmt := &gorm.Statement{DB: s.db}
		if err := stmt.Parse(model); err != nil {
			s.t.Fatal(err)
		}
		dump[stmt.Table] = s.rows(stmt.Table, "1 = 1")
	}
	return dump
}

// changed lists the tables that are not as they were.
func (s *stage) changed(before map[string]string) (tables []string) {
	s.t.Helper()
	for table, rows := range s.tables() {
		if rows != before[table] {
			tables = append(tables, table)
		}
	}
	return tables
}

// rows are a table's rows, as text.
func (s *stage) rows(table, where string, args ...any) string {
	s.t.Helper()
	var rows []map[string]any
	if err := models.Unscoped(s.db).Table(table).Where(where, args...).Order("id").Find(&rows).Error; err != nil {
		s.t.Fatal(err)
	}
	var text strings.Builder
	for _, row := range rows {
		for _, column := range slices.Sorted(maps.Keys(row)) {
			fmt.Fprintf(&text, "%s=%s ", column, textOf(row[column]))
		}
		text.WriteByte('\n')
	}
	return text.String()
}

// textOf returns a column's value as text.
func textOf(column any) string {
	value := reflect.ValueOf(column)
	for value.Kind() == reflect.Pointer || value.Kind() == reflect.Interface {
		value = value.Elem()
	}
	return fmt.Sprintf("%+q", fmt.Sprint(value))
}

// atOnce is atOnce with nobody let through to write before all have read what there was, so that each decides on what the others
// are about to change.
func (s *stage) atOnce(n int, work func(i int)) {
	s.t.Helper()
	s.overtaken(func() { atOnce(n, work) }, func(*gorm.DB) error { return nil })
}

// overtaken runs work, and a change that comes before the first thing that work writes and after all that it reads until then.
func (s *stage) overtaken(work func(), by func(tx *gorm.DB) error) {
	s.t.Helper()
	pool, err := s.db.DB()
	if err != nil {
		s.t.Fatal(err)
	}
	var done sync.WaitGroup
	quiet, before := 100*time.Millisecond, s.counted.begun.Load()+pool.Stats().WaitCount
	err = s.db.Transaction(func(tx *gorm.DB) error {
		if tx.Name() == "postgres" { // elsewhere there is one writer, which this transaction is
			quiet = 500 * time.Millisecond // each of them opens a connection first
			if err := tx.Exec("LOCK TABLE users, registrations IN EXCLUSIVE MODE").Error; err != nil {
				return err
			}
		}
		done.Go(work)
		seen, patience := before, 5*time.Second // until work begins, which a busy machine takes its time for
		for since := time.Now(); time.Since(since) < patience; time.Sleep(5 * time.Millisecond) {
			now := s.counted.begun.Load() + pool.Stats().WaitCount
			if now != seen || patience > quiet && pool.Stats().InUse > 1 {
				seen, since, patience = now, time.Now(), quiet
			}
		}
		return by(tx)
	})
	if err != nil {
		s.t.Fatal(err)
	}
	done.Wait()
}

// failing does work while nobody's row can be locked, as where the disk fails.
func (s *stage) failing(work func()) {
	s.t.Helper()
	const name = "failing"
	err := s.db.Callback().Query().Before("gorm:query").Register(name, func(db *gorm.DB) {
		if _, locks := db.Statement.Clauses["FOR"]; locks {
			_ = db.AddError(errors.New("disk I/O error"))
		}
	})
	if err != nil {
		s.t.Fatal(err)
	}
	work()
	if err := s.db.Callback().Query().Remove(name); err != nil {
		s.t.Fatal(err)
	}
}

// atOnce runs work n times simultaneously.
func atOnce(n int, work func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			work(i)
		})
	}
	close(start)
	all.Wait()
}

// cleanups lets a week pass, after which a deleted account goes and a used link
// is forgotten, and runs the cleanup.
func (s *stage) cleanups() {
	s.t.Helper()
	s.clock.passes(7 * 24 * time.Hour)
	if err := s.cleanup(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}
