package middleware

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"
)

// BodyLimit refuses bodies over limit bytes: at once where the length is announced, else while the body is read, with an
// *http.MaxBytesError. Files of a form that wait on disk are removed after the answer: net/http removes those of its own request
// alone, not of the copy that any middleware makes which gives it a context, and they would fill the disk.
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
			defer func() {
				if form := c.Request().MultipartForm; form != nil {
					form.RemoveAll()
				}
			}()
			return next(c)
		}
	}
}

// slowestLine is what has to come of a body in a second, in bytes, or it does not arrive in time.
const slowestLine = 32 << 10

// Patience gives a body of up to limit bytes the time that it takes over a slow line, instead of what the server's own timeouts
// give to bodies of a usual size. It belongs behind the guard: visitors could hold connections with it.
func Patience(limit int64) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			end := time.Now().Add(time.Duration(limit/slowestLine) * time.Second)
			connection := http.NewResponseController(c.Response())
			for _, err := range []error{connection.SetReadDeadline(end), connection.SetWriteDeadline(end)} {
				if err != nil && !errors.Is(err, http.ErrNotSupported) { // such a connection has no deadline
					return fmt.Errorf("give a large body more time: %w", err)
				}
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
