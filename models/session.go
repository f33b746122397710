package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"example.com/gatehouse/config"
)

// Session is one signed-in browser. Its token is known to that browser alone; the row keeps the SHA-256 of it.
type Session struct {
	ID              string
	UserID          string
	TokenHash       []byte
	Method          string // how the person proved who they are: "password", "registration", "password totp"
	AAL             int    // how many factors they proved
	Remember        bool
	IP              string
	Device          string
	CreatedAt       time.Time
	AuthenticatedAt time.Time // when they last proved who they are
	LastSeenAt      time.Time // written at most once a minute
	ExpiresAt       time.Time // the absolute end; past where the session was ended
}

// SessionGrace is how long an ended session is kept, for users who leave a form
// open over a long weekend.
const SessionGrace = 7 * 24 * time.Hour

var sessionTable = Table{
	Model: &Session{},
	Auth:  true,
	Bound: "100 for each user, ended ones included. Beyond that, ended ones go first, then those not seen after " +
		"their first minute, then the least recently seen",
	Says:    "The devices that are logged in, and those that were until a week ago",
	Secrets: []string{"token_hash"},
	Expired: func(now time.Time, c config.Config) clause.Expr {
		// A session that the user ended is kept as long after it was last seen.
		ended := now.Add(-SessionGrace)
		return gorm.Expr("expires_at <= ? AND last_seen_at <= ? OR (NOT remember AND last_seen_at <= ?)",
			ended, ended, ended.Add(-c.SessionIdle))
	},
	Ahead: []Ahead{
		{Column: "expires_at", Where: "NOT remember", Setting: func(c config.Config) time.Duration { return c.SessionMax }},
		{Column: "expires_at", Where: "remember", Setting: func(c config.Config) time.Duration { return c.RememberMax }},
		{Column: "last_seen_at"},
	},
}

// sessionTables are read for it; a person need not have a row in those that are joined last.
func sessionTables() []string {
	return []string{
		"sessions s JOIN users u ON u.id = s.user_id",
		"LEFT JOIN preferences p ON p.user_id = u.id",
		"LEFT JOIN profile_pictures pp ON pp.user_id = u.id", // feature:profile_picture
	}
}

// sessionColumn is a column of the statement, and where its value goes.
type sessionColumn struct {
	name string
	into any
}

func (f *Actor) columns() []sessionColumn {
	s, u := &f.Session, &f.User
	return []sessionColumn{
		{"s.id", &s.ID}, {"s.user_id", &s.UserID}, {"s.method", &s.Method}, {"s.aal", &s.AAL}, {"s.remember", &s.Remember}, {"s.ip", &s.IP},
		{"s.device", &s.Device}, {"s.created_at", &s.CreatedAt}, {"s.authenticated_at", &s.AuthenticatedAt}, {"s.last_seen_at", &s.LastSeenAt}, {"s.expires_at", &s.ExpiresAt},
		{"u.name", &u.Name}, {"u.email", &u.Email}, {"u.password_hash", &u.PasswordHash}, {"u.created_at", &u.CreatedAt}, {"u.updated_at", &u.UpdatedAt},
		{"coalesce(p.theme, '')", &f.Preferences.Theme},
		{"coalesce(p.language, '')", &f.Preferences.Language},
		{"coalesce(p.time_zone, '')", &f.Preferences.TimeZone},
		{"coalesce(pp.id, '')", &f.Picture}, // feature:profile_picture
	}
}

// DeleteExcessSessions deletes what a user has beyond most sessions, but not the
// one with the id kept, and returns it. Sessions that have ended go first, then
// those that weren't seen after the minute in which they began, then those that
// weren't seen for longest. So neither a script that logs in each minute nor an
// attacker who floods logins pushes out a browser that is in use.
func DeleteExcessSessions(db *gorm.DB, userID, kept string, most int, now, idleSince time.Time) (deleted []Session, err error) {
	others := db.Model(&Session{}).Select("id").Where("user_id = ? AND id <> ?", userID, kept).Limit(most - 1).
		Order(clause.OrderBy{Expression: clause.Expr{
			SQL: `CASE WHEN expires_at > ? AND (remember OR last_seen_at > ?) THEN 0 ELSE 1 END,
				CASE WHEN last_seen_at > created_at THEN 0 ELSE 1 END, last_seen_at DESC, id DESC`,
			Vars: []any{now, idleSince}, WithoutParentheses: true,
		}})
	err = db.Clauses(clause.Returning{}).Where("user_id = ? AND id <> ? AND id NOT IN (?)", userID, kept, others).Delete(&deleted).Error
	return deleted, err
}

// SessionFinder runs the one statement that every request of a signed-in browser runs, prepared once.
type SessionFinder struct {
	find   *sql.Stmt
	sqlite bool
}

// NewSessionFinder prepares the statement on a migrated database.
func NewSessionFinder(db *gorm.DB) (*SessionFinder, error) {
	var names []string
	for _, column := range (&Actor{}).columns() {
		names = append(names, column.name)
	}
	find, err := Prepare(db, "SELECT "+strings.Join(names, ", ")+" FROM "+strings.Join(sessionTables(), " ")+
		" WHERE s.token_hash = ? AND s.expires_at > ? AND (s.remember OR s.last_seen_at > ?) AND u.disabled_at IS NULL")
	if err != nil {
		return nil, fmt.Errorf("prepare the session query: %w", err)
	}
	return &SessionFinder{find, db.Name() == "sqlite"}, nil
}

// Close lets go of the statement.
func (f *SessionFinder) Close() error { return f.find.Close() }

// Find returns the living session with a token's hash, and whose it is. A session that is not remembered also ends when it
// was not seen since idleSince. found is false where there is none.
func (f *SessionFinder) Find(ctx context.Context, tokenHash []byte, now, idleSince time.Time) (who Actor, found bool, err error) {
	if f.sqlite {
		// For a context that may end, the driver starts a goroutine for each row, which took a third of what a dashboard
		// costs, only to be able to interrupt a look-up of microseconds.
		ctx = context.WithoutCancel(ctx)
	}
	columns := who.columns()
	into := make([]any, len(columns))
	for i, column := range columns {
		into[i] = column.into
	}
	err = f.find.QueryRowContext(ctx, tokenHash, now, idleSince).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return Actor{}, false, nil
	}
	if err != nil {
		return Actor{}, false, fmt.Errorf("find the session: %w", err)
	}
	who.Session.TokenHash, who.User.ID = tokenHash, who.Session.UserID
	return who, true, nil
}

// FindSessionOwner returns the id of the user whose session a token's hash names, living or ended; gorm.ErrRecordNotFound where no
// row tells it any more.
func FindSessionOwner(db *gorm.DB, tokenHash []byte) (userID string, err error) {
	var session Session
	err = db.Joins("JOIN users ON users.id = sessions.user_id AND users.disabled_at IS NULL").
		Where("sessions.token_hash = ?", tokenHash).Take(&session).Error
	return session.UserID, err
}

// SessionsOf lists a user's living sessions, the one seen last first.
func SessionsOf(db *gorm.DB, user *User, now, idleSince time.Time) ([]Session, error) {
	var sessions []Session
	err := db.Where("user_id = ? AND expires_at > ? AND (remember OR last_seen_at > ?)", user.ID, now, idleSince).
		Order("last_seen_at DESC, id DESC").Find(&sessions).Error
	return sessions, err
}
