package models_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
	"github.com/google/uuid"
	"gorm.io/gorm"
)

// TestMain lets the test binary be the other process in the tests that need one.
func TestMain(m *testing.M) {
	children := map[string]func(databaseURL string){"migrate": childMigrates, "write": childWrites, "open": childOpens}
	if run, ok := children[os.Getenv("MODELS_TEST_CHILD")]; ok {
		run(os.Getenv("MODELS_TEST_URL"))
		return
	}
	os.Exit(m.Run())
}

// child returns the test binary as another program that works on databaseURL.
func child(t *testing.T, what, databaseURL string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), "MODELS_TEST_CHILD="+what, "MODELS_TEST_URL="+databaseURL)
	return cmd
}

func newUser(name string) *models.User {
	now := time.Now()
	return &models.User{
		ID: uuid.Must(uuid.NewV7()).String(), Name: name, Email: strings.ToLower(name) + "@example.com", PasswordHash: "x",
		CreatedAt: now, UpdatedAt: now,
	}
}

func newSession(userID string, token string) *models.Session {
	now := time.Now()
	return &models.Session{
		ID: uuid.Must(uuid.NewV7()).String(), UserID: userID, TokenHash: []byte(token), Method: "password",
		CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(time.Hour),
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func openURL(t testing.TB, databaseURL string) *gorm.DB {
	t.Helper()
	db, err := models.Open(databaseURL, models.Tables())
	must(t, err)
	t.Cleanup(func() { models.Close(db) })
	return db
}

func TestTheDatabaseBelongsToItsOwnerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	db := openURL(t, "sqlite:"+filepath.Join(dir, "app.db"))
	_, err := models.Migrate(context.Background(), db)
	must(t, err)
	want := map[string]os.FileMode{".": 0o700, "app.db": 0o600, "app.db-wal": 0o600, "app.db-shm": 0o600}
	for name, mode := range want {
		info, err := os.Stat(filepath.Join(dir, name))
		must(t, err)
		if info.Mode().Perm() != mode {
			t.Errorf("%s has mode %o, want %o", name, info.Mode().Perm(), mode)
		}
	}
}

func TestADatabaseThatEverybodyCouldReadIsClosedToOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.db")
	must(t, os.WriteFile(path, nil, 0o644))
	must(t, os.Chmod(path, 0o644))
	openURL(t, "sqlite:"+path)
	info, err := os.Stat(path)
	must(t, err)
	if info.Mode().Perm() != 0o640 {
		t.Errorf("the file has mode %o, want 640", info.Mode().Perm())
	}
}

func TestAnyFileNameWillDo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "50%20of #1 & a = b", "ä.db")
	openURL(t, "sqlite:"+path)
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	openURL(t, "sqlite://"+path)
}

func TestSQLiteIsSetUpForAServer(t *testing.T) {
	db := modelstest.SQLite(t)
	writer, err := db.DB()
	must(t, err)
	if n := writer.Stats().MaxOpenConnections; n != 1 {
		t.Errorf("there may be %d writers", n)
	}
	for setting, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "1", "foreign_keys": "1", "busy_timeout": "5000", "cache_size": "-8000",
	} {
		var writers, readers string
		must(t, writer.QueryRow("PRAGMA "+setting).Scan(&writers))
		must(t, db.Raw("SELECT * FROM pragma_"+setting).Row().Scan(&readers))
		if writers != want || readers != want {
			t.Errorf("%s is %s for the writer and %s for readers, want %s", setting, writers, readers, want)
		}
	}
}

// Setting WAL mode needs the file alone for a moment, in which SQLite turns others away at once.
func TestANewDatabaseCanBeOpenedByManyAtOnce(t *testing.T) {
	for range 30 {
		databaseURL := "sqlite:" + filepath.Join(t.TempDir(), "app.db")
		var servers sync.WaitGroup
		for range 12 {
			servers.Go(func() {
				db, err := models.Open(databaseURL, models.Tables())
				if err != nil {
					t.Error(err)
					return
				}
				models.Close(db)
			})
		}
		servers.Wait()
	}
}

func TestWhatCannotBeOpenedSaysWhatToDo(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	must(t, os.WriteFile(file, []byte(strings.Repeat("This is a letter and no database. ", 100)), 0o600))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	nobody := listener.Addr().String()
	must(t, listener.Close())
	for name, test := range map[string]struct{ url, says string }{
		"no path":            {"sqlite:", "write sqlite: and a path"},
		"a folder":           {"sqlite:" + dir, "set DATABASE_URL to another path"},
		"below a file":       {"sqlite:" + file + "/app.db", "set DATABASE_URL to another path"},
		"a letter":           {"sqlite:" + file, "is not an SQLite database"},
		"nobody listening":   {"postgres://ada:geheim@" + nobody + "/app?sslmode=disable", "check that it runs"},
		"no TLS to be had":   {"postgres://ada:geheim@" + deafServer(t) + "/app?sslmode=verify-full", "sslmode=disable"},
		"a database unknown": {strings.Replace(modelstest.EmptyURL(t), "/test_", "/nowhere_", 1), "createdb"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "a database unknown" && os.Getenv("TEST_DATABASE") != "postgres" {
				t.Skip("runs with TEST_DATABASE=postgres")
			}
			db, err := models.Open(test.url, models.Tables())
			if err == nil {
				models.Close(db)
				t.Fatal("it was opened")
			}
			if !strings.Contains(err.Error(), test.says) {
				t.Errorf("the error does not say %q: %v", test.says, err)
			}
			if strings.Contains(err.Error(), "geheim") {
				t.Errorf("the error holds the password: %v", err)
			}
		})
	}
}

func TestOpen_RefusesAPostgreSQLThatIsNotUTF8(t *testing.T) {
	for _, encoding := range []string{"LATIN1", "SQL_ASCII"} {
		_, err := models.Open(modelstest.PostgresIn(t, encoding), models.Tables())
		if err == nil || !strings.Contains(err.Error(), encoding) || !strings.Contains(err.Error(), "--encoding=UTF8") {
			t.Errorf("%s: got %v, want an error that names the encoding and says what to do", encoding, err)
		}
	}
}

func TestOpen_SpeaksUTF8WhateverTheRoleSays(t *testing.T) {
	databaseURL := modelstest.PostgresURL(t)
	db := openURL(t, databaseURL)
	must(t, db.Exec("ALTER DATABASE "+db.Migrator().CurrentDatabase()+" SET client_encoding = 'LATIN1'").Error)
	var got string
	must(t, openURL(t, databaseURL).Raw("SELECT 'żółw ' || current_setting('client_encoding')").Scan(&got).Error)
	if want := "żółw UTF8"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOpen_WarnsOfAPoolerIfStatementsArePreparedByName(t *testing.T) {
	for query, warns := range map[string]bool{"": true, "default_query_exec_mode=exec": false} {
		lines := captureLog(t)
		openURL(t, modelstest.PgBouncer(t, query))
		if got := strings.Contains(lines.String(), "default_query_exec_mode=exec"); got != warns {
			t.Errorf("%q: got a warning: %t, want %t: %s", query, got, warns, lines)
		}
	}
	lines := captureLog(t)
	openURL(t, modelstest.PostgresURL(t))
	if lines.Len() > 0 {
		t.Errorf("without a pooler: got %s, want nothing", lines)
	}
}

// deafServer answers PostgreSQL's question for TLS as a server without a certificate does.
func deafServer(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			io.ReadFull(conn, make([]byte, 8))
			conn.Write([]byte("N"))
			conn.Close()
		}
	}()
	return listener.Addr().String()
}

func TestASmallDiskIsNamed(t *testing.T) {
	db := modelstest.SQLite(t)
	must(t, db.Exec("PRAGMA max_page_count = 60").Error)
	var err error
	for range 100 {
		user := newUser("ada" + uuid.NewString())
		user.Name = strings.Repeat("a", 4000)
		if err = db.Create(user).Error; err != nil {
			break
		}
	}
	if err == nil || !strings.Contains(err.Error(), "make room") {
		t.Errorf("a full disk gives: %v", err)
	}
	var n int64
	must(t, db.Model(&models.User{}).Count(&n).Error)
}

func TestADuplicateAMissingParentAndABrokenRuleHaveNames(t *testing.T) {
	db := modelstest.Open(t)
	ada := newUser("ada")
	must(t, db.Create(ada).Error)
	again := newUser("ada")
	shouting := newUser("bob")
	shouting.Email = "BOB@example.com"
	for _, test := range []struct {
		what string
		err  error
		want error
	}{
		{"the same address", db.Create(again).Error, gorm.ErrDuplicatedKey},
		{"the same id", db.Exec("INSERT INTO limits SELECT id, 1, created_at, created_at FROM users UNION ALL SELECT id, 1, created_at, created_at FROM users").Error, gorm.ErrDuplicatedKey},
		{"in a transaction", db.Transaction(func(tx *gorm.DB) error { return tx.Create(again).Error }), gorm.ErrDuplicatedKey},
		{"a session of nobody", db.Create(newSession("nobody", "token")).Error, gorm.ErrForeignKeyViolated},
		{"an address in capitals", db.Create(shouting).Error, gorm.ErrCheckConstraintViolated},
	} {
		if !errors.Is(test.err, test.want) {
			t.Errorf("%s: %v, want %v", test.what, test.err, test.want)
		}
	}
}

func TestAPreparedStatementTakesQuestionMarksOnBothEngines(t *testing.T) {
	db := modelstest.Open(t)
	must(t, db.Create(newUser("ada")).Error)
	stmt, err := models.Prepare(db, "SELECT name, 'why?' FROM users WHERE email = ? AND name = ?")
	must(t, err)
	defer stmt.Close()
	var name, question string
	must(t, stmt.QueryRow("ada@example.com", "ada").Scan(&name, &question))
	if name != "ada" || question != "why?" {
		t.Errorf("got %q and %q", name, question)
	}
	if err := stmt.QueryRow("ada@example.com", "eve").Scan(&name, &question); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("a row that is not there gives: %v", err)
	}
	if _, err := models.Prepare(db, "SELECT nothing FROM nowhere"); err == nil {
		t.Error("nonsense was prepared")
	}
}

func TestTheLogTellsOfAFailedStatementButNotItsValues(t *testing.T) {
	db := modelstest.Open(t)
	lines := captureLog(t)
	models.LogTo(db, slog.Default())
	must(t, db.Create(newUser("ada")).Error)
	var user models.User
	db.Where("email = ?", "missing@example.com").Take(&user)
	if lines.Len() > 0 {
		t.Fatalf("statements that went well are in the log: %s", lines)
	}
	db.Create(newUser("ada"))
	db.Exec("UPDATE users SET age = ? WHERE email = ?", "geheim", "ada@example.com")
	db.Raw("SELECT email FROM users WHERE email = ?", "ada@example.com").Scan(new(int))
	db.Where("id = ?", struct{ secret string }{"geheim"}).Take(&user)
	if got := strings.Count(lines.String(), "a statement failed"); got < 3 {
		t.Errorf("%d of the failed statements are in the log: %s", got, lines)
	}
	for _, value := range []string{"geheim", "ada@example.com"} {
		if strings.Contains(lines.String(), value) {
			t.Errorf("the log holds %s: %s", value, lines)
		}
	}
}

func TestStatementError_NamesTheStatementButNotItsValues(t *testing.T) {
	db := modelstest.Open(t)
	err := db.Where("email = ?", "missing@example.com").Take(&models.User{}).Error
	if !errors.Is(err, gorm.ErrRecordNotFound) || !strings.Contains(err.Error(), "FROM") || !strings.Contains(err.Error(), "email = ") {
		t.Errorf("got %v, want a gorm.ErrRecordNotFound that names the statement", err)
	}
	for what, err := range map[string]error{
		"no row": err,
		"Create": errors.Join(db.Create(newUser("ada")).Error, db.Create(newUser("ada")).Error),
		"Update": db.Model(&models.User{}).Where("nothing = ?", "missing@example.com").Update("name", "Ada").Error,
		"Delete": models.Unscoped(db).Where("nothing = ?", "missing@example.com").Delete(&models.User{}).Error,
		"Raw":    db.Exec("UPDATE nothing SET name = ?", "missing@example.com").Error,
		"Row":    db.Raw("SELECT nothing FROM nothing WHERE name = ?", "missing@example.com").Scan(new(string)).Error,
	} {
		if _, named := errors.AsType[*models.StatementError](err); !named || strings.Contains(err.Error(), "missing@example.com") {
			t.Errorf("%s: got %v, want the statement without its values", what, err)
		}
	}
}

func TestTheLogTellsOfASlowStatement(t *testing.T) {
	db := modelstest.SQLite(t)
	lines := captureLog(t)
	models.LogTo(db, slog.Default())
	var n int64
	for limit := 1_000_000; !strings.Contains(lines.String(), "a slow statement"); limit *= 2 {
		if limit > 1_000_000_000 {
			t.Fatalf("the log holds: %s", lines)
		}
		must(t, db.Raw("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ?) SELECT count(*) FROM c", limit).Scan(&n).Error)
	}
}

func captureLog(t *testing.T) *bytes.Buffer {
	t.Helper()
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	var lines bytes.Buffer
	slog.SetDefault(slog.New(slog.NewTextHandler(&lines, nil)))
	return &lines
}

func TestAKilledProcessLosesNoCommittedRow(t *testing.T) {
	databaseURL := modelstest.URL(t)
	cmd := child(t, "write", databaseURL)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	var told []string
	for len(told) < 300 {
		var id string
		_, err := fmt.Fscanln(out, &id)
		must(t, err)
		told = append(told, id)
	}
	must(t, cmd.Process.Kill())
	cmd.Wait()
	db := openURL(t, databaseURL)
	for _, id := range told {
		if err := db.Where("id = ?", id).Take(&models.User{}).Error; err != nil {
			t.Fatalf("%s was committed and is lost: %v", id, err)
		}
	}
}

// childWrites adds users for as long as it lives and tells of each that is committed.
func childWrites(databaseURL string) {
	db, err := models.Open(databaseURL, models.Tables())
	for err == nil {
		user := newUser("user" + uuid.NewString())
		err = db.Transaction(func(tx *gorm.DB) error { return tx.Create(user).Error })
		fmt.Println(user.ID)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
