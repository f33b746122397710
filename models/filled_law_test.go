package models_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
)

// filled are values for columns that have a CHECK other than a list of words, by
// table and column. A product adds its own.
var filled = map[string]map[string]any{}

// A migration that no table with rows can take, such as ADD COLUMN with NOT NULL
// and no DEFAULT, would keep the next version of the program from starting.
func TestLaw_MigrationsApplyToTablesWithRows(t *testing.T) {
	for engine, url := range map[string]func(*testing.T) string{
		"SQLite":     func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "filled.db") },
		"PostgreSQL": func(t *testing.T) string { return modelstest.PostgresIn(t, "UTF8") },
	} {
		t.Run(engine, func(t *testing.T) {
			db := openURL(t, url(t))
			models.LogTo(db, modelstest.Log(t))
			for {
				file, err := models.MigrateOne(t.Context(), db)
				if err != nil {
					t.Fatalf("%s fails on a database whose tables have rows: %v\n"+
						"Give a new NOT NULL column a DEFAULT that is right for old rows. "+
						"Write an UPDATE before a constraint that old rows may break.", file, err)
				}
				if file == "" {
					break
				}
				fill(t, db, file)
			}
			if err := models.Unscoped(db).Exec("ALTER TABLE users ADD COLUMN age BIGINT NOT NULL").Error; err == nil {
				t.Error("got a column without a value in a table with rows, want an error")
			}
		})
	}
}

// fill puts a row into each table that has none.
func fill(t *testing.T, db *gorm.DB, file string) {
	t.Helper()
	all, words := readTables(t, db), readChoices(t, db)
	for _, table := range referredFirst(all) {
		var count int64
		must(t, models.Unscoped(db).Raw(`SELECT count(*) FROM "`+table+`"`).Scan(&count).Error)
		if count > 0 {
			continue
		}
		var columns []string
		var values []any
		for _, sentence := range all[table] {
			column, kind, found := strings.Cut(strings.TrimPrefix(sentence, "column "), " ")
			if !found || !strings.HasPrefix(sentence, "column ") || strings.HasSuffix(kind, " null") {
				continue
			}
			columns = append(columns, `"`+column+`"`)
			values = append(values, valueFor(table, column, kind, words))
		}
		places := strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ")
		insert := fmt.Sprintf(`INSERT INTO "%s" (%s) VALUES (%s)`, table, strings.Join(columns, ", "), places)
		if err := models.Unscoped(db).Exec(insert, values...).Error; err != nil {
			t.Fatalf("%s: the table %s takes no row: %v\nAdd values for its columns to filled in models/filled_law_test.go.", file, table, err)
		}
	}
}

func valueFor(table, column, kind string, words map[string]string) any {
	if value, ok := filled[table][column]; ok {
		return value
	}
	if word, ok := words[table+"."+column]; ok {
		return word
	}
	switch kind, _, _ := strings.Cut(kind, " "); kind {
	case "timestamp":
		return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	case "boolean":
		return false
	case "bigint", "integer":
		return 1
	case "double": // precision
		return 1.5
	case "bytea":
		return []byte("1")
	}
	return "1" // of keys too, so that each reference leads to a row
}

// referredFirst orders the tables so that each comes after those that it refers to.
func referredFirst(all tables) (ordered []string) {
	for left := slices.Sorted(maps.Keys(all)); len(left) > 0; {
		waits := func(table string) bool {
			return slices.ContainsFunc(all[table], func(sentence string) bool {
				_, to, _ := strings.Cut(strings.TrimPrefix(sentence, "foreign key "), " to ")
				to, _, _ = strings.Cut(to, ".")
				return strings.HasPrefix(sentence, "foreign key ") && to != table && slices.Contains(left, to)
			})
		}
		next := slices.IndexFunc(left, func(table string) bool { return !waits(table) })
		if next < 0 {
			return append(ordered, left...)
		}
		ordered = append(ordered, left[next])
		left = slices.Delete(left, next, next+1)
	}
	return ordered
}

// choice is a CHECK that lists words, as SQLite and PostgreSQL keep it.
var choice = regexp.MustCompile(`\("?(\w+)"? (?:IN|= ANY) \(+(?:ARRAY\[)?'([^']*)'`)

// readChoices returns the first word of each column with such a CHECK.
func readChoices(t *testing.T, db *gorm.DB) map[string]string {
	t.Helper()
	query := "SELECT name AS \"table\", sql AS text FROM sqlite_master WHERE type = 'table'"
	if db.Name() == "postgres" {
		query = "SELECT c.relname AS \"table\", pg_get_constraintdef(k.oid) AS text " +
			"FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE k.contype = 'c'"
	}
	var checks []struct{ Table, Text string }
	must(t, db.Raw(query).Scan(&checks).Error)
	words := map[string]string{}
	for _, check := range checks {
		for _, match := range choice.FindAllStringSubmatch(check.Text, -1) {
			words[check.Table+"."+match[1]] = match[2]
		}
	}
	return words
}
