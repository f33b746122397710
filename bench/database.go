package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"example.com/gatehouse/models"
)

// password is the password of all users.
const password = "a violet bicycle in the attic"

// fill creates a migrated database with users and one session each. The
// sessions of the last users, unseen in number, were last seen ten minutes ago,
// so their next request writes a row. The others count as seen for another
// hour, because those writes are measured separately.
func fill(ctx context.Context, databaseURL string, people, unseen int, passwordHash string) (err error) {
	db, err := models.Open(databaseURL, models.Tables())
	if err != nil {
		return err
	}
	defer func() {
		if closing := models.Close(db); err == nil {
			err = closing
		}
	}()
	if _, err := models.Migrate(ctx, db); err != nil {
		return err
	}
	// GORM would log these statements of a thousand rows as slow.
	db = db.Session(&gorm.Session{Context: ctx, Logger: logger.Discard})
	var indexes []string
	if db.Name() == "sqlite" {
		// Creating indexes afterwards is faster, and the database need not
		// survive a power cut.
		if indexes, err = dropIndexes(db); err != nil {
			return err
		}
	}
	const batch = 1000
	f := filling{passwordHash, time.Now().UTC().Truncate(time.Microsecond), people - unseen}
	for from := 0; from < people; from += 100 * batch {
		err = db.Transaction(func(tx *gorm.DB) error {
			for first := from; first < min(people, from+100*batch); first += batch {
				if err := f.insert(tx, first, min(people, first+batch)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("fill the database: %w", err)
		}
	}
	for _, statement := range indexes {
		if err := db.Exec(statement).Error; err != nil {
			return fmt.Errorf("create an index: %w", err)
		}
	}
	return nil
}

func dropIndexes(db *gorm.DB) (statements []string, err error) {
	var indexes []struct{ Name, SQL string }
	err = db.Raw("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name IN ('users', 'sessions') AND " +
		"sql IS NOT NULL").Scan(&indexes).Error
	if err != nil {
		return nil, fmt.Errorf("list the indexes: %w", err)
	}
	for _, statement := range []string{"PRAGMA synchronous = OFF", "PRAGMA cache_size = -300000",
		"PRAGMA foreign_keys = OFF"} {
		if err := db.Exec(statement).Error; err != nil {
			return nil, err
		}
	}
	for _, index := range indexes {
		if err := db.Exec("DROP INDEX " + index.Name).Error; err != nil {
			return nil, fmt.Errorf("drop an index: %w", err)
		}
		statements = append(statements, index.SQL)
	}
	return statements, nil
}

type filling struct {
	passwordHash string
	now          time.Time
	seen         int // users from this number on are unseen
}

// insert writes the users and sessions from number first up to end, which is
// excluded.
func (f filling) insert(tx *gorm.DB, first, end int) error {
	var users, sessions []any
	for i := first; i < end; i++ {
		user, session := uuid.Must(uuid.NewV7()).String(), uuid.Must(uuid.NewV7()).String()
		lastSeen := f.now.Add(time.Hour)
		if i >= f.seen {
			lastSeen = f.now.Add(-10 * time.Minute)
		}
		hash := sha256.Sum256([]byte(token(i)))
		users = append(users, user, fmt.Sprintf("Person %d", i), email(i), f.passwordHash, f.now.AddDate(0, -1, 0),
			f.now.AddDate(0, -1, 0))
		sessions = append(sessions, session, user, hash[:], "password", 1, false, "203.0.113.7", "Firefox on Linux",
			f.now, f.now, lastSeen, f.now.AddDate(0, 0, 7))
	}
	err := tx.Exec("INSERT INTO users (id, name, email, password_hash, created_at, updated_at) VALUES "+rows(end-first,
		6), users...).Error
	if err != nil {
		return err
	}
	return tx.Exec("INSERT INTO sessions (id, user_id, token_hash, method, aal, remember, ip, device, created_at, "+
		"authenticated_at, last_seen_at, expires_at) VALUES "+
		rows(end-first, 12), sessions...).Error
}

func rows(n, columns int) string {
	row := "(" + strings.TrimSuffix(strings.Repeat("?,", columns), ",") + ")"
	return strings.TrimSuffix(strings.Repeat(row+",", n), ",")
}

func email(i int) string { return fmt.Sprintf("person%d@bench.test", i) }

// token returns the session token of user i. It looks like one of the
// application's, but is computed from i.
func token(i int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "session of person %d", i))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
