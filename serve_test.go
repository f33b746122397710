package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/gatehouse/handlers"
	"example.com/gatehouse/models"
)

func TestAProgramThatIsRestartedOftenSweepsToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		var swept atomic.Int64
		go everyCleanup(ctx, func() { swept.Add(1) })
		for _, step := range []struct {
			passes time.Duration
			want   int64
		}{{59 * time.Second, 0}, {32 * time.Second, 1}, {13 * time.Minute, 1}, {11 * time.Minute, 2}} {
			time.Sleep(step.passes)
			synctest.Wait()
			if got := swept.Load(); got != step.want {
				t.Errorf("%s later it has swept %d times, not %d", step.passes, got, step.want)
			}
		}
		stop()
	})
}

// Item 69: nobody holds a connection for ever, whether they send, read or do nothing.
func TestItem69TheServerBoundsEachConnection(t *testing.T) {
	s := newServer(nil)
	for what, bound := range map[string]time.Duration{"a header": s.ReadHeaderTimeout, "a request": s.ReadTimeout, "an answer": s.WriteTimeout, "nothing": s.IdleTimeout} {
		if bound <= 0 || bound > 2*time.Minute {
			t.Errorf("%s may take %s", what, bound)
		}
	}
	if s.MaxHeaderBytes <= 0 || s.MaxHeaderBytes > 64<<10 {
		t.Errorf("a header may have %d bytes", s.MaxHeaderBytes)
	}
}

func TestWhatHasEndedIsSweptWhileTheServerRuns(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("PORT", freePort(t))
	t.Setenv("DATABASE_URL", databaseURL(t, dir))
	defer func(former time.Duration) { cleanupFirst = former }(cleanupFirst)
	cleanupFirst = 10 * time.Millisecond
	db, err := models.Open(databaseURL(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	defer models.Close(db)
	if _, err := models.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	err = db.Exec("INSERT INTO limits (id, hits, open_at, ends_at) SELECT 'ended', 1, tstamp, tstamp FROM goose_db_version WHERE version_id = 1").Error
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- withApp(serve)(ctx) }()
	defer func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		var left int64
		if err := db.Table("limits").Where("id = 'ended'").Count(&left).Error; err != nil {
			t.Fatal(err)
		}
		if left == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("it is still there")
		}
	}
}

func TestServe_SaysThatTheTemporaryFolderIsMissing(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	t.Setenv("TMPDIR", missing)
	large := []handlers.Route{{Path: "/picture", MaxBody: handlers.MaxBody + 1}}
	if err := canHoldUploads(large); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without the folder: got %v, want %v", err, fs.ErrNotExist)
	}
	if err := canHoldUploads([]handlers.Route{{Path: "/", MaxBody: handlers.MaxBody}}); err != nil {
		t.Errorf("where no route needs it: got %v, want none", err)
	}
	if err := os.Mkdir(missing, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := canHoldUploads(large); err != nil {
		t.Errorf("with the folder: got %v, want none", err)
	}
	if left, err := os.ReadDir(missing); err != nil || len(left) > 0 {
		t.Errorf("it left %v (%v)", left, err)
	}
}
