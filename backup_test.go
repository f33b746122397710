package main

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestRestore_NeedsStoppedProgram(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "backup.db")
	setting := []string{"DATABASE_URL=sqlite:" + filepath.Join(dir, "data", "app.db")}
	s := start(t, dir, setting...)
	if said, status := run(t, dir, setting, "backup", file); status != 0 || !strings.Contains(said, file) {
		t.Errorf("backup: status %d, %s", status, said)
	}
	s.post("/register", registration)
	if said, status := run(t, dir, setting, "restore", file); status != 1 || !strings.Contains(said, "stop it first") {
		t.Errorf("while the program runs: status %d, %s", status, said)
	}
	s.kill(syscall.SIGKILL)
	said, status := run(t, dir, setting, "restore", file)
	if status != 0 || !strings.Contains(said, "app.db.before-restore-") {
		t.Errorf("once it is killed: status %d, %s", status, said)
	}
	again := start(t, dir, setting...)
	if status, body := again.get("/register/sent"); status != 200 || strings.Contains(body, "ada@example.com") {
		t.Errorf("after the restore the later sign-up is there: status %d", status)
	}
}
