package models

import (
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
