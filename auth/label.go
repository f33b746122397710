// feature:passkeys|totp

package auth

import "strings"

// normalizeLabel is normalizeName for what a person calls a thing of theirs.
func normalizeLabel(name string) (normalized, problem string) {
	if strings.TrimSpace(name) == "" {
		return "", "Enter a name."
	}
	return normalizeName(name)
}
