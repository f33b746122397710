//go:build !linux

package modelstest

// memory is known on Linux alone.
func memory() string { return "" }
