package cli

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"example.com/gatehouse/app"
	"example.com/gatehouse/models/modelstest"
)

// program runs commands in an empty folder and on an empty database.
type program struct {
	t        *testing.T
	settings []string
}

// newProgram makes the working directory an empty folder. Settings that come
// later win.
func newProgram(t *testing.T, settings ...string) *program {
	t.Helper()
	t.Chdir(t.TempDir())
	return &program{t, append([]string{"DATABASE_URL=" + modelstest.EmptyURL(t)}, settings...)}
}

// run returns what the command writes, errors included, and the exit status.
func (p *program) run(words ...string) (output string, status int) {
	p.t.Helper()
	var out bytes.Buffer
	status = run(p.t.Context(), words, &app.Call{Program: "gatehouse", Environ: p.settings, Out: &out, Err: &out})
	return out.String(), status
}

// wantNoFiles fails the test if a command has written anything.
func (p *program) wantNoFiles() {
	p.t.Helper()
	if left, err := os.ReadDir("."); err != nil || len(left) != 0 {
		p.t.Errorf("the working directory has %v (%v), want nothing", left, err)
	}
}

// production returns every setting that production needs.
func production(t *testing.T) []string {
	t.Helper()
	return []string{
		"APP_ENV=production", "APP_URL=https://app.example.com",
		"DATABASE_URL=sqlite:" + filepath.Join(t.TempDir(), "app.db"),
		"SECRET_KEY=3f9c1a7be2d8460599b1c2d3e4f5a6b7", "SMTP_URL=smtps://user:pass@mail.example.com:465",
		"MAIL_FROM=Acme <hello@example.com>", "TRUSTED_PROXIES=none",
	}
}

func TestRun_AnswersUnknownWordsWithTheUsage(t *testing.T) {
	p := newProgram(t)
	for _, words := range [][]string{
		{"serv"}, {"serve", "now"}, {"--port=80"}, {""}, {"serve", "--json"},
		{"routes", "--xml"}, {"routes", "--json", "--json"}, {"routes", "a", "b"},
		{"user expire-password", "ada@example.com"}, {"user expire-password ADDRESS"}, {"user", "expire-password"},
		{"user", "recover"}, {"user", "move", "ada@example.com"}, {"FILE"}, {"backup"},
	} {
		if output, status := p.run(words...); status != 2 || !strings.Contains(output, "usage: gatehouse") {
			t.Errorf("%q: got status %d and %q, want status 2 and the usage", words, status, output)
		}
	}
	p.wantNoFiles()
}

func TestHelp_ListsEveryCommand(t *testing.T) {
	p := newProgram(t)
	for _, word := range []string{"help", "-h", "--help"} {
		output, status := p.run(word)
		for _, command := range commands(nil) {
			if status != 0 || !strings.Contains(output, "\n  "+command.Words+"  ") {
				t.Errorf("%s: got status %d and %q, want status 0 and a line for %q", word, status,
					output, command.Words)
			}
		}
	}
}

func TestFind_ReturnsTheArguments(t *testing.T) {
	for _, c := range []struct{ words, command, args string }{
		{"", "serve", ""},
		{"routes", "routes [WORD]", ""},
		{"routes login", "routes [WORD]", "login"},
		{"routes --json", "routes --json", ""},
		{"user move a@example.com b@example.com", "user move ADDRESS NEW-ADDRESS", "a@example.com b@example.com"},
	} {
		command, args, _ := find(commands(nil), strings.Fields(c.words))
		if got := strings.Join(args, " "); command.Words != c.command || got != c.args {
			t.Errorf("%q: got the command %q with %q, want %q with %q", c.words, command.Words, got, c.command, c.args)
		}
	}
}

func TestRun_NamesEveryWrongSettingAndStartsNothing(t *testing.T) {
	p := newProgram(t, "APP_ENV=production", "PORT=http", "PASSWORD_MIN=1", "DATABASE_URL=postgres://u:p@h:port/x")
	wrong := strings.Fields("TRUSTED_PROXIES APP_URL DATABASE_URL SECRET_KEY SMTP_URL MAIL_FROM PORT PASSWORD_MIN")
	for _, word := range []string{"serve", "migrate", "seed", "routes"} {
		output, status := p.run(word)
		for _, name := range wrong {
			if status != 2 || !strings.Contains(output, name) {
				t.Errorf("%s: got status %d and %q, want status 2 and %s", word, status, output, name)
			}
		}
	}
	p.wantNoFiles()
}

// Every setting of production but APP_ENV must not start a development site.
func TestServe_RefusesAForgottenAppEnv(t *testing.T) {
	p := newProgram(t, production(t)[1:]...)
	if output, status := p.run("serve"); status != 2 || !strings.Contains(output, "set APP_ENV=production") {
		t.Errorf("got status %d and %q, want status 2 and a sentence that says to set APP_ENV=production",
			status, output)
	}
}

// An unreachable database is not a wrong setting.
func TestServe_SaysThatTheDatabaseIsUnreachable(t *testing.T) {
	p := newProgram(t, "DATABASE_URL=postgres://u:p@127.0.0.1:"+freePort(t)+"/x?sslmode=disable")
	if output, status := p.run("serve"); status != 1 || !strings.Contains(output, "check that it runs") {
		t.Errorf("got status %d and %q, want status 1 and the advice to check that it runs", status, output)
	}
}

func TestServe_SaysThatThePortIsTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	output, status := newProgram(t, "PORT="+port).run("serve")
	if status != 1 || !strings.Contains(output, "another server") {
		t.Errorf("got status %d and %q, want status 1 and a hint at another server", status, output)
	}
}

func TestMigrate_CountsMigrations(t *testing.T) {
	p := newProgram(t)
	for _, want := range []string{"^[1-9][0-9]* migrations applied", "^0 migrations applied"} {
		if output, status := p.run("migrate"); status != 0 || !regexp.MustCompile(want).MatchString(output) {
			t.Errorf("got status %d and %q, want status 0 and %s", status, output, want)
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
