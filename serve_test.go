package main

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestAProgramThatIsRestartedOftenSweepsToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		var swept atomic.Int64
		go everySweep(ctx, func() { swept.Add(1) })
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
