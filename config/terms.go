package config

import (
	"strings"
	"unicode/utf8"
)

// plainTerms says whether a version of the terms can be shown as it is. A # would be the rest of a line in a file of settings, which not
// every reader of such files leaves out.
func plainTerms(version string) bool {
	return printable(version) && utf8.RuneCountInString(version) <= 40 && !strings.ContainsAny(version, "<>#")
}
