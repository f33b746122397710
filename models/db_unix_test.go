//go:build unix

package models_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"example.com/gatehouse/models"
)

func TestADatabaseThatCannotBeWrittenSaysWhatToDo(t *testing.T) {
	for name, test := range map[string]struct {
		folder, file os.FileMode
		says         string
	}{
		"a read-only file":             {0o777, 0o444, "give the user that runs this program the right"},
		"a read-only folder":           {0o555, 0o666, "check the rights of its file and its folder"},
		"a folder that takes no files": {0o555, 0, "give the user that runs this program the right"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "app.db")
			if test.file != 0 {
				must(t, os.WriteFile(path, nil, 0o600))
				must(t, os.Chmod(path, test.file))
			}
			must(t, os.Chmod(filepath.Dir(dir), 0o755))
			must(t, os.Chmod(dir, test.folder))
			t.Cleanup(func() { os.Chmod(dir, 0o700) })
			out, err := child(t, "open", "sqlite:"+path).CombinedOutput()
			if err == nil || !strings.Contains(string(out), test.says) {
				t.Errorf("opening it ends with %v and says: %s", err, out)
			}
		})
	}
}

// childOpens opens and migrates the database as a user without root's rights, whom modes bind.
func childOpens(databaseURL string) {
	const nobody = 65534
	if os.Getuid() == 0 {
		syscall.Setgid(nobody)
		syscall.Setuid(nobody)
	}
	db, err := models.Open(databaseURL, models.Tables())
	if err == nil {
		_, err = models.Migrate(context.Background(), db)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
