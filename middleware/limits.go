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

// BodyLimit refuses bodies over user bytes, and over visitor bytes if the request has no user: at once if the length is announced,
// otherwise while the body is read, with an *http.MaxBytesError. It runs after LoadActor, and nothing before it reads the body. A
// visitor costs an attacker nothing, so what visitors send must not fill the memory.
//
// Files of a form that wait on disk are removed after the answer. net/http removes only those of its own request, not of the copy that
// any middleware makes to set a context, and they would fill the disk.
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

// PerUser lets each user have n requests at a time behind it, over all routes that share it. The next one gets models.ErrBusy. It does not
// count visitors.
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
