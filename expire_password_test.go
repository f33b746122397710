package main

import (
	"strings"
	"testing"
)

func TestUserExpirePasswordTellsWhatComesOfIt(t *testing.T) {
	dir := t.TempDir()
	run(t, dir, nil, "seed")
	for address, want := range map[string]string{"ada@example.com": "tells the owner to choose a new one", "nobody@example.com": "no account has the address", "ada": "ada"} {
		said, status := run(t, dir, nil, "user", "expire-password", address)
		if ok := address == "ada@example.com"; ok != (status == 0) || !strings.Contains(said, want) || strings.Contains(said, "goroutine") || strings.Contains(said, "invalid IP") {
			t.Errorf("%s: status %d, %s", address, status, said)
		}
	}
}
