package main

import (
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestWhatFailsHalfwayLeavesEverythingAsItWas(t *testing.T) {
	c := newClone(t)
	c.broken = "generate"
	if err := c.does("page", "zebras"); err == nil || !strings.Contains(err.Error(), "Everything is again as it was") {
		t.Errorf("it failed with %v", err)
	}
	c.same(c.before)
}

// What templ fmt has formatted, as lint demands, stays as it is; other lines become so.
func TestPagesAreFormattedAsTemplFormatsThem(t *testing.T) {
	views := 0
	for name, f := range original().files {
		if path.Ext(name) != ".templ" {
			continue
		}
		views++
		if formatted, err := formatFile(name, f.content); err != nil || formatted != f.content {
			t.Errorf("%s becomes (%v):\n%s", name, err, formatted)
		}
	}
	if formatted, err := formatFile("views/zebras.templ", "package views\n\ntempl Zebras() {\n<p>Zebras</p>\n}\n"); err != nil || !strings.Contains(formatted, "\t<p>") {
		t.Errorf("other lines become (%v):\n%s", err, formatted)
	}
	if views < 10 {
		t.Errorf("only %d pages were looked at", views)
	}
}

func TestWhatWouldNotBeGoIsNotWritten(t *testing.T) {
	c := newClone(t)
	c.replace("handlers/routes.go", "func (h *Handlers) Routes", "func (h *Handlers routes")
	c.refuses("handlers/routes.go", "page", "zebras")
}

func TestOutsideOfACloneNothingIsDone(t *testing.T) {
	c := newClone(t)
	c.root = t.TempDir()
	c.refuses("not the root of a clone", "page", "zebras")
}

func TestWhatGitIgnoresIsLeftAlone(t *testing.T) {
	c := newClone(t)
	for _, name := range []string{"data/app.db", "tmp/x.go", "e2e/node_modules/x/y.js", ".env"} {
		c.put(name, "mine")
	}
	c.same(c.before)
}

// Git for Windows sets core.autocrlf. The program embeds text files, and finds
// compressed assets by the hash of their sources.
func TestGitattributes_KeepLineEndsOnWindows(t *testing.T) {
	c, copied := newClone(t), filepath.Join(t.TempDir(), "windows")
	run := func(root string, words ...string) string {
		t.Helper()
		said, err := git(t.Context(), root, words...)
		if err != nil {
			t.Fatal(err)
		}
		return said
	}
	run(c.root, "init", "--quiet")
	run(c.root, "add", "--all")
	run(c.root, "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "--quiet", "--message", "Start")
	run(c.root, "clone", "--quiet", "-c", "core.autocrlf=true", "-c", "core.eol=crlf", c.root, copied)
	for line := range strings.Lines(run(copied, "ls-files", "--eol")) {
		if strings.Contains(line, "w/crlf") || strings.Contains(line, "w/mixed") {
			t.Errorf("got %s want lines that end in \\n", strings.Join(strings.Fields(line), " "))
		}
	}
}

// A clone may have lost its .gitattributes, or its files went through an editor.
func TestGenerators_WorkWhateverEndsTheLines(t *testing.T) {
	c := newClone(t)
	for name, f := range c.before {
		if withoutCR(f.content+"\r\n") != f.content+"\r\n" { // a text
			f.content = strings.ReplaceAll(f.content, "\n", "\r\n")
		}
		if err := writeFile(c.root, name, f); err != nil {
			t.Fatal(err)
		}
	}
	c.makes = true
	c.succeeds(zebra...).holds("views/zebras_templ.go", "func Zebras(").succeeds("drop", "zebras").same(c.before)
	c.succeeds("page", "--nav", "zebra report").holds("handlers/routes.go", "app.GET(\"/zebra-report\", h.page(views.ZebraReport))")
}

func TestSave_WritesTheListOfRoutes(t *testing.T) {
	const list = "go run . routes --write"
	for _, args := range [][]string{{"page", "zebras"}, {"resource", "zebra", "number"}, {"drop", "teapot"}} {
		t.Run(args[0], func(t *testing.T) {
			if c := newTeahouse(t).succeeds(args...); !slices.Contains(c.ran, list) {
				t.Errorf("%q ran %q, want %q too", args, c.ran, list)
			}
		})
	}
}
