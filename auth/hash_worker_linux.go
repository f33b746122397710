package auth

import (
	"runtime"
	"syscall"
)

// lowest is the priority of a process that runs when no other wants to.
const lowest = 19

// atLowestPriority starts a process from a thread of the lowest priority, which it inherits with all its threads.
func atLowestPriority(start func() error) error {
	started := make(chan error)
	go func() {
		// Not unlocked: a thread may not raise its priority again, and so ends with this goroutine.
		runtime.LockOSThread()
		_ = syscall.Setpriority(syscall.PRIO_PROCESS, syscall.Gettid(), lowest) // without it pages are slower, no more
		started <- start()
	}()
	return <-started
}
