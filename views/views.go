// Package views holds the pages, one .templ file per screen, each with the form that the page sends.
package views
