package auth

import "strings"

// InGroups writes a secret that users copy by hand in groups of four.
func InGroups(s string) string {
	var groups []string
	for len(s) > 4 {
		groups, s = append(groups, s[:4]), s[4:]
	}
	return strings.Join(append(groups, s), " ")
}
