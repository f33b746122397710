package models

import (
	"slices"
	"strings"
	"testing"
)

// Each of these reads or writes the table notes on at least one of the engines, or may.
func TestEveryWayOfNamingATableIsSeen(t *testing.T) {
	for _, statement := range []string{
		"SELECT * FROM notes", "select * from notes where 1 = 1", "SELECT * FROM\n\tnotes", "SELECT*FROM(notes)", `SELECT * FROM"notes"`,
		"SELECT * FROM `notes`", "SELECT * FROM [notes]", "SELECT * FROM 'notes'", "SELECT * FROM NoTeS", "SELECT * FROM main.notes",
		`SELECT * FROM "public"."notes"`, "SELECT * FROM app.public.notes", "SELECT * FROM public . notes", "SELECT * FROM users, notes",
		"SELECT * FROM users u, notes n", "SELECT * FROM (users, notes)", "SELECT * FROM ((notes))", "SELECT * FROM users JOIN notes ON true",
		"SELECT * FROM users NATURAL JOIN notes", "SELECT * FROM users CROSS JOIN notes", "SELECT * FROM users JOIN (limits, notes)",
		"SELECT * FROM users JOIN limits ON (users.id = limits.id), notes", "SELECT * FROM ONLY notes", "SELECT * FROM ONLY (notes)",
		"SELECT * FROM users, LATERAL (SELECT * FROM notes) n", "SELECT (SELECT body FROM notes LIMIT 1)", "SELECT 1 WHERE EXISTS (SELECT 1 FROM notes)",
		"SELECT 1 WHERE 'x' IN notes", "SELECT 1 WHERE 'x' IN main.notes", "SELECT 1 UNION ALL SELECT id FROM notes", "TABLE notes",
		"SELECT 1 UNION TABLE notes", "WITH n AS (SELECT * FROM notes) SELECT * FROM n", "INSERT INTO notes VALUES (1)", "INSERT INTO users SELECT * FROM notes",
		"INSERT OR REPLACE INTO notes VALUES (1)", "REPLACE INTO notes VALUES (1)", "MERGE INTO notes USING users ON true", "UPDATE notes SET id = 1",
		"UPDATE OR IGNORE notes SET id = 1", "UPDATE ONLY notes SET id = 1", "UPDATE users SET name = n.title FROM notes n",
		"DELETE FROM notes", "DELETE FROM users USING notes WHERE true", "DELETE FROM users USING limits, notes", "TRUNCATE notes", "TRUNCATE TABLE notes",
		"COPY notes TO STDOUT", "LOCK TABLE notes", "LOCK notes", "DROP TABLE IF EXISTS notes", "ALTER TABLE notes RENAME TO free",
		"CREATE VIEW free AS SELECT * FROM notes", "CREATE TABLE free AS TABLE notes", "SELECT query_to_xml('select * from notes', true, true, '')",
		"DO $$ BEGIN DELETE FROM notes; END $$", "DO $x$ BEGIN DELETE FROM notes; END $x$", "SELECT 1; DELETE FROM notes", "SELECT E'\\'' , id FROM notes",
		"SELECT 'it''s' FROM notes", `SELECT "a""b" FROM notes`, "SELECT $1 FROM notes WHERE x = $2", "SELECT ARRAY[(SELECT body FROM notes)]",
		"SELECT tags[1] FROM notes", "/* FROM */ SELECT * FROM notes", "SELECT * FROM users -- a quote: '\n, notes", "SELECT 'open FROM notes",
		"SELECT json_each.value FROM json_each((SELECT body FROM notes))", "SELECT *, FROM notes",
	} {
		if !mentions(statement, []string{"sketches", "notes"}) {
			t.Errorf("not looked at: %s", statement)
		}
		if found, _ := tablesIn(statement, []string{"sketches", "notes"}); !slices.Contains(found, "notes") {
			t.Errorf("not seen: %s", statement)
		}
	}
}

func TestWhatOnlyLooksLikeATableIsLetPass(t *testing.T) {
	for _, statement := range []string{
		"SELECT notes FROM users", "SELECT id, notes FROM users", `SELECT "users"."notes" FROM "users" WHERE "users"."notes" = ?`,
		"SELECT users.notes, users.id FROM users", `INSERT INTO "users" ("id","notes") VALUES (?,?)`, `UPDATE "users" SET "notes"=?,"id"=?`,
		"SELECT * FROM users ORDER BY id, notes", "SELECT * FROM users GROUP BY id, notes HAVING notes > 1", "SELECT * FROM users WHERE lower(notes) LIKE ?",
		"SELECT * FROM users WHERE id IN (SELECT id FROM limits WHERE notes = 1)", "SELECT * FROM users WHERE name IN (1, notes)",
		"SELECT * FROM users JOIN limits ON users.notes = limits.id", "INSERT INTO users (id) VALUES (?) ON CONFLICT (id) DO UPDATE SET notes = excluded.notes RETURNING id, notes",
		"SELECT * FROM users FOR UPDATE OF users", "SELECT 'notes'", "SELECT * FROM my_notes", "SELECT * FROM notes_archive", "SELECT * FROM notesé",
		"SELECT count(*) AS notes FROM users -- the notes",
	} {
		if found, err := tablesIn(statement, []string{"notes"}); len(found) > 0 || err != nil {
			t.Errorf("%s: %v, %v", statement, found, err)
		}
	}
}

func TestATableIsCountedAsOftenAsItIsNamed(t *testing.T) {
	statement := "SELECT notes.body FROM notes JOIN notes others ON notes.id = others.id WHERE EXISTS (SELECT 1 FROM tags, notes)"
	if found, err := tablesIn(statement, []string{"notes", "tags"}); err != nil || strings.Join(found, " ") != "notes notes tags notes" {
		t.Errorf("%v, %v", found, err)
	}
}

func TestAStatementThatCouldHideWhatItDoesIsNotJudged(t *testing.T) {
	for _, statement := range []string{
		"SELECT * FROM notes -- WHERE user_id = ?", "SELECT * FROM notes /* WHERE user_id = ? */", "SELECT * FROM notes; DELETE FROM users",
		`SELECT * FROM U&"n\006ftes"`, `SELECT * FROM u&"n\006ftes"`, "SELECT * FROM notes WHERE title = 'open", "SELECT * FROM notes /* open",
	} {
		if _, err := tablesIn(statement, []string{"notes"}); err == nil || !mentions(statement, []string{"notes"}) {
			t.Errorf("let pass: %s", statement)
		}
	}
}

func TestConditionsStayInTheirParentheses(t *testing.T) {
	for piece, want := range map[string]bool{
		"a = 1 OR b = 2": true, "(a) AND (b)": true, "a = ')'": true, `"(" = 1`: true, "": true, "a = E'\\')'": true,
		"a) OR (b": false, "a = 1)": false, "(a": false, "a --": false, "a /*": false, "a = ')": false, "a; b": false, ")(": false,
	} {
		if balanced(piece) != want {
			t.Errorf("%s: %v", piece, !want)
		}
	}
}

// A fuzzer looks for a statement that mentions the table, as a word after FROM, and is not seen.
func FuzzTablesIn(f *testing.F) {
	for _, prefix := range []string{"SELECT 1 ", "SELECT '", "/* ", "SELECT $a$ ", "SELECT E'\\' ", "-- ", "SELECT [", `SELECT "`} {
		f.Add(prefix, " WHERE true")
	}
	f.Fuzz(func(t *testing.T, before, after string) {
		statement := before + " FROM notes " + after
		found, err := tablesIn(statement, []string{"notes"})
		if len(found) == 0 && err == nil && !strings.ContainsAny(before, "-/[\"`'$") {
			t.Errorf("not seen: %q", statement)
		}
	})
}

func BenchmarkLookingAtAStatement(b *testing.B) {
	query := `SELECT s.id, s.user_id, s.method, s.remember, s.ip, s.device, s.created_at, s.last_seen_at, s.expires_at FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.token_hash = ?`
	tables := []string{"notes", "note_images", "invoices", "customers", "projects"}
	for b.Loop() {
		if mentions(query, tables) {
			b.Fatal("it mentions none")
		}
	}
}
