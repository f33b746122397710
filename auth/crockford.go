// feature:mail_login|recovery_codes|totp

package auth

import (
	"encoding/base32"
	"strings"
)

// crockford is Crockford's base32 in small letters: without i, l, o and u, which are read as what they look like.
var crockford = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// plainCode reads a code as people type and paste it: groups, capitals, and what looks like a digit are all the same.
func plainCode(typed string) string {
	plain := strings.NewReplacer("o", "0", "i", "1", "l", "1").Replace(strings.ToLower(typed))
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, plain)
}
