package cli

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/gatehouse/app"
	"example.com/gatehouse/config"
	"example.com/gatehouse/web"
)

func TestRepeat_StartsSoonInAProgramThatIsRestartedOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		var done atomic.Int64
		go repeat(ctx, firstRun, 15*time.Minute, func() { done.Add(1) })
		for _, step := range []struct {
			passes time.Duration
			want   int64
		}{{59 * time.Second, 0}, {32 * time.Second, 1}, {13 * time.Minute, 1}, {11 * time.Minute, 2}} {
			time.Sleep(step.passes)
			synctest.Wait()
			if got := done.Load(); got != step.want {
				t.Errorf("%s later: got %d runs, want %d", step.passes, got, step.want)
			}
		}
		stop()
	})
}

// ASVS 5.0 V15.2.2: no client holds a connection indefinitely, whether it
// sends, reads or does nothing.
func TestServer_BoundsEachConnection(t *testing.T) {
	s := newServer(nil)
	for what, bound := range map[string]time.Duration{
		"a header": s.ReadHeaderTimeout, "a request": s.ReadTimeout, "a response": s.WriteTimeout,
		"nothing": s.IdleTimeout,
	} {
		if bound <= 0 || bound > 2*time.Minute {
			t.Errorf("%s may take %s, want at most 2 minutes", what, bound)
		}
	}
	if s.MaxHeaderBytes <= 0 || s.MaxHeaderBytes > 64<<10 {
		t.Errorf("a header may have %d bytes, want at most 64 kB", s.MaxHeaderBytes)
	}
}

func TestServe_DeletesExpiredRows(t *testing.T) {
	p := newProgram(t, "PORT="+freePort(t))
	c, err := config.Load(p.settings)
	if err != nil {
		t.Fatal(err)
	}
	core, err := app.Open(t.Context(), c, nil, slog.New(slog.DiscardHandler), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer core.Close()
	err = core.DB.Exec(`INSERT INTO limits (id, hits, open_at, ends_at)
		SELECT 'ended', 1, tstamp, tstamp FROM goose_db_version WHERE version_id = 1`).Error
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- (&server{core, io.Discard, core.Jobs(), 10 * time.Millisecond}).run(ctx) }()
	defer func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		var left int64
		if err := core.DB.Table("limits").Where("id = 'ended'").Count(&left).Error; err != nil {
			t.Fatal(err)
		}
		if left == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the expired row is still there")
		}
	}
}

func TestServe_SaysThatTheTemporaryFolderIsMissing(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	t.Setenv("TMPDIR", missing)
	large := []web.Route{{Path: "/picture", MaxBody: web.MaxBody + 1}}
	if err := canHoldUploads(large); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without the folder: got %v, want %v", err, fs.ErrNotExist)
	}
	if err := canHoldUploads([]web.Route{{Path: "/", MaxBody: web.MaxBody}}); err != nil {
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
