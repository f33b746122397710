//go:build !linux

package modelstest

// memory returns "": a folder in memory is known on Linux only.
func memory() string { return "" }
