package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

// SessionFinder finds the actor of a session. Its statement runs in every
// request of a logged-in browser and is prepared once.
type SessionFinder struct {
	find          *sql.Stmt
	session, user [][]int // the fields of these structs, in the order of the statement
	sqlite        bool
}

// joinedColumn is a column of a table in which a user may have no row.
type joinedColumn struct {
	sql  string
	into any
}

// joinedColumns returns the columns of the tables in sessionJoins. The columns of
// sessions and users aren't listed: all of them are read.
func (a *Actor) joinedColumns() []joinedColumn {
	return []joinedColumn{
		{"coalesce(p.theme, '')", &a.Preferences.Theme},
		{"coalesce(p.language, '')", &a.Preferences.Language},
		{"coalesce(p.time_zone, '')", &a.Preferences.TimeZone},
		{"coalesce(pp.id, '')", &a.Picture}, // feature:profile_picture
		{userRoles, (*wordList)(&a.Roles)},
	}
}

func sessionJoins() []string {
	return []string{
		"JOIN users u ON u.id = s.user_id",
		"LEFT JOIN preferences p ON p.user_id = u.id",
		"LEFT JOIN profile_pictures pp ON pp.user_id = u.id", // feature:profile_picture
	}
}

// NewSessionFinder prepares the statement on a migrated database.
func NewSessionFinder(db *gorm.DB) (*SessionFinder, error) {
	f := &SessionFinder{sqlite: db.Name() == "sqlite"}
	session, sessionFields, err := columnsOf("s", &Session{})
	if err != nil {
		return nil, err
	}
	user, userFields, err := columnsOf("u", &User{})
	if err != nil {
		return nil, err
	}
	f.session, f.user = sessionFields, userFields
	columns := append(session, user...)
	for _, column := range new(Actor).joinedColumns() {
		columns = append(columns, column.sql)
	}
	f.find, err = Prepare(db, "SELECT "+strings.Join(columns, ", ")+" FROM sessions s "+strings.Join(sessionJoins(), " ")+
		" WHERE s.token_hash = ? AND s.expires_at > ? AND (s.remember OR s.last_seen_at > ?) AND u.disabled_at IS NULL")
	if err != nil {
		return nil, fmt.Errorf("prepare the session query: %w", err)
	}
	return f, nil
}

// columnsOf returns the columns of a model's table, which has this alias, and
// the indexes of their fields.
func columnsOf(alias string, model any) (columns []string, fields [][]int, err error) {
	parsed, err := schema.Parse(model, &sync.Map{}, schema.NamingStrategy{})
	if err != nil {
		return nil, nil, fmt.Errorf("read the columns of %T: %w", model, err)
	}
	for _, column := range parsed.DBNames {
		columns = append(columns, alias+`."`+column+`"`)
		fields = append(fields, parsed.FieldsByDBName[column].StructField.Index)
	}
	return columns, fields, nil
}

// Close closes the statement.
func (f *SessionFinder) Close() error { return f.find.Close() }

// Find returns the actor whose session has this hash of a token, without a
// client. A session that isn't remembered also ends when it wasn't seen since
// idleSince. found is false if there is no such session.
func (f *SessionFinder) Find(
	ctx context.Context, tokenHash []byte, now, idleSince time.Time,
) (actor Actor, found bool, err error) {
	if f.sqlite {
		// For a context that may end, the driver starts a goroutine for each
		// row, only to be able to interrupt a lookup of microseconds. That took
		// a third of the time of a dashboard.
		ctx = context.WithoutCancel(ctx)
	}
	err = f.find.QueryRowContext(ctx, tokenHash, now, idleSince).Scan(f.targets(&actor)...)
	if errors.Is(err, sql.ErrNoRows) {
		return Actor{}, false, nil
	}
	if err != nil {
		return Actor{}, false, fmt.Errorf("find the session: %w", err)
	}
	return actor, true, nil
}

// targets returns pointers to what the statement's columns are scanned into.
func (f *SessionFinder) targets(actor *Actor) []any {
	joined := actor.joinedColumns()
	targets := make([]any, 0, len(f.session)+len(f.user)+len(joined))
	session, user := reflect.ValueOf(&actor.Session).Elem(), reflect.ValueOf(&actor.User).Elem()
	for _, field := range f.session {
		targets = append(targets, session.FieldByIndex(field).Addr().Interface())
	}
	for _, field := range f.user {
		targets = append(targets, user.FieldByIndex(field).Addr().Interface())
	}
	for _, column := range joined {
		targets = append(targets, column.into)
	}
	return targets
}
