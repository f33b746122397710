package auth

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// lowest is the priority that comes next to SCHED_IDLE (sched(7)).
const lowest = 19

// whenNothingElseRuns starts a process from a thread that gives way to every other one at once, and whose turn comes when none of them wants
// the core; the process inherits that, with all its threads. Of the lowest priority alone, a thread keeps the core for some milliseconds.
func whenNothingElseRuns(start func() error) error {
	started := make(chan error)
	go func() {
		// Not unlocked: a thread may not raise its priority again, and so ends with this goroutine.
		runtime.LockOSThread()
		if unix.SchedSetAttr(0, &unix.SchedAttr{Policy: unix.SCHED_IDLE}, 0) != nil {
			_ = unix.Setpriority(unix.PRIO_PROCESS, 0, lowest) // without either pages are slower, no more
		}
		started <- start()
	}()
	return <-started
}
