package main

import (
	"strings"
	"testing"
)

func TestUserMoveSaysWhyNobodyMoves(t *testing.T) {
	dir := t.TempDir()
	run(t, dir, nil, "seed")
	for addresses, want := range map[string]string{
		"nobody@example.com new@example.org": "no account",
		"ada@example.com grace@example.com":  "somebody else",
		"ada@example.com nonsense":           "Enter an email address",
	} {
		from, to, _ := strings.Cut(addresses, " ")
		if said, status := run(t, dir, nil, "user", "move", from, to); status != 1 || !strings.Contains(said, want) || strings.Contains(said, "goroutine") {
			t.Errorf("%s: status %d, %s", addresses, status, said)
		}
	}
	if said, status := run(t, dir, nil, "user", "move", "ada@example.com", "ada@example.org"); status != 0 || !strings.Contains(said, "on its way to ada@example.org") {
		t.Errorf("status %d, %s", status, said)
	}
}
