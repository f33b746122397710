package main

import (
	"strings"
	"testing"
)

func TestWhatFailsHalfwayLeavesEverythingAsItWas(t *testing.T) {
	for _, step := range []string{"fmt", "generate"} {
		t.Run(step, func(t *testing.T) {
			c := newClone(t)
			c.broken = step
			if err := c.does("page", "zebras"); err == nil || !strings.Contains(err.Error(), "Everything is again as it was") {
				t.Errorf("it failed with %v", err)
			}
			c.same(c.before)
		})
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
