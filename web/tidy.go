package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
)

// unknownPath is the pattern of the addresses that no page has.
const unknownPath = "/*"

// junk is what mail programs, chats and people leave at the end of an address.
const junk = "/.,;:!?>)]}\"'`*_ \t\r\n\u00a0\u200b\u2019\u201d\u00bb"

// NotFound answers every address that no page has, the same to everyone. It
// redirects an address with junk behind it, such as /login/ or /login., to the
// page that it means. The method, a form and the query stay (308). It redirects
// to the site's own routes alone, so //evil.example/ leads nowhere.
func (w *Web) NotFound(c echo.Context) error {
	r := c.Request()
	path := strings.TrimRight(r.URL.Path, junk)
	if path == r.URL.Path || path == "" || !isRoute(c.Echo(), r.Method, path) {
		return echo.ErrNotFound
	}
	to := url.URL{Path: path, RawQuery: r.URL.RawQuery}
	return c.Redirect(http.StatusPermanentRedirect, to.RequestURI())
}

// oneSegment keeps each parameter to one segment of the path. Echo gives the
// rest of the path to a parameter at a route's end, slashes included.
func (w *Web) oneSegment(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !strings.HasSuffix(c.Path(), "*") && slices.ContainsFunc(c.ParamValues(), func(v string) bool { return strings.Contains(v, "/") }) {
			return w.NotFound(c)
		}
		return next(c)
	}
}

// isRoute reports whether a page answers this path.
func isRoute(e *echo.Echo, method, path string) bool {
	found := e.NewContext(nil, nil)
	e.Router().Find(method, path, found)
	return found.Path() != "" && found.Path() != unknownPath
}

// LinkToken returns the token of a mailed link as it was mailed. Mail programs
// and people add to the end of a link, wrap it, and leave its "=" encoded
// (RFC 2045 6.7); a token is of letters, digits, - and _, and has one length.
func LinkToken(c echo.Context) string {
	token := strings.TrimFunc(c.QueryParam("token"), isJunk)
	if len(token) == auth.TokenLength+len("3D") {
		token = strings.TrimPrefix(token, "3D")
	}
	token = strings.Map(func(r rune) rune {
		if isJunk(r) {
			return -1
		}
		return r
	}, token)
	return token[:min(len(token), auth.TokenLength)]
}

// isJunk reports whether no token has this rune.
func isJunk(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
}
