package models

import (
	"slices"
	"sync"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"example.com/gatehouse/models/scope"
)

// Owned is embedded by the models of rows that belong to a user. Scoped fills it in.
type Owned struct {
	ID        string
	UserID    string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// authTables returns the tables that have a user_id and are not owned: package auth reads them before a user is logged
// in, and its queries name the user.
func authTables() []string {
	return []string{
		"sessions",
		"pending_logins",
		"known_devices",
		"password_resets",
		"security_alerts",
		"events",
		"profile_pictures", // feature:profile_picture
		"preferences",
		"email_changes",
		"former_emails",
		"authenticators", // feature:totp
		"account_deletions",
		"account_recoveries",
		"recovery_codes",  // feature:recovery_codes
		"mail_logins",     // feature:mail_login
		"passkey_owners",  // feature:passkeys
		"passkeys",        // feature:passkeys
		"trusted_devices", // feature:trusted_devices
		"accepted_terms",  // feature:terms
	}
}

// OwnedTables returns the tables that are reached through Scoped: each that has a user_id, except those of package auth.
func OwnedTables() []string { return slices.Clone(ownedTables()) }

var ownedTables = sync.OnceValue(func() []string {
	var names []string
	for _, model := range All() {
		parsed, err := schema.Parse(model, &sync.Map{}, schema.NamingStrategy{})
		if err == nil && parsed.FieldsByDBName["user_id"] != nil && !slices.Contains(authTables(), parsed.Table) {
			names = append(names, parsed.Table)
		}
	}
	return names
})

// The errors of statements on owned tables.
var (
	ErrUnscoped     = scope.ErrUnscoped
	ErrForeignOwner = scope.ErrForeignOwner
)

// Scoped returns a handle for which the owned tables hold the actor's rows and no others. What it reads, updates and
// deletes is the actor's, and so is what it creates. db may be a transaction. Another user's row is
// gorm.ErrRecordNotFound, like a row that does not exist.
//
// Raw SQL on an owned table returns ErrUnscoped, as it does through any handle but that of Unscoped.
func Scoped(db *gorm.DB, actor *Actor) *gorm.DB { return scope.To(db, actor.User.ID) }

// Unscoped returns a handle that reaches the rows of all users, for work that is done for no user, such as a cleanup. A
// test lists its callers. It is not GORM's method of that name, which includes deleted rows and stays within the scope.
func Unscoped(db *gorm.DB) *gorm.DB { return scope.Unscoped(db) }
