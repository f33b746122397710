//go:build !linux

package auth

// whenNothingElseRuns starts a process as it is: only Linux gives a thread a policy of its own, for the process to inherit.
func whenNothingElseRuns(start func() error) error { return start() }
