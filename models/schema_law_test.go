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
	"sync"
	"testing"
	"time"

	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
	"example.com/gatehouse/models/scope"
	"gorm.io/gorm"
	"gorm.io/gorm/schema"
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
	compare(t, "the database", columns, "models.All", modelTables(t))
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
	for table, sentences := range readTables(t, modelstest.Open(t)) {
		for _, sentence := range sentences {
			for _, owned := range models.OwnedTables() {
				if strings.Contains(sentence, " to "+owned+".") && !slices.Contains(models.OwnedTables(), table) {
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
	owned := scope.NewNames(models.OwnedTables())
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
func modelTables(t *testing.T) tables {
	t.Helper()
	expected := tables{}
	for _, model := range models.All() {
		parsed, err := schema.Parse(model, &sync.Map{}, schema.NamingStrategy{})
		must(t, err)
		for _, field := range parsed.Fields {
			sentence := "column " + field.DBName + " " + columnType(t, field.IndirectFieldType)
			if field.FieldType.Kind() == reflect.Pointer || field.FieldType == reflect.TypeFor[gorm.DeletedAt]() {
				sentence += " null"
			}
			expected[parsed.Table] = append(expected[parsed.Table], sentence)
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
// owned one has a quota.
func TestLaw_EveryTableSaysWhatBoundsIt(t *testing.T) {
	page, err := os.ReadFile("../docs/data-boundary.md")
	must(t, err)
	_, bounds, _ := strings.Cut(string(page), "## What bounds the other tables")
	for table := range modelTables(t) {
		said := regexp.MustCompile("(?m)^\\| [^|]*`" + table + "`").MatchString(bounds)
		if !said && !slices.Contains(models.OwnedTables(), table) {
			t.Errorf("docs/data-boundary.md doesn't say what bounds %s", table)
		}
	}
}
