// Package e2e tells the stories of people in a real browser to the real program, and holds each page to what every page must be.
package e2e
