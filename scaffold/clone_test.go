package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// clone is a copy of this repository in a folder of its own, and what the program said there.
type clone struct {
	t       *testing.T
	root    string
	said    string
	before  map[string]file
	answers string // typed at the terminal; none where there is no terminal
	ran     []string
	makes   bool   // the steps that make files are taken; what comes out is built by the walk
	broken  string // the word of a step that fails
}

// original is a copy of this repository. Clones link to its files, since writing
// them for each clone would take most of the time. A change puts another file in
// their place, as writeFile does. It is read by the first test and not by TestMain:
// the test cache knows only what tests read.
var original = sync.OnceValue(func() (o struct {
	root  string
	files map[string]file
}) {
	var err error
	if o.root, err = os.MkdirTemp("", "scaffold-"); err != nil {
		panic(err)
	}
	if o.files, err = readFiles(".."); err != nil {
		panic(err)
	}
	for name, f := range o.files {
		if err := writeFile(o.root, name, f); err != nil {
			panic(err)
		}
	}
	return o
})

func TestMain(m *testing.M) {
	os.Exit(func() (status int) {
		status = m.Run()
		root, files := original().root, original().files
		defer os.RemoveAll(root)
		if left, err := readFiles(root); err != nil || !maps.Equal(left, files) {
			fmt.Println("FAIL: a test has written into a file that all clones share", err)
			status = 1
		}
		return status
	}())
}

func newClone(t *testing.T) *clone {
	t.Helper()
	t.Parallel()
	c := &clone{t: t, root: t.TempDir(), before: original().files}
	made := map[string]bool{}
	for name := range original().files {
		mine := filepath.Join(c.root, filepath.FromSlash(name))
		if folder := filepath.Dir(mine); !made[folder] {
			if err := os.MkdirAll(folder, 0o755); err != nil {
				t.Fatal(err)
			}
			made[folder] = true
		}
		if err := os.Link(filepath.Join(original().root, filepath.FromSlash(name)), mine); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// does runs the program.
func (c *clone) does(args ...string) error {
	c.t.Helper()
	var out bytes.Buffer
	run := &call{root: c.root, args: args, in: strings.NewReader(c.answers), out: &out, terminal: c.answers != "", tool: c.step}
	err := run.dispatch(c.t.Context())
	c.said = out.String()
	return err
}

func (c *clone) step(ctx context.Context, root string, words ...string) error {
	c.ran = append(c.ran, strings.Join(words, " "))
	switch {
	case c.broken != "" && slices.Contains(words, c.broken):
		return errors.New("it does not build")
	case c.makes && slices.Contains(words, "templ"):
		for name, f := range c.files() {
			if strings.HasSuffix(name, "_templ.go") { // which templ writes into
				c.put(name, f.content)
			}
		}
		return runTool(ctx, root, words...)
	}
	return nil
}

// succeeds and refuses are does where it must, or must not.
func (c *clone) succeeds(args ...string) *clone {
	c.t.Helper()
	if err := c.does(args...); err != nil {
		c.t.Fatalf("%q: %v", args, err)
	}
	return c
}

// refuses wants exit status 2, these words, and no change at all.
func (c *clone) refuses(words string, args ...string) {
	c.t.Helper()
	before := c.files()
	err := c.does(args...)
	if err == nil || exitStatus(err) != 2 || !strings.Contains(err.Error(), words) {
		c.t.Errorf("%q: %v does not say %q", args, err, words)
	}
	c.same(before)
}

func (c *clone) files() map[string]file {
	c.t.Helper()
	files, err := readFiles(c.root)
	if err != nil {
		c.t.Fatal(err)
	}
	return files
}

// same wants the files to be as they were.
func (c *clone) same(before map[string]file) {
	c.t.Helper()
	if changed := c.changed(before); len(changed) > 0 {
		c.t.Errorf("changed: %q", changed)
	}
}

func (c *clone) changed(before map[string]file) (names []string) {
	now := c.files()
	for name := range now {
		if now[name] != before[name] {
			names = append(names, name)
		}
	}
	for name := range before {
		if _, ok := now[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (c *clone) read(name string) string {
	c.t.Helper()
	content, err := os.ReadFile(filepath.Join(c.root, name))
	if err != nil {
		c.t.Fatal(err)
	}
	return string(content)
}

// alignment is what gofmt puts before a comment, which depends on the lines of
// the product around it.
var alignment = regexp.MustCompile(` +//`)

func (c *clone) holds(name string, parts ...string) *clone {
	c.t.Helper()
	for _, part := range parts {
		if !strings.Contains(alignment.ReplaceAllString(c.read(name), " //"), part) {
			c.t.Errorf("%s does not hold %q", name, part)
		}
	}
	return c
}

// replace edits a file as a person would.
func (c *clone) replace(name, old, new string) {
	c.t.Helper()
	content := c.read(name)
	if !strings.Contains(content, old) {
		c.t.Fatalf("%s does not hold %q", name, old)
	}
	c.put(name, strings.Replace(content, old, new, 1))
}

func (c *clone) put(name, content string) {
	c.t.Helper()
	if err := writeFile(c.root, name, file{content, 0o644}); err != nil {
		c.t.Fatal(err)
	}
}

// added are the files that were not there before, those made from others left out.
func (c *clone) added() []string {
	c.t.Helper()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(c.files())), func(name string) bool {
		_, old := c.before[name]
		return old || strings.HasSuffix(name, "_templ.go")
	})
}
