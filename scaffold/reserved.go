package main

import (
	"slices"
	"strings"
)

// refusedColumn says what a column's name is already, so that a sentence can end
// with it, and "" for a name that can be used. Words that only need care, such as
// reserved words of SQL and keywords of Go, are not refused: the generated code
// quotes or renames them.
func refusedColumn(column string) string {
	switch {
	case slices.Contains(rowColumns, column):
		return "the name of something that every row has already"
	case slices.Contains(systemColumns, column):
		return "a column that the database has in every table"
	case slices.Contains(formProperties, column):
		return "a property of HTML forms that scripts use, and a field of that name would take its place"
	case slices.Contains(loginFields, column):
		return "a field that the login reads from a form whose session has ended"
	}
	return ""
}

// rowColumns are the columns that every owned row has, and the methods of models
// that a field of the same name would hide.
var rowColumns = strings.Fields("id user_id created_at updated_at form owned quota table_name")

// systemColumns are hidden columns of PostgreSQL and SQLite.
var systemColumns = strings.Fields("ctid xmin xmax cmin cmax tableoid oid rowid")

// formProperties are those members of a form that app.js and htmx.min.js use and
// that a column can be called like. A control with one of these names replaces the
// member (HTML standard, "named properties of the form element"). Others, such as
// method, action, target and title, are read by no script of the project.
var formProperties = strings.Fields("after attributes before children closest contains dataset elements matches prefix remove submit")

// loginFields are read by the login whatever form carries them.
var loginFields = strings.Fields("kept next")

// quoted puts a reserved word in quotation marks, which both engines take.
func quoted(name string) string {
	if slices.Contains(reservedWords, name) {
		return `"` + name + `"`
	}
	return name
}

// reservedWords of SQL are those that PostgreSQL or SQLite does not take as a name.
var reservedWords = strings.Fields("add all alter analyse analyze and any array as asc asymmetric authorization autoincrement between binary both case cast " +
	"check collate collation column commit concurrently constraint create cross current_catalog current_date current_role current_schema current_time " +
	"current_timestamp current_user default deferrable delete desc distinct do drop else end escape except exists false fetch for foreign freeze from full " +
	"grant group having if ilike in index initially inner insert intersect into is isnull join lateral leading left like limit localtime localtimestamp " +
	"natural not nothing notnull null offset on only or order outer overlaps placing primary raise references returning right rollback select session_user set " +
	"similar some symmetric system_user table tablesample then to trailing transaction true union unique update user using values variadic verbose when where window with")
