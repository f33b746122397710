package auth

import (
	"net/url"
	"path"
	"strings"
)

const maxNextBytes = 1024

// SafeNext returns next, the path to go back to after logging in, or "" when next is not certainly a path of this site
// (ASVS 3.7.2) or is one of the pages where the way back would begin anew. What is returned is what was checked,
// unchanged, at most 1024 bytes of printable ASCII. A query and a fragment may hold what they like.
//
// It is stricter than RFC 3986, because browsers are laxer: they read a backslash as a slash, skip tabs and line breaks
// anywhere, and take "//host" for another site; and because servers in between may decode an escape once more.
func SafeNext(next string) string {
	if len(next) > maxNextBytes || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") {
		return ""
	}
	for _, b := range []byte(next) {
		if b <= ' ' || b >= 0x7f || b == '\\' {
			return ""
		}
	}
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" {
		return ""
	}
	if !plainPath(u.Path) {
		return ""
	}
	first, _, _ := strings.Cut(u.Path[1:], "/")
	switch strings.ToLower(first) {
	case "login", "logout", "register":
		return ""
	}
	return next
}

// plainPath says whether a path, decoded once, means the same to everyone: no "//", no "." or "..", and nothing that
// another decoding would turn into one, or into a slash, a backslash or a control character.
func plainPath(decoded string) bool {
	if strings.Contains(decoded, "//") {
		return false
	}
	if clean := path.Clean(decoded); decoded != clean && decoded != clean+"/" {
		return false
	}
	for _, r := range decoded {
		if r < ' ' || r == 0x7f || r == '\\' || r == '%' {
			return false
		}
	}
	return true
}
