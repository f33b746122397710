package auth

import (
	"runtime"
	"syscall"
)

// lowest is the priority of a thread that runs when no other wants to.
const lowest = 19

// inBackground runs work on a thread of the lowest priority: pages come before passwords. A panic in work is the caller's.
func inBackground(work func()) {
	var panicked any
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { panicked = recover() }()
		// Not unlocked: a thread may not raise its priority again, and so ends with this goroutine.
		runtime.LockOSThread()
		_ = syscall.Setpriority(syscall.PRIO_PROCESS, syscall.Gettid(), lowest) // without it pages are slower, no more
		work()
	}()
	<-done
	if panicked != nil {
		panic(panicked)
	}
}
