package middleware

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/models"
)

// BodyLimit refuses bodies over user bytes, or over visitor bytes if the
// request has no user. It refuses at once if the request announces its length,
// and otherwise fails the read with an *http.MaxBytesError. It must run after
// LoadActor and before anything that reads the body. Requests of visitors cost
// an attacker nothing, so their bodies must not fill the memory.
//
// It removes the temporary files of a form after the response. net/http removes
// those of its own request only, not those of the copy that a middleware makes
// to set a context, and they would fill the disk.
func BodyLimit(visitor, user int64) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			limit := user
			if Actor(c) == nil {
				limit = visitor
			}
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

// slowestLine is the speed in bytes per second that a body must have to arrive
// in time.
const slowestLine = 32 << 10

// Patience extends the server's timeouts so that a body of limit bytes can
// arrive over a slow connection. It must run after the guard: visitors could
// use it to hold connections open.
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

// PerUser allows each user n requests at a time on the routes that share it.
// Further ones fail with models.ErrBusy. It does not limit visitors.
func PerUser(n int) echo.MiddlewareFunc {
	var mutex sync.Mutex
	running := map[string]int{}
	count := func(user string, change int) int {
		mutex.Lock()
		defer mutex.Unlock()
		running[user] += change
		now := running[user]
		if now == 0 {
			delete(running, user)
		}
		return now
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			user := User(c)
			if user == nil {
				return next(c)
			}
			defer count(user.ID, -1)
			if count(user.ID, 1) > n {
				return models.ErrBusy
			}
			return next(c)
		}
	}
}

// CleanPath answers 404 if the path contains NUL or invalid UTF-8. No page has
// such a name, and PostgreSQL refuses such text, which would cause a 500.
func CleanPath(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if path := c.Request().URL.Path; !utf8.ValidString(path) || strings.IndexByte(path, 0) >= 0 {
			return echo.ErrNotFound
		}
		return next(c)
	}
}
