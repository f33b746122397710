//go:build !unix

package models_test

func childOpens(string) {}
