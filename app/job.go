package app

import (
	"context"
	"fmt"
	"time"
)

// Job is work that the program repeats while it serves. docs/jobs.md shows how
// to add one.
type Job struct {
	// Name stands in the log: "cleanup".
	Name string
	// Every is the time between two runs. Each wait is up to half as long
	// again. The first run comes about a minute after the start.
	Every time.Duration
	// Run does the work once. Several servers may run it at the same time, and
	// a server that restarts runs it again, so it must ask the database what is
	// left to do. It returns when ctx ends.
	Run func(ctx context.Context, core *Core) error
}

var cleanup = Job{
	Name:  "cleanup",
	Every: 15 * time.Minute,
	Run:   func(ctx context.Context, core *Core) error { return core.Auth.Cleanup(ctx) },
}

// Do runs the job once. A failure is logged, and so is a panic: neither ends
// the program or another job.
func (j Job) Do(ctx context.Context, core *Core) {
	defer func() {
		if fault := recover(); fault != nil {
			core.Log.Error("a job panicked and will run again", "job", j.Name, "error", fmt.Sprint(fault))
		}
	}()
	if err := j.Run(ctx, core); err != nil && ctx.Err() == nil {
		core.Log.Error("a job failed in part and will run again", "job", j.Name, "error", err)
	}
}
