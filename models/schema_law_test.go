package models_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
	"example.com/gatehouse/models/scope"
	"gorm.io/gorm"
)

// tables maps the name of a table to sentences about it, sorted: its columns, keys and indexes.
type tables map[string][]string

func TestBothEnginesHaveTheSameTables(t *testing.T) {
	compare(t, "SQLite", sqliteTables(t, modelstest.SQLite(t)), "PostgreSQL", postgresTables(t, modelstest.Postgres(t)))
}

func TestEveryTableHasAModelAndEveryColumnAField(t *testing.T) {
	db := modelstest.Open(t)
	columns := tables{}
	for name, sentences := range readTables(t, db) {
		for _, sentence := range sentences {
			if strings.HasPrefix(sentence, "column ") {
				// A column added later needs a default for the rows that are there.
				columns[name] = append(columns[name], strings.TrimSuffix(sentence, " default"))
			}
		}
	}
	compare(t, "the database", columns, "the models", modelTables(t, db))
}

func TestEveryMigrationCanBeTakenBackAndAppliedAgain(t *testing.T) {
	ctx := context.Background()
	db := modelstest.Open(t)
	before := readTables(t, db)
	must(t, models.MigrateDown(ctx, db))
	if left := readTables(t, db); len(left) > 0 {
		t.Errorf("after the last step down there are still %v", slices.Sorted(maps.Keys(left)))
	}
	_, err := models.Migrate(ctx, db)
	must(t, err)
	compare(t, "before", before, "after down and up", readTables(t, db))
}

// A table that refers to an owned table is owned as well, or its rows could be reached without an owner.
func TestLaw_TablesThatReferToAnOwnedTableAreOwned(t *testing.T) {
	db := modelstest.Open(t)
	owned := models.SchemaOf(db).Owned()
	for table, sentences := range readTables(t, db) {
		for _, sentence := range sentences {
			for _, name := range owned {
				if strings.Contains(sentence, " to "+name+".") && !slices.Contains(owned, table) {
					t.Errorf("%s has the %s, and no user_id", table, sentence)
				}
			}
		}
	}
}

// A statement on a view, or one that runs a trigger or a function, does not have the word that the connection counts.
func TestLaw_NoViewTriggerOrFunctionNamesAnOwnedTable(t *testing.T) {
	db := modelstest.Open(t)
	must(t, models.Unscoped(db).Exec("CREATE VIEW counted AS SELECT count(*) FROM users").Error)
	query := "SELECT name, sql FROM sqlite_master WHERE type IN ('view', 'trigger')"
	if db.Name() == "postgres" {
		query = "SELECT viewname AS name, definition AS sql FROM pg_views WHERE schemaname = current_schema() " +
			"UNION ALL SELECT matviewname, definition FROM pg_matviews WHERE schemaname = current_schema() " +
			"UNION ALL SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal " +
			"UNION ALL SELECT proname, prosrc FROM pg_proc WHERE pronamespace = current_schema()::regnamespace"
	}
	var found []struct{ Name, SQL string }
	must(t, db.Raw(query).Scan(&found).Error)
	if len(found) == 0 {
		t.Error("got no view, want the one that this test made")
	}
	owned := scope.NewNames(models.SchemaOf(db).Owned())
	for _, one := range found {
		if err := owned.Check(t.Context(), one.SQL, nil); err != nil {
			t.Errorf("%s: %v", one.Name, err)
		}
	}
}

// The rows of a person go with them: every owner is a reference that deletes, or that forgets who it was.
func TestLawNothingOfAPersonsOutlivesThem(t *testing.T) {
	for table, sentences := range readTables(t, modelstest.Open(t)) {
		owned := slices.ContainsFunc(sentences, func(s string) bool { return strings.HasPrefix(s, "column user_id ") })
		ends := slices.ContainsFunc(sentences, func(s string) bool {
			return s == "foreign key user_id to users.id on delete cascade" || s == "foreign key user_id to users.id on delete set null"
		})
		if owned && !ends {
			t.Errorf("the user_id of %s does not refer to users (id) ON DELETE CASCADE", table)
		}
	}
}

func compare(t *testing.T, nameA string, a tables, nameB string, b tables) {
	t.Helper()
	for _, table := range slices.Sorted(maps.Keys(union(a, b))) {
		for _, sentence := range a[table] {
			if !slices.Contains(b[table], sentence) {
				t.Errorf("%s: only in %s: %s", table, nameA, sentence)
			}
		}
		for _, sentence := range b[table] {
			if !slices.Contains(a[table], sentence) {
				t.Errorf("%s: only in %s: %s", table, nameB, sentence)
			}
		}
		if len(a[table]) == 0 || len(b[table]) == 0 {
			t.Errorf("%s is not in both %s and %s", table, nameA, nameB)
		}
	}
}

func union(a, b tables) tables {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

func readTables(t *testing.T, db *gorm.DB) tables {
	t.Helper()
	if db.Name() == "postgres" {
		return postgresTables(t, db)
	}
	return sqliteTables(t, db)
}

func sqliteTables(t *testing.T, db *gorm.DB) tables {
	t.Helper()
	const all = "FROM sqlite_master m JOIN %s x WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%%' AND m.name <> 'goose_db_version'"
	found := tables{}
	found.add(t, db, "SELECT m.name, 'column ' || x.name || ' ' || lower(x.type) || iif(x.\"notnull\", '', ' null') || iif(x.dflt_value IS NULL, '', ' default') "+
		fmt.Sprintf(all, "pragma_table_info(m.name)"))
	found.add(t, db, "SELECT m.name, 'primary key ' || group_concat(x.name, ', ' ORDER BY x.pk) "+
		fmt.Sprintf(all, "pragma_table_info(m.name)")+" AND x.pk > 0 GROUP BY m.name")
	found.add(t, db, "SELECT m.name, iif(x.\"unique\", 'unique ', '') || 'index ' || x.name || ' (' || "+
		"(SELECT group_concat(coalesce(c.name, 'expression'), ', ' ORDER BY c.seqno) FROM pragma_index_info(x.name) c) || ')' || iif(x.partial, ' partial', '') "+
		fmt.Sprintf(all, "pragma_index_list(m.name)")+" AND x.origin <> 'pk'")
	found.add(t, db, "SELECT m.name, 'foreign key ' || x.\"from\" || ' to ' || x.\"table\" || '.' || x.\"to\" || ' on delete ' || lower(x.on_delete) "+
		fmt.Sprintf(all, "pragma_foreign_key_list(m.name)"))
	found.add(t, db, "SELECT name, 'checks ' || ((length(sql) - length(replace(sql, 'CHECK', ''))) / 5) FROM sqlite_master "+
		"WHERE type = 'table' AND sql LIKE '%CHECK%'")
	return found
}

func postgresTables(t *testing.T, db *gorm.DB) tables {
	t.Helper()
	const all = " AND c.relname <> 'goose_db_version' AND c.relnamespace = 'public'::regnamespace"
	found := tables{}
	found.add(t, db, "SELECT c.relname, 'column ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || "+
		"CASE WHEN a.attnotnull THEN '' ELSE ' null' END || CASE WHEN a.atthasdef THEN ' default' ELSE '' END "+
		"FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped"+all)
	const indexed = "(SELECT string_agg(coalesce(a.attname, 'expression'), ', ' ORDER BY k.n) FROM unnest(i.indkey) WITH ORDINALITY k (attnum, n) " +
		"LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum AND k.attnum > 0)"
	found.add(t, db, "SELECT c.relname, 'primary key ' || "+indexed+" FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid WHERE i.indisprimary"+all)
	found.add(t, db, "SELECT c.relname, CASE WHEN i.indisunique THEN 'unique ' ELSE '' END || 'index ' || x.relname || ' (' || "+indexed+" || ')' || "+
		"CASE WHEN i.indpred IS NULL THEN '' ELSE ' partial' END "+
		"FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid JOIN pg_class x ON x.oid = i.indexrelid WHERE NOT i.indisprimary"+all)
	found.add(t, db, "SELECT c.relname, 'foreign key ' || a.attname || ' to ' || p.relname || '.' || b.attname || ' on delete ' || "+
		"CASE k.confdeltype WHEN 'a' THEN 'no action' WHEN 'r' THEN 'restrict' WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null' ELSE 'set default' END "+
		"FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class p ON p.oid = k.confrelid "+
		"JOIN LATERAL unnest(k.conkey, k.confkey) u (own, other) ON true "+
		"JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.own JOIN pg_attribute b ON b.attrelid = p.oid AND b.attnum = u.other WHERE k.contype = 'f'"+all)
	found.add(t, db, "SELECT c.relname, 'checks ' || count(*) FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE k.contype = 'c'"+all+" GROUP BY c.relname")
	return found
}

// add runs a query for names of tables and sentences.
func (found tables) add(t *testing.T, db *gorm.DB, query string) {
	t.Helper()
	rows, err := db.Raw(query).Rows()
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var table, sentence string
		must(t, rows.Scan(&table, &sentence))
		found[table] = append(found[table], strings.Replace(sentence, "timestamp without time zone", "timestamp", 1))
	}
	must(t, rows.Err())
}

// modelTables says what the models expect. An int stands for INTEGER, an int64 for BIGINT.
func modelTables(t *testing.T, db *gorm.DB) tables {
	t.Helper()
	expected := tables{}
	for _, table := range models.SchemaOf(db) {
		for _, field := range table.Parsed.Fields {
			sentence := "column " + field.DBName + " " + columnType(t, field.IndirectFieldType)
			if field.FieldType.Kind() == reflect.Pointer || field.FieldType == reflect.TypeFor[gorm.DeletedAt]() {
				sentence += " null"
			}
			expected[table.Name] = append(expected[table.Name], sentence)
		}
	}
	return expected
}

func columnType(t *testing.T, goType reflect.Type) string {
	t.Helper()
	switch {
	case goType == reflect.TypeFor[time.Time](), goType == reflect.TypeFor[gorm.DeletedAt]():
		return "timestamp"
	case goType == reflect.TypeFor[[]byte]():
		return "bytea"
	case goType.Kind() == reflect.String:
		return "text"
	case goType.Kind() == reflect.Bool:
		return "boolean"
	case goType.Kind() == reflect.Int, goType.Kind() == reflect.Int32:
		return "integer"
	case goType.Kind() == reflect.Float64:
		return "double precision"
	case goType.Kind() == reflect.Int64:
		return "bigint"
	}
	t.Fatalf("no column type is agreed on for %s", goType)
	return ""
}

// ASVS 2.4.1: the documents say what keeps one account from filling a table. An
// owned table has a quota.
func TestLaw_EveryTableSaysWhatBoundsIt(t *testing.T) {
	page, err := os.ReadFile("../docs/data-boundary.md")
	must(t, err)
	said := regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| (.*?) \\|").FindAllStringSubmatch(string(page), -1)
	rows := map[string]string{}
	for _, row := range said {
		rows[row[1]] = row[2]
	}
	for _, table := range models.SchemaOf(modelstest.Open(t)) {
		if (table.Bound == "") != table.Owned() {
			t.Errorf("%s: got the Bound %q, want one in its models.Table, unless it is owned and has a Quota", table.Name, table.Bound)
		}
		if got := rows[table.Name]; got != table.Bound {
			t.Errorf("docs/data-boundary.md: got %q for %s, want the row\n| `%s` | %s |", got, table.Name, table.Name, table.Bound)
		}
		delete(rows, table.Name)
	}
	if len(rows) > 0 {
		t.Errorf("docs/data-boundary.md: got rows for %v, want rows for tables alone", slices.Sorted(maps.Keys(rows)))
	}
}

// A clock that ran ahead must leave no row that never ends.
func TestLaw_EveryEndHasABound(t *testing.T) {
	for _, table := range models.SchemaOf(modelstest.Open(t)) {
		bounded := slices.ContainsFunc(table.Ahead, func(a models.Ahead) bool { return a.Column == "expires_at" })
		if table.Parsed.FieldsByDBName["expires_at"] != nil && !bounded {
			t.Errorf("%s has an expires_at, and its models.Table has no Ahead for it", table.Name)
		}
	}
}

// A column that a table names must be one of its own.
func TestLaw_TablesNameTheirOwnColumns(t *testing.T) {
	for _, table := range models.SchemaOf(modelstest.Open(t)) {
		named := slices.Clone(table.Secrets)
		for _, ahead := range table.Ahead {
			named = append(named, ahead.Column)
		}
		for _, column := range named {
			if table.Parsed.FieldsByDBName[column] == nil {
				t.Errorf("the models.Table of %s names the column %q, which its model does not have", table.Name, column)
			}
		}
	}
}
