package models

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
)

// Private is embedded by the models of what belongs to one person. For fills it in.
type Private struct {
	ID        string
	UserID    string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// authTables have an owner too and are not private: the verbs of auth read them before anybody is signed in, and after.
func authTables() []string {
	return []string{
		"sessions",
		"sign_ins",
		"known_devices",
		"password_resets",
		"security_alerts",
		"events",
		"profile_pictures",   // feature:profile_picture
		"preferences",        // feature:preferences
		"email_changes",      // feature:email_change
		"former_emails",      // feature:email_change
		"authenticators",     // feature:totp
		"account_deletions",  // feature:account_deletion
		"account_recoveries", // feature:account_recovery
		"recovery_codes",     // feature:recovery_codes
		"mail_logins",        // feature:mail_login
		"passkey_owners",     // feature:passkeys
		"passkeys",           // feature:passkeys
		"trusted_devices",    // feature:trusted_devices
		"accepted_terms",     // feature:terms
	}
}

// PrivateTables lists the tables behind the door: each that has an owner, unless it is auth's own. A new table is private
// because it has a user_id; nobody has to remember it.
func PrivateTables() []string { return slices.Clone(privateTables()) }

var privateTables = sync.OnceValue(func() []string {
	var names []string
	for _, model := range All() {
		parsed, err := schema.Parse(model, &sync.Map{}, schema.NamingStrategy{})
		if err == nil && parsed.FieldsByDBName["user_id"] != nil && !slices.Contains(authTables(), parsed.Table) {
			names = append(names, parsed.Table)
		}
	}
	return names
})

// ErrRoundTheDoor is what a statement meets that would read or write a private table and is neither held to an owner by For
// nor sent through AsSystem. The statement does not reach the database.
var ErrRoundTheDoor = errors.New("a statement goes round the door to the private tables")

// ErrForeignOwner is the refusal to give a row to somebody else than the user of the handle.
var ErrForeignOwner = errors.New("a row of a private table belongs to the user of the handle and stays theirs")

type doorKey struct{}

// door says in a context how private tables may be reached.
type door struct {
	owner  string // "" for nobody in particular
	system bool
}

func doorOf(ctx context.Context) door {
	d, _ := ctx.Value(doorKey{}).(door)
	return d
}

// For returns a handle for which the private tables hold the user's rows and no others: whatever is asked of it reads, changes
// and deletes these alone, and what it creates is the user's. db may be a transaction. A row of somebody else is
// gorm.ErrRecordNotFound, as one that never was.
//
// Each mention of a private table in a statement has to be held to its owner: a subquery comes from a handle of For as well,
// a join of two private tables is written as one, and raw SQL is refused with ErrRoundTheDoor.
func For(db *gorm.DB, user *User) *gorm.DB {
	return db.WithContext(context.WithValue(db.Statement.Context, doorKey{}, door{owner: user.ID}))
}

// AsSystem returns a handle that reaches everybody's rows, for what is done on nobody's behalf, such as a sweep. A law lists
// who may call it.
func AsSystem(db *gorm.DB) *gorm.DB { return db.WithContext(asSystem(db.Statement.Context)) }

func asSystem(ctx context.Context) context.Context {
	return context.WithValue(ctx, doorKey{}, door{system: true})
}

// proof is an owner's id where a statement holds a private table to it. It is bound by the door alone, and the connection
// counts: as many proofs as mentions of the table, or the statement is refused.
type proof struct{ table, owner string }

// admit refuses a statement that mentions a private table and is not held to an owner each time. It looks at the proofs among its
// arguments and turns them into what the database understands.
func admit(ctx context.Context, tables []string, query string, args []driver.NamedValue) error {
	var proven []string
	for i, arg := range args {
		if p, ok := arg.Value.(proof); ok {
			args[i].Value = p.owner
			proven = append(proven, p.table)
		}
	}
	if !mentions(query, tables) || doorOf(ctx).system {
		return nil
	}
	found, err := tablesIn(query, tables)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRoundTheDoor, err)
	}
	for _, table := range found {
		i := slices.Index(proven, table)
		if i < 0 {
			return fmt.Errorf("%w: %s is reached through models.For(db, user), or on nobody's behalf through models.AsSystem(db)", ErrRoundTheDoor, table)
		}
		proven = slices.Delete(proven, i, i+1)
	}
	return nil
}

// guard makes GORM hold its statements on private tables to the owner in their context. It does so where the text of each
// clause is written, after everything that a caller, a hook or GORM itself may have added.
func guard(db *gorm.DB, tables []string) error {
	owner := func(b clause.Builder) (*gorm.Statement, string) {
		stmt, ok := b.(*gorm.Statement)
		if !ok || !slices.Contains(tables, stmt.Table) {
			return nil, ""
		}
		return stmt, doorOf(stmt.Context).owner
	}
	for name, build := range map[string]func(*gorm.Statement, clause.Clause, string){
		"WHERE": buildWhere, "VALUES": buildValues, "SET": buildSet, "ON CONFLICT": buildOnConflict,
	} {
		db.ClauseBuilders[name] = func(c clause.Clause, b clause.Builder) {
			if stmt, owner := owner(b); owner != "" {
				build(stmt, c, owner)
				return
			}
			c.Build(b)
		}
	}
	each := func(do func(*gorm.Statement, string)) func(*gorm.DB) {
		return func(db *gorm.DB) {
			if stmt, owner := owner(db.Statement); owner != "" && db.Error == nil {
				do(stmt, owner)
			}
		}
	}
	callbacks := db.Callback()
	return errors.Join(
		callbacks.Query().Before("gorm:query").Register("private:where", each(addWhere)),
		callbacks.Row().Before("gorm:row").Register("private:where", each(addWhere)),
		callbacks.Create().Before("gorm:before_create").Register("private:stamp", each(stamp)),
		callbacks.Create().After("gorm:create").Register("private:conflict", each(findConflict)),
	)
}

// addWhere gives a query a WHERE, since buildWhere is not asked where there is none. Updates and deletes without one are
// left to GORM, which refuses them.
func addWhere(stmt *gorm.Statement, _ string) {
	if _, ok := stmt.Clauses["WHERE"]; !ok {
		stmt.Clauses["WHERE"] = clause.Clause{Name: "WHERE"}
	}
}

// buildWhere puts the caller's conditions in parentheses behind the owner's, so that none of them can widen it: neither an OR, nor
// a closing parenthesis in text that should never have been pasted into SQL.
func buildWhere(stmt *gorm.Statement, c clause.Clause, owner string) {
	stmt.WriteString("WHERE ")
	clause.Eq{Column: clause.Column{Table: stmt.Table, Name: "user_id"}, Value: proof{stmt.Table, owner}}.Build(stmt)
	if c.Expression == nil {
		return
	}
	stmt.WriteString(" AND (")
	start := stmt.SQL.Len()
	c.Expression.Build(stmt)
	if !balanced(stmt.SQL.String()[start:]) {
		stmt.AddError(fmt.Errorf("%w: the conditions leave their parentheses", ErrRoundTheDoor))
	}
	stmt.WriteByte(')')
}

// buildValues makes every new row the owner's.
func buildValues(stmt *gorm.Statement, c clause.Clause, owner string) {
	values, ok := c.Expression.(clause.Values)
	if !ok {
		stmt.AddError(ErrRoundTheDoor)
		return
	}
	at := slices.IndexFunc(values.Columns, func(c clause.Column) bool { return c.Name == "user_id" })
	if at < 0 {
		at = len(values.Columns)
		values.Columns = append(values.Columns, clause.Column{Name: "user_id"})
	}
	for i, row := range values.Values {
		if at == len(row) {
			row = append(row, owner)
		}
		if row[at] != "" && row[at] != owner {
			stmt.AddError(ErrForeignOwner)
			return
		}
		row[at] = owner
		if i == 0 {
			row[at] = proof{stmt.Table, owner} // the statement names its table once, however many rows it has
		}
		values.Values[i] = row
	}
	values.Build(stmt)
}

// buildSet leaves the owner out of what is changed.
func buildSet(stmt *gorm.Statement, c clause.Clause, owner string) {
	set, ok := c.Expression.(clause.Set)
	if !ok {
		stmt.AddError(ErrRoundTheDoor)
		return
	}
	stmt.WriteString("SET ")
	withoutOwner(stmt, set, owner).Build(stmt)
}

// buildOnConflict lets an upsert change the owner's rows alone; findConflict tells of the others.
func buildOnConflict(stmt *gorm.Statement, c clause.Clause, owner string) {
	conflict, ok := c.Expression.(clause.OnConflict)
	if !ok {
		stmt.AddError(ErrRoundTheDoor)
		return
	}
	if !conflict.DoNothing {
		conflict.DoUpdates = withoutOwner(stmt, conflict.DoUpdates, owner)
		mine := []clause.Expression{clause.Eq{Column: clause.Column{Table: stmt.Table, Name: "user_id"}, Value: owner}}
		if len(conflict.Where.Exprs) > 0 {
			mine = append(mine, clause.AndConditions{Exprs: conflict.Where.Exprs})
		}
		conflict.Where.Exprs = mine
	}
	stmt.WriteString("ON CONFLICT ")
	conflict.Build(stmt)
}

// withoutOwner drops the owner from what is set, and refuses another one.
func withoutOwner(stmt *gorm.Statement, set clause.Set, owner string) clause.Set {
	return slices.DeleteFunc(slices.Clone(set), func(a clause.Assignment) bool {
		if a.Column.Name != "user_id" {
			return false
		}
		if kept := a.Value == "" || a.Value == owner || a.Value == (clause.Column{Table: "excluded", Name: "user_id"}); !kept {
			stmt.AddError(ErrForeignOwner)
		}
		return true
	})
}

// stamp gives new rows an id and the owner, so that hooks and the caller see them.
func stamp(stmt *gorm.Statement, owner string) {
	if stmt.Schema == nil {
		return
	}
	fill := func(row reflect.Value) {
		if row = reflect.Indirect(row); row.Kind() != reflect.Struct {
			return
		}
		for column, value := range map[string]string{"id": uuid.Must(uuid.NewV7()).String(), "user_id": owner} {
			if field := stmt.Schema.FieldsByDBName[column]; field != nil {
				if _, empty := field.ValueOf(stmt.Context, row); empty {
					stmt.AddError(field.Set(stmt.Context, row, value))
				}
			}
		}
	}
	if rows := stmt.ReflectValue; rows.Kind() == reflect.Slice || rows.Kind() == reflect.Array {
		for i := range rows.Len() {
			fill(rows.Index(i))
		}
		return
	}
	fill(stmt.ReflectValue)
}

// findConflict answers an upsert that met somebody else's row as if the row were not there.
func findConflict(stmt *gorm.Statement, _ string) {
	conflict, ok := stmt.Clauses["ON CONFLICT"].Expression.(clause.OnConflict)
	values, _ := stmt.Clauses["VALUES"].Expression.(clause.Values)
	if ok && !conflict.DoNothing && !stmt.DryRun && stmt.RowsAffected < int64(len(values.Values)) {
		stmt.AddError(gorm.ErrRecordNotFound)
	}
}
