//go:build !linux

package auth

// inBackground runs work as it is: only Linux gives a thread a priority of its own.
func inBackground(work func()) { work() }
