package auth

import (
	"encoding/base32"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Crockford is Crockford's base32 in lower case, for codes that users type. It has
// no i, l, o and u, which are misread.
var Crockford = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// Encodes reports whether a plain code stands for so many bytes. One that does
// not can't be right, so it is refused without counting as an attempt.
func Encodes(code string, bytes int) bool {
	_, err := Crockford.DecodeString(code)
	return err == nil && len(code) == Crockford.EncodedLen(bytes)
}

// PlainCode returns a code that a person typed or pasted as lower-case ASCII
// letters and digits. The digits of every script and full-width letters become
// ASCII ones, o is read as 0, and i and l as 1, as in Crockford's base32. It
// drops everything else: spaces, dashes and invisible characters.
func PlainCode(typed string) string {
	const longest = 1024 // bytes; no code comes near, and normalizing takes time
	if len(typed) > longest {
		return ""
	}
	return strings.Map(func(r rune) rune {
		switch r = unicode.ToLower(asciiDigit(r)); {
		case r == 'o':
			return '0'
		case r == 'i' || r == 'l':
			return '1'
		case r >= '0' && r <= '9' || r >= 'a' && r <= 'z':
			return r
		}
		return -1
	}, norm.NFKC.String(typed))
}

// asciiDigit returns the ASCII digit of a decimal digit of any script, and any
// other rune as it is. Unicode encodes decimal digits in runs from 0 to 9.
func asciiDigit(r rune) rune {
	for _, run := range unicode.Nd.R16 {
		if r >= rune(run.Lo) && r <= rune(run.Hi) {
			return '0' + (r-rune(run.Lo))%10
		}
	}
	for _, run := range unicode.Nd.R32 {
		if r >= rune(run.Lo) && r <= rune(run.Hi) {
			return '0' + (r-rune(run.Lo))%10
		}
	}
	return r
}
