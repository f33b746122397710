// Package e2e tests the real program in a real browser, and checks that every
// page is accessible, valid, and light.
package e2e
