package models

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

const (
	maxEmailBytes     = 254 // RFC 5321 4.5.3.1.3, less the two angle brackets
	maxLocalPartBytes = 64  // RFC 5321 4.5.3.1.1
)

// NormalizeEmail returns the one form of an address that is checked, stored,
// compared and mailed: in ASCII and lower case, its domain in the form of the
// DNS ("bücher.example" becomes "xn--bcher-kva.example"). Call it once, before
// anything else looks at the address. problem is the sentence to show next to
// the input, or "".
//
// It repairs nothing but invisible characters at the ends and the case of
// letters. It refuses characters that Unicode folds to others (the Kelvin sign
// to k, a fullwidth @ to @): two spellings of one address would otherwise be one
// account here and two mailboxes there, or the other way round. Before the @
// stands a dot-string (RFC 5321 4.1.2), never a quoted one; after it a domain
// with at least one dot, never the address of a machine.
//
// It is here, and not in auth, because Invalid.Email uses it for the addresses
// in a product's own forms.
func NormalizeEmail(input string) (email, problem string) {
	address := Trim(input)
	if address == "" {
		return "", "Enter your email address."
	}
	if len(address) > maxEmailBytes {
		return "", "This email address is too long. Use one of at most 254 characters."
	}
	// Header injection and lists of recipients (ASVS 1.3.11).
	if strings.ContainsFunc(address, unicode.IsControl) || strings.ContainsAny(address, `<>,;:"()[]\ `) {
		return "", "Enter one email address alone, such as ada@example.com, " +
			"without a name, spaces, quotes, commas or brackets."
	}
	if strings.ContainsFunc(address, Invisible) {
		return "", "This address has a hidden character after “" + Before(address, Invisible) + "”. " +
			"Delete what follows and type it again."
	}
	local, domain, found := strings.Cut(address, "@")
	if !found || local == "" || domain == "" || strings.Contains(domain, "@") {
		return "", "Enter an email address with one @ in it, such as ada@example.com."
	}
	if !isDotString(local) {
		return "", "Check the part before the @: use unaccented letters, digits and signs such as . _ + -, and no dot at either end or beside another."
	}
	if len(local) > maxLocalPartBytes {
		return "", "The part before the @ is too long. It may have at most 64 characters."
	}
	domain, ok := normalizeDomain(domain)
	if !ok {
		return "", "Check the part after the @: it should be a domain, such as example.com."
	}
	address = strings.ToLower(local) + "@" + domain // local is ASCII by now
	if len(address) > maxEmailBytes {
		return "", "This email address is too long. Use one of at most 254 characters."
	}
	return address, ""
}

// isDotString reports whether s is RFC 5321's Dot-string: atoms of RFC 5322's
// atext with single dots between them.
func isDotString(s string) bool {
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" {
			return false
		}
		for _, b := range []byte(atom) {
			if !isLetterOrDigit(b) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", rune(b)) {
				return false
			}
		}
	}
	return true
}

func isLetterOrDigit(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9'
}

// normalizeDomain returns a domain in ASCII by IDNA2008, without the mappings
// that look-ups add: they turn other characters into dots, letters and at signs.
func normalizeDomain(domain string) (ascii string, ok bool) {
	lower, ok := lowerEachToItsKind(domain) // before NFC, which makes a K of the Kelvin sign
	if !ok {
		return "", false
	}
	if isMailDomain(lower) && !strings.Contains(lower, "xn--") {
		return lower, true // IDNA would refuse hosts such as r3---sn.example.com, which exist
	}
	ascii, err := idna.Registration.ToASCII(norm.NFC.String(lower))
	return ascii, err == nil && isMailDomain(ascii)
}

// lowerEachToItsKind returns s in lower case. It fails if that would turn other
// characters into ASCII.
func lowerEachToItsKind(s string) (string, bool) {
	ok := true
	lower := strings.Map(func(r rune) rune {
		l := unicode.ToLower(r)
		if r >= utf8.RuneSelf && l < utf8.RuneSelf {
			ok = false
		}
		return l
	}, s)
	return lower, ok
}

// isMailDomain reports whether a domain is as RFC 1035 2.3.1 and RFC 5321 4.1.2
// ask: two or more labels of letters, digits and inner hyphens, of at most 63
// bytes each. The last label has a letter, unlike that of an IP address.
func isMailDomain(ascii string) bool {
	labels := strings.Split(ascii, ".")
	if len(labels) < 2 || len(ascii) > 253 {
		return false
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, b := range []byte(label) {
			if !isLetterOrDigit(b) && b != '-' {
				return false
			}
		}
	}
	return strings.ContainsFunc(labels[len(labels)-1], unicode.IsLetter)
}
