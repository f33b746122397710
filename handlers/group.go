package handlers

import (
	"net/http"
	"reflect"
	"runtime"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

// Route is one line of the map of the site, as the command "routes" prints it.
type Route struct {
	Method  string
	Path    string
	Guard   string // who may come: "anyone", "signed out", "signed in"
	Handler string
}

// group is routes with the same guard. Its middleware runs for these routes alone: one of Echo's own groups would answer for
// every unknown address below it as well.
type group struct {
	echo       *echo.Echo
	list       *[]Route
	guard      string
	middleware []echo.MiddlewareFunc
}

func open(e *echo.Echo, list *[]Route, guard string, middleware ...echo.MiddlewareFunc) group {
	return group{e, list, guard, middleware}
}

// with is the same group behind one more guard.
func (g group) with(guard string, more ...echo.MiddlewareFunc) group {
	g.guard, g.middleware = guard, slices.Concat(g.middleware, more)
	return g
}

// GET answers HEAD as well, as RFC 9110 9.3.2 wants it.
func (g group) GET(path string, h echo.HandlerFunc) { g.get(path, h, h) }

func (g group) POST(path string, h echo.HandlerFunc) { g.add(http.MethodPost, path, h, h) }

func (g group) get(path string, named any, h echo.HandlerFunc) {
	g.add(http.MethodGet, path, named, h)
	g.echo.HEAD(path, g.wrap(h))
}

func (g group) add(method, path string, named any, h echo.HandlerFunc) {
	g.echo.Add(method, path, g.wrap(h))
	*g.list = append(*g.list, Route{method, path, g.guard, nameOf(named)})
}

func (g group) wrap(h echo.HandlerFunc) echo.HandlerFunc {
	for _, m := range slices.Backward(g.middleware) {
		h = m(h)
	}
	return h
}

// guarded is a group whose handlers are handed whoever the guard let in: what needs a user cannot be mounted without one.
type guarded[T any] struct {
	group
	who func(echo.Context) T
}

func behind[T any](g group, who func(echo.Context) T) guarded[T] { return guarded[T]{g, who} }

func (g guarded[T]) GET(path string, h func(echo.Context, T) error) { g.get(path, h, g.hand(h)) }

func (g guarded[T]) POST(path string, h func(echo.Context, T) error) {
	g.add(http.MethodPost, path, h, g.hand(h))
}

func (g guarded[T]) hand(h func(echo.Context, T) error) echo.HandlerFunc {
	return func(c echo.Context) error { return h(c, g.who(c)) }
}

// nameOf is the method's name: "Login" for example.com/gatehouse/handlers.(*Handlers).Login-fm, "page" for what h.page made.
func nameOf(h any) string {
	name := runtime.FuncForPC(reflect.ValueOf(h).Pointer()).Name()
	name = name[strings.LastIndex(name, ").")+len(")."):] // an inlined function has its caller's name before its own
	name, _, _ = strings.Cut(name, ".")
	return strings.TrimSuffix(name, "-fm")
}
