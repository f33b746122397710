//go:build !linux

package auth

// atLowestPriority starts a process as it is: only Linux gives a thread a priority of its own, for the process to inherit.
func atLowestPriority(start func() error) error { return start() }
