package models_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"sync"
	"testing"
	"time"

	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
	"github.com/google/uuid"
	"gorm.io/gorm"
)

func TestTwoHundredPeopleAtOnceNeverFindTheDatabaseLocked(t *testing.T) {
	db := modelstest.Open(t)
	find, err := models.Prepare(db, "SELECT s.id FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.token_hash = ?")
	must(t, err)
	defer find.Close()
	var people sync.WaitGroup
	faults := make(chan error, 200)
	for i := range 200 {
		people.Go(func() {
			if err := visit(db, find, fmt.Sprintf("person%d", i)); err != nil {
				faults <- err
			}
		})
	}
	people.Wait()
	close(faults)
	for err := range faults {
		t.Error(err)
	}
	var sessions int64
	must(t, db.Model(&models.Session{}).Count(&sessions).Error)
	if sessions != 200*5 {
		t.Errorf("there are %d sessions, want %d", sessions, 200*5)
	}
}

// visit writes with and without a transaction and reads between.
func visit(db *gorm.DB, find *sql.Stmt, name string) error {
	user := newUser(name)
	if err := db.Create(user).Error; err != nil {
		return err
	}
	for range 5 {
		session := newSession(user.ID, rand.Text())
		err := db.Transaction(func(tx *gorm.DB) error {
			if err := tx.Where("id = ?", user.ID).Take(&models.User{}).Error; err != nil {
				return err
			}
			return tx.Create(session).Error
		})
		if err != nil {
			return err
		}
		var id string
		if err := find.QueryRow(session.TokenHash).Scan(&id); err != nil {
			return fmt.Errorf("what was committed is not there: %w", err)
		}
		if err := db.Model(session).Where("id = ?", session.ID).Update("last_seen_at", time.Now()).Error; err != nil {
			return err
		}
	}
	return nil
}

func TestTwoProgramsOnOneDatabaseWaitForEachOther(t *testing.T) {
	databaseURL := modelstest.URL(t)
	var people sync.WaitGroup
	for program := range 2 {
		db := openURL(t, databaseURL)
		find, err := models.Prepare(db, "SELECT id FROM sessions WHERE token_hash = ?")
		must(t, err)
		for i := range 20 {
			people.Go(func() {
				if err := visit(db, find, fmt.Sprintf("person%dof%d", i, program)); err != nil {
					t.Error(err)
				}
			})
		}
	}
	people.Wait()
}

func TestACommitIsSeenByEveryReaderAtOnce(t *testing.T) {
	db := modelstest.Open(t)
	for i := range 50 {
		user := newUser(fmt.Sprintf("user%d", i))
		must(t, db.Transaction(func(tx *gorm.DB) error { return tx.Create(user).Error }))
		var readers sync.WaitGroup
		for range 8 {
			readers.Go(func() {
				if err := db.Where("id = ?", user.ID).Take(&models.User{}).Error; err != nil {
					t.Errorf("user %d: %v", i, err)
				}
			})
		}
		readers.Wait()
	}
}

func TestReadersNeitherWaitForAWriterNorSeeWhatItMayTakeBack(t *testing.T) {
	db := modelstest.Open(t)
	var n int64
	err := db.Transaction(func(tx *gorm.DB) error {
		must(t, tx.Create(newUser("ada")).Error)
		must(t, db.Model(&models.User{}).Count(&n).Error)
		return context.Canceled
	})
	if n != 0 || err == nil {
		t.Errorf("a reader sees %d users while the transaction runs", n)
	}
	must(t, db.Model(&models.User{}).Count(&n).Error)
	if n != 0 {
		t.Errorf("%d users are left of a transaction that was taken back", n)
	}
}

func TestAReaderCannotWrite(t *testing.T) {
	db := modelstest.SQLite(t)
	for _, write := range []string{"DELETE FROM users", "DROP TABLE outbox", "PRAGMA user_version = 5"} {
		stmt, err := models.Prepare(db, write)
		if err == nil {
			_, err = stmt.Exec()
			stmt.Close()
		}
		if err == nil {
			t.Errorf("a reader ran %s", write)
		}
	}
}

func TestStatementsThatWriteReachTheWriterHoweverTheyAreAsked(t *testing.T) {
	db := modelstest.Open(t)
	values := "VALUES (?, 1, '2026-01-02 03:04:05', '2026-01-02 03:04:05')"
	for i, query := range []string{
		"INSERT INTO limits (id, hits, open_at, ends_at) " + values + " RETURNING id",
		"\n\t insert into limits (id, hits, open_at, ends_at) " + values + " returning id",
		"/* why */ INSERT INTO limits (id, hits, open_at, ends_at) " + values + " RETURNING id",
		"-- why\nINSERT INTO limits (id, hits, open_at, ends_at) " + values + " RETURNING id",
		"WITH n AS (SELECT 1) INSERT INTO limits (id, hits, open_at, ends_at) " + values + " RETURNING id",
	} {
		want := fmt.Sprint("key", i)
		var scanned, row string
		must(t, db.Raw(query, want).Scan(&scanned).Error)
		must(t, db.Raw(query, want+"row").Row().Scan(&row))
		rows, err := db.Raw(query, want+"rows").Rows()
		must(t, err)
		for rows.Next() {
		}
		must(t, rows.Close())
		if scanned != want || row != want+"row" {
			t.Errorf("%s returns %q and %q", query, scanned, row)
		}
	}
	var n int64
	must(t, db.Raw("SELECT count(*) FROM limits").Scan(&n).Error)
	if n != 15 {
		t.Errorf("%d rows were written, want 15", n)
	}
	var hits int
	must(t, db.Raw("UPDATE limits SET hits = 2 WHERE id = ? RETURNING hits", "key0").Scan(&hits).Error)
	must(t, db.Raw("DELETE FROM limits WHERE id = ? RETURNING hits", "key0").Scan(&hits).Error)
	if hits != 2 {
		t.Errorf("the deleted row had %d hits", hits)
	}
}

func TestReadsOfAllShapesReachAReader(t *testing.T) {
	db := modelstest.SQLite(t)
	must(t, db.Transaction(func(*gorm.DB) error { // the one writer is taken: what waits for it fails here
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		for _, query := range []string{"SELECT 1", "\n  select\n1", "VALUES (1)", "SELECT(1)", "WITH n AS (SELECT 1) SELECT * FROM n"} {
			var n int
			if err := db.WithContext(ctx).Raw(query).Scan(&n).Error; err != nil || n != 1 {
				t.Errorf("%s gives %d, %v", query, n, err)
			}
		}
		return nil
	}))
}

func TestTimesOfAnyZoneComeBackEqualAndInUTC(t *testing.T) {
	for _, engine := range []struct {
		name string
		open func(testing.TB) *gorm.DB
	}{{"SQLite", modelstest.SQLite}, {"PostgreSQL", modelstest.Postgres}} {
		t.Run(engine.name, func(t *testing.T) {
			db := engine.open(t)
			for _, zone := range []*time.Location{time.UTC, time.FixedZone("east", 14*3600), time.FixedZone("west", -(9*3600 + 30*60)), time.Local} {
				// To the nanosecond, at an hour that is another day in other zones, and after time.Now's monotonic clock.
				for _, when := range []time.Time{time.Date(2026, 7, 1, 0, 30, 15, 123456789, zone), time.Date(2026, 12, 31, 23, 30, 0, 0, zone), time.Now().In(zone)} {
					checkTime(t, db, when)
				}
			}
		})
	}
}

// checkTime writes when in every way there is and reads it back in every way.
func checkTime(t *testing.T, db *gorm.DB, when time.Time) {
	t.Helper()
	const insert = "INSERT INTO limits (id, hits, open_at, ends_at) VALUES (?, 1, ?, ?)"
	limit := func() *models.Limit {
		return &models.Limit{ID: uuid.NewString(), Attempts: 1, OpenAt: when, EndsAt: when}
	}
	before := time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)
	writes := map[string]func(id string) error{
		"GORM":           func(id string) error { l := limit(); l.ID = id; return db.Create(l).Error },
		"raw SQL":        func(id string) error { return db.Exec(insert, id, when, when).Error },
		"a pointer":      func(id string) error { return db.Exec(insert, id, &when, &when).Error },
		"a sql.NullTime": func(id string) error { return db.Exec(insert, id, sql.NullTime{Time: when, Valid: true}, when).Error },
		"GORM's Update":  func(id string) error { return update(db, id, when, before) },
		"RETURNING":      func(id string) error { return db.Raw(insert+" RETURNING id", id, when, when).Scan(new(string)).Error },
		"database/sql":   func(id string) error { return writeBySQL(db, id, when) },
		"a transaction": func(id string) error {
			return db.Transaction(func(tx *gorm.DB) error { return tx.Exec(insert, id, when, &when).Error })
		},
		"GORM in the same": func(id string) error {
			return db.Transaction(func(tx *gorm.DB) error { l := limit(); l.ID = id; return tx.Create(l).Error })
		},
		"a nested one": func(id string) error {
			return db.Transaction(func(tx *gorm.DB) error {
				return tx.Transaction(func(tx *gorm.DB) error { return tx.Exec(insert, id, when, when).Error })
			})
		},
	}
	want := when.UTC().Truncate(time.Microsecond)
	prepared, err := models.Prepare(db, "SELECT open_at, ends_at FROM limits WHERE id = ? AND ends_at = ? AND ends_at < ? AND ends_at > ?")
	must(t, err)
	defer prepared.Close()
	for name, write := range writes {
		id := uuid.NewString()
		if err := write(id); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		later, earlier := when.Add(time.Microsecond), when.Add(-time.Microsecond)
		var byGORM, byRaw, inTransaction models.Limit
		var open, ends time.Time
		const where = "id = ? AND ends_at = ? AND ends_at < ? AND ends_at > ?"
		must(t, firstError(
			db.Where(where, id, when, later, earlier).Take(&byGORM).Error,
			db.Raw("SELECT * FROM limits WHERE "+where, id, when, &later, &earlier).Take(&byRaw).Error,
			db.Transaction(func(tx *gorm.DB) error {
				return tx.Raw("UPDATE limits SET hits = 2 WHERE "+where+" RETURNING id, open_at, ends_at", id, when, later, earlier).Take(&inTransaction).Error
			}),
			prepared.QueryRow(id, when, later, &earlier).Scan(&open, &ends),
		))
		for _, got := range []time.Time{byGORM.OpenAt, byGORM.EndsAt, byRaw.OpenAt, inTransaction.EndsAt, open, ends} {
			if got != want {
				t.Errorf("%s: %v was written as %v and came back as %v", name, when, want, got)
			}
		}
	}
}

func firstError(errs ...error) error {
	for i, err := range errs {
		if err != nil {
			return fmt.Errorf("reading in way %d: %w", i+1, err)
		}
	}
	return nil
}

func update(db *gorm.DB, id string, when, before time.Time) error {
	limit := &models.Limit{ID: id, OpenAt: before, EndsAt: before}
	if err := db.Create(limit).Error; err != nil {
		return err
	}
	return db.Model(limit).Where("id = ?", id).Updates(map[string]any{"open_at": when, "ends_at": &when}).Error
}

func writeBySQL(db *gorm.DB, id string, when time.Time) error {
	pool, err := db.DB()
	if err != nil {
		return err
	}
	query := "INSERT INTO limits (id, hits, open_at, ends_at) VALUES (?, 1, ?, ?)"
	if db.Name() == "postgres" {
		query = "INSERT INTO limits (id, hits, open_at, ends_at) VALUES ($1, 1, $2, $3)"
	}
	_, err = pool.Exec(query, id, when, &when)
	return err
}

func TestATimeThatIsMissingStaysMissing(t *testing.T) {
	db := modelstest.Open(t)
	ada := newUser("ada")
	must(t, db.Create(ada).Error)
	var missing *time.Time
	for _, value := range []any{nil, missing, sql.NullTime{}, (*sql.NullTime)(nil)} {
		must(t, db.Exec("UPDATE users SET disabled_at = ? WHERE id = ?", value, ada.ID).Error)
		var found models.User
		must(t, db.Where("id = ? AND disabled_at IS NULL", ada.ID).Take(&found).Error)
	}
}

func TestGORMsOwnClockIsInUTCAndMicroseconds(t *testing.T) {
	now := modelstest.Open(t).NowFunc()
	if now.Location() != time.UTC || now.Nanosecond()%1000 != 0 {
		t.Errorf("NowFunc returns %v", now)
	}
}

// BenchmarkPreparedLookup is what every request of a signed-in browser costs. Where "prepared" is not well below
// "as text", the driver prepares a prepared statement anew at each use.
func BenchmarkPreparedLookup(b *testing.B) {
	db := modelstest.Open(b)
	const people = 1000
	must(b, db.Transaction(func(tx *gorm.DB) error {
		for i := range people {
			user := newUser(fmt.Sprint("user", i))
			if err := firstError(tx.Create(user).Error, tx.Create(newSession(user.ID, fmt.Sprint("token", i))).Error); err != nil {
				return err
			}
		}
		return nil
	}))
	const query = `SELECT s.id, s.user_id, s.method, s.remember, s.ip, s.device, s.created_at, s.last_seen_at, s.expires_at, u.name, u.email
		FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.token_hash = ? AND s.expires_at > ? AND u.disabled_at IS NULL`
	prepared, err := models.Prepare(db, query)
	must(b, err)
	defer prepared.Close()
	for _, way := range []struct {
		name string
		find func(ctx context.Context, args ...any) *sql.Row
	}{
		{"prepared", prepared.QueryRowContext},
		{"as text", func(ctx context.Context, args ...any) *sql.Row { return db.WithContext(ctx).Raw(query, args...).Row() }},
	} {
		b.Run(way.name, func(b *testing.B) {
			b.ReportAllocs()
			now := time.Now()
			for i := 0; b.Loop(); i++ {
				var s models.Session
				var name, email string
				row := way.find(context.Background(), []byte(fmt.Sprint("token", i%people)), now)
				must(b, row.Scan(&s.ID, &s.UserID, &s.Method, &s.Remember, &s.IP, &s.Device, &s.CreatedAt, &s.LastSeenAt, &s.ExpiresAt, &name, &email))
			}
		})
	}
}
