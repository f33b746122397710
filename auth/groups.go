package auth

import "strings"

// inGroups writes what people copy by hand in groups of four.
func inGroups(s string) string {
	var groups []string
	for len(s) > 4 {
		groups, s = append(groups, s[:4]), s[4:]
	}
	return strings.Join(append(groups, s), " ")
}
