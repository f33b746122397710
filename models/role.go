package models

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Permission names something that only some users may see or do:
// "reports.read".
type Permission string

// ErrForbidden means that the actor lacks a permission. It is answered with 403.
var ErrForbidden = errors.New("the actor lacks the permission")

// May reports whether one of the actor's roles has the permission. It is false
// for a visitor, whose actor is nil.
func (a *Actor) May(permission Permission) bool {
	return a != nil && slices.Contains(a.Permissions, permission)
}

// UserRole is a role that the operator has granted to a user. What it permits is
// in the code.
type UserRole struct {
	ID        string
	UserID    string
	Role      string
	CreatedAt time.Time
}

var userRoleTable = Table{
	Model: &UserRole{},
	Auth:  true,
	Bound: "the operator grants them: each role of the list once for each user",
	Says:  "The roles that the operator of this site gave you",
}

// GrantRole adds the row, and reports false if the user has the role already.
func GrantRole(tx *gorm.DB, role *UserRole) (added bool, err error) {
	done := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(role)
	return done.RowsAffected > 0, done.Error
}

// RevokeRole deletes the row, and reports false if the user lacks the role.
func RevokeRole(tx *gorm.DB, userID, role string) (deleted bool, err error) {
	done := tx.Where("user_id = ? AND role = ?", userID, role).Delete(&UserRole{})
	return done.RowsAffected > 0, done.Error
}

// userRoles is the column of a statement on users u with the user's roles. It
// costs no statement of its own, so a change holds from the next request on.
const userRoles = "coalesce((SELECT string_agg(r.role, ' ') FROM user_roles r WHERE r.user_id = u.id), '')"

// wordList scans a column of words that are separated by spaces.
type wordList []string

// Scan implements sql.Scanner.
func (w *wordList) Scan(value any) error {
	switch text := value.(type) {
	case string:
		*w = strings.Fields(text)
	case []byte:
		*w = strings.Fields(string(text))
	default:
		return fmt.Errorf("got a %T for a column of words, want text", value)
	}
	return nil
}
