package middleware

import (
	"net/http"

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
