package main

import (
	"strings"
	"testing"
)

func TestUserRecoverSaysWhyThereIsNothingToRecover(t *testing.T) {
	dir := t.TempDir()
	run(t, dir, nil, "seed")
	for address, want := range map[string]string{"nobody@example.com": "no account has the address", "ada@example.com": "no second factor to remove", "ada": "ada"} {
		if said, status := run(t, dir, nil, "user", "recover", address); status != 1 || !strings.Contains(said, want) || strings.Contains(said, "goroutine") {
			t.Errorf("%s: status %d, %s", address, status, said)
		}
	}
	if said, status := run(t, dir, nil, "user", "recover"); status != 2 || !strings.Contains(said, "user recover ada@example.com") {
		t.Errorf("without an address: status %d, %s", status, said)
	}
}
