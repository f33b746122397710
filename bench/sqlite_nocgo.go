//go:build !cgo

package main

import _ "modernc.org/sqlite" // the driver of the reference

const sqliteDriver = "sqlite"
