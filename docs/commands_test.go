//go:build unix

package docs_test

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

var runCommands = flag.Bool("commands", false, "run every command of the documents")

const (
	// patience is how long a command may take: one may have to compile
	// everything first.
	patience = 10 * time.Minute
	// farewell is how long a server may take to stop.
	farewell = 30 * time.Second
)

// inProse is what a span of the prose begins with if it is a command.
var inProse = regexp.MustCompile(`^([A-Z_]+=\S+ )*(go (run|test|build|tool|vet|mod|install) |sh tools/)\S`)

// commands are the document's, in its order: the lines of its blocks, and what
// the prose tells to type.
func (d document) commands() (found []string) {
	add := func(command string) {
		command = strings.Join(strings.Fields(command), " ")
		if command != "" && !strings.HasPrefix(command, "#") && !slices.Contains(found, command) {
			found = append(found, command)
		}
	}
	rest := d.text
	for _, at := range fences.FindAllStringSubmatchIndex(d.text, -1) {
		before, _, _ := strings.Cut(rest, d.text[at[0]:at[1]])
		for _, span := range (document{text: before}).spans() {
			if inProse.MatchString(span) {
				add(span)
			}
		}
		if d.text[at[2]:at[3]] == "sh" {
			for line := range strings.Lines(strings.ReplaceAll(d.text[at[4]:at[5]], "\\\n", "")) {
				add(line)
			}
		}
		rest = d.text[at[1]:]
	}
	for _, span := range (document{text: rest}).spans() {
		if inProse.MatchString(span) {
			add(span)
		}
	}
	return found
}

const develop = "sh tools/dev.sh"

// steps are the lines of CI, without the flags that change nothing that a
// command does. CI tests the generators and the documents once, on one engine.
func steps(t *testing.T) (lines []string) {
	t.Helper()
	for line := range strings.Lines(read(t, "../.ci/run")) {
		if _, body, isFunction := strings.Cut(line, "() { "); isFunction {
			line = strings.TrimSuffix(strings.TrimSpace(body), "; }")
		}
		plain := strings.NewReplacer(" -count=1", "", " -parallel 8", "", " -timeout 30m", "", "$(program)", "./...")
		lines = append(lines, plain.Replace(strings.TrimSpace(line)))
	}
	return lines
}

// Each command is a step of CI, starts a server, or runs in a copy of the
// repository.
func TestCommands_OfTheDocumentsWork(t *testing.T) {
	if !*runCommands {
		t.Skip("go test -timeout 30m ./docs -commands types them all, which takes minutes")
	}
	done := steps(t)
	// The same for all, so that what one compiled fits the next; and a path
	// that has to be quoted.
	root := filepath.Join(t.TempDir(), "Ada & Grace's copy")
	for _, d := range documents(t) {
		commands := slices.DeleteFunc(d.commands(), func(command string) bool { return slices.Contains(done, command) })
		if len(commands) == 0 {
			continue
		}
		t.Run(d.name, func(t *testing.T) {
			c := newCopy(t, root)
			for _, command := range commands {
				c.does(command)
			}
		})
		done = append(done, slices.DeleteFunc(commands, func(command string) bool { return !serves(command) })...) // once is enough
	}
}

// clone is a copy of the repository, without its history.
type clone struct {
	t    *testing.T
	root string
	env  []string
	port int
}

func newCopy(t *testing.T, root string) *clone {
	t.Helper()
	if err := os.RemoveAll(root); err != nil {
		t.Fatal(err)
	}
	list, err := exec.Command("git", "-C", "..", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Fatalf("the files of the repository cannot be listed: %v", err)
	}
	c := &clone{t: t, root: root, port: freePorts(t)}
	for _, name := range strings.Split(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		if err := copyFile(filepath.Join("..", name), filepath.Join(c.root, name)); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	settings := settingNames(read(t, "../.env.example"))
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); !slices.Contains(settings, name) && name != "CI" {
			c.env = append(c.env, variable)
		}
	}
	c.env = append(c.env, fmt.Sprintf("PORT=%d", c.port), fmt.Sprintf("APP_URL=http://localhost:%d", c.port))
	return c
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, content, info.Mode())
}

// freePorts returns the first of two neighbors: the second is for what stands
// behind the proxy of tools/dev.sh.
func freePorts(t *testing.T) int {
	t.Helper()
	for range 100 {
		first, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := first.Addr().(*net.TCPAddr).Port
		second, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+1))
		first.Close()
		if err == nil {
			second.Close()
			return port
		}
	}
	t.Fatal("no two neighboring ports are free")
	return 0
}

// briefly are the commands that take minutes, and the same on less.
var briefly = map[string]string{
	"go run ./bench": "go run ./bench -dashboard",
	"go test -run '^$' -bench . ./models ./auth ./session": "go test -run '^$' -bench . -benchtime 1x ./models ./auth ./session",
}

// serves reports whether a command runs until it is stopped.
func serves(command string) bool {
	return command == "go run ." || command == develop || strings.HasPrefix(command, "./bin/")
}

// does runs a command in the copy, and wants it to succeed.
func (c *clone) does(command string) {
	c.t.Helper()
	command = cmp.Or(briefly[command], command)
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = c.root, c.env, &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that what the command starts is stopped with it
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = farewell
	start := time.Now()
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	if serves(command) {
		c.isServed(ctx, command, ended)
		if command == develop {
			c.showsWhatIsSaved(ctx)
			c.showsTheLastOfManySaves(ctx)
		}
		cmd.Cancel = nil
		c.stops(command, cmd.Process.Pid, ended)
	} else if err := <-ended; err != nil {
		c.t.Fatalf("%s: %v\n%s", command, err, &said)
	}
	c.t.Logf("%5.1f s  %s", time.Since(start).Seconds(), command)
}

// isServed waits until the site answers with a page.
func (c *clone) isServed(ctx context.Context, command string, ended chan error) {
	c.t.Helper()
	for {
		if strings.Contains(c.page("/login"), "</form>") {
			return
		}
		select {
		case err := <-ended:
			c.t.Fatalf("%s ended at its start: %v", command, err)
		case <-ctx.Done():
			c.t.Fatalf("%s does not serve a page", command)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// showsWhatIsSaved saves a file of each kind, and waits until the site has it.
func (c *clone) showsWhatIsSaved(ctx context.Context) {
	c.t.Helper()
	for _, edit := range []struct{ file, old, new, path string }{
		{"views/login.templ", "New here?", "Never been here?", "/login"},
		{"handlers/health.go", `"ok\n"`, `"fine\n"`, "/healthz"},
		{"assets/base.css", "min-height: 100dvh", "min-height: 99dvh", "/assets/app-before.css"},
	} {
		file := filepath.Join(c.root, edit.file)
		before := read(c.t, file)
		if !strings.Contains(before, edit.old) {
			c.t.Fatalf("%s does not say %s", edit.file, edit.old)
		}
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(before, edit.old, edit.new)), 0o644); err != nil {
			c.t.Fatal(err)
		}
		for want := strings.NewReplacer(`"`, "", `\n`, "").Replace(edit.new); !strings.Contains(c.page(edit.path), want); time.Sleep(20 * time.Millisecond) {
			if ctx.Err() != nil {
				c.t.Fatalf("%s is saved, and %s does not say %s", edit.file, edit.path, want)
			}
		}
	}
}

// showsTheLastOfManySaves saves a file while the build of its last save runs,
// as editors that save by themselves do.
func (c *clone) showsTheLastOfManySaves(ctx context.Context) {
	c.t.Helper()
	file, word := filepath.Join(c.root, "handlers/health.go"), "fine"
	for round := range 6 {
		for save := range 3 {
			before, next := read(c.t, file), fmt.Sprintf("save %d-%d", round, save)
			if err := os.WriteFile(file, []byte(strings.ReplaceAll(before, `"`+word+`\n"`, `"`+next+`\n"`)), 0o644); err != nil {
				c.t.Fatal(err)
			}
			word = next
			time.Sleep(time.Duration(200+200*round) * time.Millisecond)
		}
		for ; c.page("/healthz") != word+"\n"; time.Sleep(20 * time.Millisecond) {
			if ctx.Err() != nil {
				c.t.Fatalf("%s is saved last, and the site says %s", word, c.page("/healthz"))
			}
		}
	}
}

// page is what the site answers, "" where it does not.
func (c *clone) page(path string) string {
	answer, err := http.Get(fmt.Sprintf("http://localhost:%d%s", c.port, path))
	if err != nil {
		return ""
	}
	defer answer.Body.Close()
	page, _ := io.ReadAll(answer.Body) // of a server that stops meanwhile there is half of it
	return string(page)
}

// stops sends the signal of Ctrl-C, and waits until the server no longer
// answers.
func (c *clone) stops(command string, group int, ended chan error) {
	c.t.Helper()
	_ = syscall.Kill(-group, syscall.SIGINT) // that it has ended already shows below
	select {
	case <-ended:
	case <-time.After(farewell):
		_ = syscall.Kill(-group, syscall.SIGKILL)
		c.t.Fatalf("%s does not stop", command)
	}
	for _, port := range []int{c.port, c.port + 1} {
		if open, err := net.Dial("tcp", fmt.Sprintf("localhost:%d", port)); err == nil {
			open.Close()
			c.t.Errorf("%s was stopped, and somebody still answers", command)
		}
	}
}
