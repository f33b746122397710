package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestAProgramThatIsRestartedOftenSweepsToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		swept := 0
		go nowAndThen(ctx, func() { swept++ })
		for _, step := range []struct {
			passes time.Duration
			want   int
		}{{59 * time.Second, 0}, {32 * time.Second, 1}, {13 * time.Minute, 1}, {11 * time.Minute, 2}} {
			time.Sleep(step.passes)
			if synctest.Wait(); swept != step.want {
				t.Errorf("%s later it has swept %d times, not %d", step.passes, swept, step.want)
			}
		}
		stop()
	})
}
