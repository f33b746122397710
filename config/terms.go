package config

import (
	"strings"
	"unicode/utf8"
)

// plainTerms reports whether a version of the terms can be shown as it is. It
// has no #, because some readers of .env files take that as a comment.
func plainTerms(version string) bool {
	return printable(version) && utf8.RuneCountInString(version) <= 40 && !strings.ContainsAny(version, "<>#")
}
