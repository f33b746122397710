package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.com/gatehouse/models/modelstest"
)

// program names the variable that makes the test binary act as the program.
const program = "TEST_RUNS_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(program) != "" {
		main() // which exits
	}
	os.Exit(m.Run())
}

// databases has the URL of each folder whose runs use PostgreSQL.
var databases sync.Map

// databaseURL returns the database of the runs in a folder. It is empty at first,
// and with TEST_DATABASE=postgres in PostgreSQL.
func databaseURL(t *testing.T, dir string) string {
	t.Helper()
	if os.Getenv("TEST_DATABASE") != "postgres" {
		return "sqlite:" + filepath.Join(dir, "data", "app.db")
	}
	if known, ok := databases.Load(dir); ok {
		return known.(string)
	}
	fresh := modelstest.EmptyURL(t)
	databases.Store(dir, fresh)
	return fresh
}

// command prepares a run of the program in a folder of its own.
func command(t *testing.T, ctx context.Context, dir string, settings []string, words ...string) (*exec.Cmd, *output) {
	t.Helper()
	cmd := exec.CommandContext(ctx, os.Args[0], words...)
	cmd.Dir = dir
	cmd.Env = []string{program + "=1", "PATH=" + os.Getenv("PATH"), "HOME=" + dir}
	if database := databaseURL(t, dir); strings.HasPrefix(database, "postgres:") {
		cmd.Env = append(cmd.Env, "DATABASE_URL="+database)
	}
	cmd.Env = append(cmd.Env, settings...)
	out := &output{}
	cmd.Stdout, cmd.Stderr = out, out
	return cmd, out
}

// output is what the program writes. It may be read while the program runs.
type output struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.text.String()
}

func run(t *testing.T, dir string, settings []string, words ...string) (output string, status int) {
	t.Helper()
	cmd, out := command(t, t.Context(), dir, settings, words...)
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// server is a running program.
type server struct {
	t      *testing.T
	cmd    *exec.Cmd
	output *output
	url    string
	client *http.Client
}

func start(t *testing.T, dir string, settings ...string) *server {
	t.Helper()
	s := launch(t, dir, freePort(t), settings...)
	s.await()
	return s
}

func launch(t *testing.T, dir, port string, settings ...string) *server {
	t.Helper()
	jar, _ := cookiejar.New(nil) // it has no error to give
	s := &server{t: t, url: "http://127.0.0.1:" + port, client: &http.Client{Jar: jar, Timeout: 20 * time.Second}}
	settings = append([]string{"PORT=" + port, "APP_URL=" + s.url}, settings...)
	s.cmd, s.output = command(t, context.Background(), dir, settings)
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.kill(syscall.SIGKILL) })
	return s
}

// await returns once the server answers.
func (s *server) await() {
	s.t.Helper()
	for range 600 {
		if answer, err := http.Get(s.url + "/readyz"); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	s.kill(syscall.SIGKILL)
	s.t.Fatalf("the server is not ready after 12 s:\n%s", s.output)
}

// kill sends the signal and returns the exit status, which is -1 if the signal
// ended the program.
func (s *server) kill(signal syscall.Signal) int {
	if s.cmd.ProcessState == nil {
		s.cmd.Process.Signal(signal)
		s.cmd.Wait()
	}
	return s.cmd.ProcessState.ExitCode()
}

func (s *server) get(path string) (int, string) {
	s.t.Helper()
	answer, err := s.client.Get(s.url + path)
	return s.read(answer, err)
}

func (s *server) post(path string, form url.Values) (int, string) {
	s.t.Helper()
	r, err := http.NewRequest(http.MethodPost, s.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", s.url)
	answer, err := s.client.Do(r)
	return s.read(answer, err)
}

func (s *server) read(answer *http.Response, err error) (int, string) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("%v\n%s", err, s.output)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
}

var registration = url.Values{"name": {"Ada"}, "email": {"ada@example.com"}, "password": {"seven purple lanterns hum"}}

// signUp registers Ada, and confirms with the link in the development mailbox,
// which logs her in.
func (s *server) signUp() {
	s.t.Helper()
	s.post("/register", registration)
	_, list := s.get("/dev/mail")
	message := regexp.MustCompile(`/dev/mail/[0-9a-f-]{36}`).FindString(list)
	_, html := s.get(message + "/html")
	link := regexp.MustCompile(`http://[^"]+/email/confirm\?token=([\w-]+)`).FindStringSubmatch(html)
	if link == nil {
		s.t.Fatalf("the development mailbox shows no link:\n%s", html)
	}
	status, body := s.post("/email/confirm", url.Values{"token": {link[1]}})
	if status != http.StatusOK || !strings.Contains(body, "Dashboard") {
		s.t.Errorf("got status %d from confirming the address, want 200 and the dashboard", status)
	}
}

// loggedIn reports whether the client is logged in.
func (s *server) loggedIn() bool {
	s.t.Helper()
	_, body := s.get("/dashboard")
	return strings.Contains(body, "Log out")
}
