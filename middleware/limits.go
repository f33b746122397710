package middleware

import (
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"
)

// BodyLimit refuses bodies over limit bytes: at once where the length is announced, else while the body is read, with an
// *http.MaxBytesError.
func BodyLimit(limit int64) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			if r.ContentLength > limit {
				return echo.ErrStatusRequestEntityTooLarge
			}
			if r.Body != http.NoBody {
				r.Body = http.MaxBytesReader(c.Response(), r.Body, limit)
			}
			return next(c)
		}
	}
}

// CleanPath answers 404 for an address with NUL or with what is not UTF-8 in it: no page has such a name, and PostgreSQL
// refuses such text, which would make an error of ours of it.
func CleanPath(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if path := c.Request().URL.Path; !utf8.ValidString(path) || strings.IndexByte(path, 0) >= 0 {
			return echo.ErrNotFound
		}
		return next(c)
	}
}
