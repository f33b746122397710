package models

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"example.com/gatehouse/config"
)

// Table declares a table. The scope, the export, the cleanup, the deletion of an
// account and the laws read all that they know of a table from this value. It
// stands next to the model.
//
// A table with a column user_id is owned, unless Auth is set: it is reached
// through Scoped, its rows are in the owner's export, and they are deleted with
// the owner.
type Table struct {
	// Model is a pointer to an empty model: &Note{}.
	Model any
	// Auth is set for a table that is read before a user is logged in, or with
	// the session. It is not owned, so each of its queries must name the user.
	Auth bool
	// Bound says what keeps one user or visitor from filling the table (ASVS
	// 2.4.1). An owned table has none: its model has a method Quota.
	Bound string

	// Says is what an export says of the rows, addressed to the user. A table
	// that is neither owned nor has a Says is not exported. "" for an owned
	// table is "Your" and its name.
	Says string
	// Secrets are the columns that an export leaves out, because they prove who
	// a user is or open something: hashes, tokens, sealed secrets.
	Secrets []string
	// Files are the columns of bytes that are files of the user's, and so in the
	// export. Of an owned table all are that are no Secrets, of another these.
	Files []string

	// Expired returns the condition of the rows that the cleanup deletes at a
	// time; nil for a table whose rows the cleanup leaves alone.
	Expired func(now time.Time, c config.Config) clause.Expr
	// Ahead lists the columns with times that the program writes. A column
	// expires_at must be in it.
	Ahead []Ahead

	// Anonymize is for rows that outlive their user. It is the SET clause that
	// removes the user from a row, and "" for rows that are deleted.
	Anonymize string
}

// Ahead says how far ahead of the clock a column is written at most. The cleanup
// brings back times that are further ahead: a clock that ran ahead wrote them.
type Ahead struct {
	Column  string
	Where   string                            // the rows that it holds for; "" for all
	By      time.Duration                     // 0 for a time that has passed when it is written
	Setting func(config.Config) time.Duration // in place of By, if a setting decides
}

// Duration returns By, or what the setting says.
func (a Ahead) Duration(c config.Config) time.Duration {
	if a.Setting != nil {
		return a.Setting(c)
	}
	return a.By
}

// PastExpiry is the Expired of a table whose rows go when their expires_at has
// passed.
func PastExpiry(now time.Time, _ config.Config) clause.Expr {
	return gorm.Expr("expires_at <= ?", now)
}

// Schema is the tables of a program: those that Open was given, in that order.
type Schema []ParsedTable

// ParsedTable is a Table and what GORM knows of its model.
type ParsedTable struct {
	Table
	Name   string
	Parsed *schema.Schema
}

// SchemaOf returns the tables that db was opened with.
func SchemaOf(db *gorm.DB) Schema {
	s, _ := db.Plugins[Schema(nil).Name()].(Schema)
	return s
}

// Name makes the schema a plugin of GORM's, which each handle carries.
func (Schema) Name() string { return "tables" }

// Initialize does nothing.
func (Schema) Initialize(*gorm.DB) error { return nil }

func parse(tables []Table) (Schema, error) {
	var all Schema
	for _, table := range tables {
		parsed, err := schema.Parse(table.Model, &sync.Map{}, schema.NamingStrategy{})
		if err != nil {
			return nil, fmt.Errorf("read the model %T: %w", table.Model, err)
		}
		t := ParsedTable{Table: table, Name: parsed.Table, Parsed: parsed}
		if t.Owned() && t.Says == "" {
			t.Says = "Your " + strings.ReplaceAll(t.Name, "_", " ")
		}
		all = append(all, t)
	}
	return all, nil
}

// HasUser reports whether each row may name a user.
func (t ParsedTable) HasUser() bool { return t.Parsed.FieldsByDBName["user_id"] != nil }

// Owned reports whether the table is reached through Scoped.
func (t ParsedTable) Owned() bool { return t.HasUser() && !t.Auth }

// Owned returns the names of the owned tables.
func (s Schema) Owned() (names []string) {
	for _, table := range s {
		if table.Owned() {
			names = append(names, table.Name)
		}
	}
	return names
}

// DeletionOrder returns the tables whose rows are deleted with their user, a
// batch at a time, before the user: each before those that its rows refer to.
// The deletion itself is not among them: it says until the end what is left to
// do.
func (s Schema) DeletionOrder() (names []string) {
	for _, table := range slices.Backward(s) {
		if table.HasUser() && table.Anonymize == "" && table.Name != "account_deletions" {
			names = append(names, table.Name)
		}
	}
	return names
}

// Anonymized returns the tables whose rows outlive their user, each with its
// Anonymize.
func (s Schema) Anonymized() map[string]string {
	set := map[string]string{}
	for _, table := range s {
		if table.Anonymize != "" {
			set[table.Name] = table.Anonymize
		}
	}
	return set
}
