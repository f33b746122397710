package main

import (
	"path"
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
	for name, f := range original.files {
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
	c.replace("handlers/routes.go", "func (h *Handlers) routes", "func (h *Handlers routes")
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
