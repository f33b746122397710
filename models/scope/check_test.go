package scope

import (
	"database/sql/driver"
	"errors"
	"strings"
	"testing"
)

var names = func() *Names {
	names := NewNames([]string{"sketches", "notes"})
	names.Schemas = append(names.Schemas, "App")
	return names
}()

// Each of these statements reads or writes the table notes on at least one
// engine, or may do so.
var onNotes = []string{
	"SELECT * FROM notes", "select * from notes where 1 = 1", "SELECT * FROM\n\tnotes", "SELECT*FROM(notes)",
	`SELECT * FROM"notes"`,
	"SELECT * FROM `notes`", "SELECT * FROM [notes]", "SELECT * FROM 'notes'", "SELECT * FROM NoTeS",
	"SELECT * FROM main.notes",
	`SELECT * FROM "public"."notes"`, "SELECT * FROM app.public.notes", "SELECT * FROM public . notes",
	"SELECT * FROM users, notes",
	`SELECT * FROM app.notes`, `SELECT * FROM [main].notes`, `SELECT * FROM 'main'."notes"`, "SELECT * FROM temp.notes",
	"SELECT * FROM users u, notes n", "SELECT * FROM (users, notes)", "SELECT * FROM ((notes))",
	"SELECT * FROM users JOIN notes ON true",
	"SELECT * FROM users NATURAL JOIN notes", "SELECT * FROM users CROSS JOIN notes",
	"SELECT * FROM users JOIN (limits, notes)",
	"SELECT * FROM users JOIN limits ON (users.id = limits.id), notes", "SELECT * FROM ONLY notes",
	"SELECT * FROM ONLY (notes)",
	"SELECT * FROM notes *", `SELECT * FROM notes".x"`, "SELECT * FROM notes'.x'", "SELECT * FROM notes`.x`",
	"SELECT * FROM users, LATERAL (SELECT * FROM notes) n", "SELECT (SELECT body FROM notes LIMIT 1)",
	"SELECT 1 WHERE EXISTS (SELECT 1 FROM notes)",
	"SELECT 1 WHERE 'x' IN notes", "SELECT 1 WHERE 'x' IN main.notes", "SELECT 1 WHERE 1 IN notes = 1",
	"SELECT 1 WHERE 1 IN main.notes = 1", "SELECT 1 WHERE 1 NOT IN \"notes\" <> 1",
	"SELECT 1 UNION ALL SELECT id FROM notes", "TABLE notes",
	"SELECT 1 UNION TABLE notes", "WITH n AS (SELECT * FROM notes) SELECT * FROM n", "INSERT INTO notes VALUES (1)",
	"INSERT INTO users SELECT * FROM notes",
	"INSERT INTO notes (id) VALUES (1)", `INSERT INTO "notes" ("id") VALUES (1)`,
	`INSERT INTO "users" ("id") SELECT id FROM notes`,
	"INSERT OR REPLACE INTO notes VALUES (1)", "REPLACE INTO notes VALUES (1)", "MERGE INTO notes USING users ON true",
	"UPDATE notes SET id = 1",
	"UPDATE OR IGNORE notes SET id = 1", "UPDATE ONLY notes SET id = 1", "UPDATE users SET name = n.title FROM notes n",
	"DELETE FROM notes", "DELETE FROM users USING notes WHERE true", "DELETE FROM users USING limits, notes",
	"DELETE FROM notes RETURNING *",
	"WITH n AS (DELETE FROM notes RETURNING *) SELECT * FROM n", "TRUNCATE notes", "TRUNCATE TABLE notes",
	"TRUNCATE users, notes", "TRUNCATE users , ONLY notes",
	"COPY notes TO STDOUT", "LOCK TABLE notes", "LOCK notes", "LOCK users, notes",
	"LOCK TABLE users, notes IN SHARE MODE", "ANALYZE notes",
	"DROP TABLE IF EXISTS notes", "DROP TABLE users, notes", "ALTER TABLE notes RENAME TO free",
	"CREATE INDEX i ON notes (id)", "CREATE TABLE free (LIKE notes)",
	"CREATE VIEW free AS SELECT * FROM notes", "CREATE TABLE free AS TABLE notes",
	"SELECT query_to_xml('select * from notes', true, true, '')",
	"DO $$ BEGIN DELETE FROM notes; END $$", "DO $x$ BEGIN DELETE FROM notes; END $x$", "SELECT 1; DELETE FROM notes",
	"SELECT E'\\'' , id FROM notes",
	"SELECT E'\\' FROM notes -- '", "SELECT a$x$ FROM notes WHERE a$x$ = 1",
	"SELECT 1 AS a$x$, x.* FROM users u, notes x", "SELECT 1 FROM a$notes",
	"SELECT * FROM users WHERE x = 1 GROUP BY by, notes", "SELECT * FROM users set, notes",
	"SELECT * FROM users do, notes", "SELECT * FROM users where, notes",
	"SELECT 'it''s' FROM notes", `SELECT "a""b" FROM notes`, "SELECT $1 FROM notes WHERE x = $2",
	"SELECT ARRAY[(SELECT body FROM notes)]",
	"SELECT tags[1] FROM notes", "/* FROM */ SELECT * FROM notes", "SELECT * FROM users -- a quote: '\n, notes",
	"SELECT 'open FROM notes",
	"SELECT * FROM/**/notes", "SELECT * FROM /* select */ notes", "SELECT * FROM --select\n notes",
	"SELECT * FROM public/**/.notes", "SELECT * FROM public--x\n.notes", "SELECT * FROM notes/**/.x",
	"SELECT x FROM/*.*/notes",
	"SELECT json_each.value FROM json_each((SELECT body FROM notes))", "SELECT *, FROM notes",
	`SELECT * FROM U&"n\006ftes"`, `SELECT * FROM u&"n\006ftes"`,
	`SELECT 1 AS "notes" FROM notes`, "SELECT 1 AS notes, x FROM (SELECT * FROM notes) AS notes",
	"SELECT 1 AS x, notes.y FROM notes AS notes",
	`INSERT INTO "users" ("id") VALUES (1) ON CONFLICT ("id") DO UPDATE SET id = (SELECT id FROM notes)`,
}

func TestCheck_RefusesEveryWayToNameATable(t *testing.T) {
	for _, statement := range onNotes {
		if err := names.Check(t.Context(), statement, nil); !errors.Is(err, ErrUnscoped) {
			t.Errorf("got %v, want ErrUnscoped: %s", err, statement)
		}
		if err := names.Check(UnscopedContext(t.Context()), statement, nil); err != nil {
			t.Errorf("unscoped: got %v, want nil: %s", err, statement)
		}
	}
}

func TestCheck_AllowsColumnsWithTheNameOfATable(t *testing.T) {
	for _, statement := range []string{
		"SELECT notes FROM users", "SELECT DISTINCT notes FROM users",
		`SELECT "users"."notes" FROM "users" WHERE "users"."notes" = ?`, "SELECT `users`.`notes` FROM users",
		"SELECT users.notes, users.id FROM users", `INSERT INTO "users" ("id","notes") VALUES (?,?)`,
		"INSERT INTO `users` (`notes`,`id`) VALUES (?,?)", `UPDATE "users" SET "notes"=?,"id"=?`,
		`UPDATE "users" SET "id"=?,"notes"=? WHERE "notes" <> ?`, "SELECT * FROM users ORDER BY notes",
		"SELECT * FROM users GROUP BY users.id, users.notes HAVING notes > 1",
		"SELECT * FROM users WHERE lower(users.notes) LIKE ?",
		"SELECT * FROM users WHERE id IN (SELECT id FROM limits WHERE notes = 1)",
		"SELECT * FROM users WHERE NOT notes LIKE 'x' AND notes IS NULL OR notes IN (1)",
		"SELECT * FROM users u JOIN limits ON u.notes = limits.id",
		`INSERT INTO "users" ("id","notes") VALUES (?,?) ON CONFLICT ("id","notes") DO UPDATE SET "notes"="excluded"."notes"`,
		"SELECT count(*) AS notes FROM users AS notes", "SELECT * FROM users FOR UPDATE OF users",
		"SELECT * FROM my_notes", "SELECT * FROM notes_archive", "SELECT * FROM notesé",
		"SELECT extract(year FROM notes.created_at) FROM users", "SELECT 1 FROM users WHERE x IS DISTINCT FROM notes.x",
		"SELECT trim(both ' ' from notes.title) FROM users",
		"SELECT count(*) /* all of them */ FROM users -- it's fast", "SELECT users.notes /* of a user */ FROM users",
		"SELECT 'It''s -- no comment'", `SELECT "u" & "x" FROM users`,
	} {
		if err := names.Check(t.Context(), statement, nil); err != nil {
			t.Errorf("got %v, want nil: %s", err, statement)
		}
	}
}

func TestCheck_NamesTheWordAndTheRemedy(t *testing.T) {
	for statement, wants := range map[string][]string{
		"SELECT * FROM Notes": {`"Notes"`, "models.Scoped(db, actor)", "models.Unscoped(db)",
			"users.Notes"},
		"SELECT lower(notes) FROM users":     {`"notes"`, "users.notes"},
		"SELECT id FROM users -- with notes": {`"notes"`, "--"},
		`SELECT * FROM U&"n\006ftes"`:        {`U&`},
	} {
		err := names.Check(t.Context(), statement, nil)
		for _, want := range wants {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %q in it", statement, err, want)
			}
		}
	}
}

func TestCheck_CountsNamesAgainstArguments(t *testing.T) {
	const statement = "SELECT notes.body FROM notes JOIN notes others ON notes.id = others.id WHERE EXISTS (SELECT 1 " +
		"FROM sketches)"
	for _, c := range []struct {
		args []any
		ok   bool
	}{
		{[]any{Arg{"notes", "ada"}, Arg{"notes", "ada"}, Arg{"sketches", "ada"}}, true},
		{[]any{Arg{"notes", "ada"}, Arg{"sketches", "ada"}, Arg{"notes", "ada"}}, true},
		{[]any{Arg{"notes", "ada"}, Arg{"notes", "ada"}}, false},
		{[]any{Arg{"notes", "ada"}, Arg{"sketches", "ada"}, Arg{"sketches", "ada"}}, false},
		{[]any{"notes", "ada", "ada"}, false},
	} {
		var args []driver.NamedValue
		for _, arg := range c.args {
			args = append(args, driver.NamedValue{Value: arg})
		}
		if err := names.Check(t.Context(), statement, args); (err == nil) != c.ok {
			t.Errorf("%v: got %v, want ok %v", c.args, err, c.ok)
		}
		for _, arg := range args {
			if _, left := arg.Value.(Arg); left {
				t.Errorf("%v: the driver would get %v", c.args, arg.Value)
			}
		}
	}
}

func TestContained_RejectsTextThatLeavesItsParentheses(t *testing.T) {
	for piece, want := range map[string]bool{
		"a = 1 OR b = 2": true, "(a) AND (b)": true, "a = ')'": true, `"(" = 1`: true, "": true, "a = 'it''s ('": true,
		"a = $1":              true,
		`a LIKE ? ESCAPE '\'`: true, "title = 'love'": true, "a = ';'": true,
		"a) OR (b": false, "a = 1)": false, "(a": false, "a --": false, "a /*": false, "a = ')": false,
		"a; b": false, ")(": false,
		"a = E'\\')'": false, "a$x$)) OR (1=1 OR (x$": false,
		"1 = (SELECT 1 AS a$x$)) OR (1 = 1 OR 1 = (SELECT 1 AS a$x$)": false, "a = $$)$$": false,
		"a = $x$)$x$": false, "a = 1 AS [(]": false, "[']) OR (1=1 AND [']": false,
		"'((' <> 'x') OR ( '))' <> 'y'": false, "'a' = E'\\') OR (1=1 OR 'x' = '": false, "\"a`)\" OR `b": false,
		`a \ b`: false,
	} {
		if got := contained(piece); got != want {
			t.Errorf("%s: got %v, want %v", piece, got, want)
		}
	}
}

// FuzzCheck looks for a statement that reads the table and is admitted.
func FuzzCheck(f *testing.F) {
	for _, prefix := range []string{"SELECT 1 ", "SELECT '", "/* ", "SELECT $a$ ", "SELECT E'\\' ", "-- ",
		"SELECT [", `SELECT "`} {
		f.Add(prefix, " WHERE true")
	}
	f.Fuzz(func(t *testing.T, before, after string) {
		for _, table := range []string{"notes", `"notes"`, "public.notes"} {
			statement := before + " FROM " + table + " " + after
			if trimmed := strings.TrimLeft(after, spaces); trimmed != "" && strings.Contains(".=<>!", trimmed[:1]) {
				continue // such a name is not a table
			}
			if err := names.Check(t.Context(), statement, nil); err == nil {
				t.Errorf("got nil, want ErrUnscoped: %q", statement)
			}
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	query := `SELECT s.id, s.user_id, s.method, s.remember, s.ip, s.device, s.created_at, s.last_seen_at, s.expires_at FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.token_hash = ?`
	names := NewNames([]string{"notes", "note_images", "invoices", "customers", "projects"})
	args := []driver.NamedValue{{Value: "token"}}
	for b.Loop() {
		if names.Check(b.Context(), query, args) != nil {
			b.Fatal("got an error, want nil: the statement names no owned table")
		}
	}
}
