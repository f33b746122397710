package main

import (
	"os"
	"strings"
	"testing"
)

// A review reads in routes.txt who may open a page, so it must show what is so.
func TestRoutesFile_IsFresh(t *testing.T) {
	file, err := os.ReadFile("routes.txt")
	if err != nil {
		t.Fatalf("%v; run go run . routes --write", err)
	}
	list, status := run(t, t.TempDir(), nil, "routes")
	if status != 0 {
		t.Fatalf("got status %d:\n%s", status, list)
	}
	got, want := strings.Split(string(file), "\n"), strings.Split(list, "\n")
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Fatalf("routes.txt is stale: run go run . routes --write. Line %d:\ngot  %s\nwant %s", i+1, got[i], want[i])
		}
	}
	if len(got) != len(want) {
		t.Fatalf("routes.txt is stale: run go run . routes --write. It has %d lines, want %d", len(got), len(want))
	}
}
