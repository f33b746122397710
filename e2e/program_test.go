package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.com/gatehouse/mail/mailtest"
)

// patience is the longest time that a test waits.
const patience = 20 * time.Second

// site is the running program, with its own folder.
type site struct {
	url  string
	dir  string           // holds data/
	mail *mailtest.Server // nil where mail stays in the development mailbox
	log  *logbook
}

// build builds the program once for all tests.
var build = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "e2e-")
	if err != nil {
		return "", err
	}
	atExit(func() { os.RemoveAll(folder) })
	path := filepath.Join(folder, "app")
	build := exec.Command("go", "build", "-o", path, ".")
	build.Dir = ".."
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the program: %w\n%s", err, output)
	}
	return path, nil
})

// start runs the program until the test ends, as a fresh clone does, with
// additional settings ("NAME=value").
func start(t *testing.T, settings ...string) *site {
	t.Helper()
	return startIn(t, t.TempDir(), settings...)
}

func startIn(t *testing.T, dir string, settings ...string) *site {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	s := &site{url: "http://localhost:" + port, dir: dir, log: &logbook{}}
	program := exec.Command(path)
	program.Dir = s.dir
	program.Env = append([]string{"PORT=" + port, "APP_URL=" + s.url, "PATH=" + os.Getenv("PATH")}, settings...)
	program.Stdout, program.Stderr = s.log, s.log
	if err := program.Start(); err != nil {
		t.Fatalf("starting the program: %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- program.Wait() }()
	t.Cleanup(func() { s.stop(t, program, ended) })
	s.awaitReady(t, ended)
	return s
}

// startWithMail starts the program with a mail server.
func startWithMail(t *testing.T, settings ...string) *site {
	t.Helper()
	server := mailtest.NewServer(t)
	s := start(t, append(settings, "SMTP_URL="+server.URL().String())...)
	s.mail = server
	return s
}

// runs runs a command of the program while the program serves.
func (s *site) runs(t *testing.T, words ...string) {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(path, words...)
	command.Dir, command.Env = s.dir, append(os.Environ(), "APP_URL="+s.url)
	if said, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(words, " "), err, said)
	}
}

// freePort returns a free port. Another process is unlikely to take it before
// the program does.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("looking for a free port: %v", err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}

func (s *site) awaitReady(t *testing.T, ended chan error) {
	t.Helper()
	late := time.After(patience)
	for {
		if response, err := http.Get(s.url + "/readyz"); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("the program ended at its start: %v\n%s", err, s.log)
		case <-late:
			t.Fatalf("the program is not ready after %s\n%s", patience, s.log)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop stops the program, and fails the test unless it ends cleanly and has
// logged no error.
func (s *site) stop(t *testing.T, program *exec.Cmd, ended chan error) {
	program.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("the program did not end cleanly: %v", err)
		}
	case <-time.After(patience):
		program.Process.Kill()
		t.Errorf("the program did not end within %s and was killed", patience)
	}
	if faults := s.log.faults(); len(faults) > 0 && !t.Failed() {
		t.Errorf("the program logged:\n%s", strings.Join(faults, "\n"))
	}
	if t.Failed() {
		lines := strings.SplitAfter(s.log.String(), "\n")
		t.Logf("the end of the program's log:\n%s", strings.Join(lines[max(0, len(lines)-40):], ""))
	}
}

// logbook stores the output of the program.
type logbook struct {
	mutex    sync.Mutex
	text     bytes.Buffer
	expected []string
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.Write(p)
}

func (l *logbook) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.String()
}

// expect ignores error lines with this text.
func (l *logbook) expect(text string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.expected = append(l.expected, text)
}

// faults returns the unexpected error lines.
func (l *logbook) faults() []string {
	var faults []string
lines:
	for line := range strings.Lines(l.String()) {
		if !strings.Contains(line, "level=ERROR") && !strings.Contains(line, "panic") &&
			!strings.Contains(line, "DATA RACE") {
			continue
		}
		for _, text := range l.expected {
			if strings.Contains(line, text) {
				continue lines
			}
		}
		faults = append(faults, strings.TrimSpace(line))
	}
	return faults
}

// missing skips the test with a sentence that says what to install. With
// CI=true it fails the test.
func missing(t *testing.T, sentence string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(sentence)
	}
	t.Skip(sentence)
}

// exits are the cleanups that TestMain runs for what the tests share.
var exits []func()

func atExit(f func()) { exits = append(exits, f) }

func TestMain(m *testing.M) {
	code := m.Run()
	for _, f := range exits {
		f()
	}
	os.Exit(code)
}

// lookPath returns the first of names that is installed.
func lookPath(names ...string) (string, error) {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("none of " + strings.Join(names, ", ") + " is installed")
}
