package handlers

import (
	"net/http"
	"reflect"
	"runtime"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/auth/limit"
	"example.com/gatehouse/middleware"
)

// Route is one line of the map of the site, as the command "routes" prints it.
type Route struct {
	Method  string
	Path    string
	Guard   string // who may come: "anyone", "logged out", "owing …", "logged in", "private network"
	Handler string
	MaxBody int64 // the largest body that a user may send, in bytes; a visitor may send maxVisitorBody
	Limits  []limit.Limit

	Protects bool // it protects the account, and is not counted as a change
}

// option is what stands behind the handler on a route's line.
type option func(*Route)

// body lets users send this route alone bodies of up to so many bytes, instead of MaxBody, and gives these the time to arrive.
func body(bytes int64) option { return func(r *Route) { r.MaxBody = bytes } }

// limits lists what requests to the route count under. The verb in auth counts
// under the same values; a law of the tests holds both to each other.
func limits(all ...limit.Limit) option { return func(r *Route) { r.Limits = all } }

// protects marks a route that protects the account from someone who is in it.
// An attacker who uses up the user's changes must not get it refused. It writes
// little: it ends something that is there, or takes a password or a code.
func protects(r *Route) { r.Protects = true }

// group is routes with the same guard. Its middleware runs for these routes alone: one of Echo's own groups would answer for
// every unknown address below it as well.
type group struct {
	echo    *echo.Echo
	list    *[]Route
	guard   string
	before  []echo.MiddlewareFunc // runs before the bound on the body, which depends on the user: it must not read the body
	guards  []echo.MiddlewareFunc
	uploads echo.MiddlewareFunc // bounds how many large bodies a user sends at a time
	change  echo.MiddlewareFunc // counts a POST; nil for groups without a user
}

func newGroup(e *echo.Echo, list *[]Route, guard string, before ...echo.MiddlewareFunc) group {
	return group{echo: e, list: list, guard: guard, before: before, uploads: middleware.PerUser(maxUploads)}
}

// with is the same group behind one more guard.
func (g group) with(guard string, more ...echo.MiddlewareFunc) group {
	g.guard, g.guards = guard, slices.Concat(g.guards, more)
	return g
}

// counting returns the group with each POST counted as a change.
func (g group) counting(change echo.MiddlewareFunc) group {
	g.change = change
	return g
}

// GET answers HEAD as well, as RFC 9110 9.3.2 wants it.
func (g group) GET(path string, h echo.HandlerFunc) { g.get(path, h, h) }

func (g group) POST(path string, h echo.HandlerFunc, options ...option) {
	g.add(http.MethodPost, path, h, h, options...)
}

func (g group) get(path string, named any, h echo.HandlerFunc) {
	g.add(http.MethodGet, path, named, h)
	g.echo.HEAD(path, g.wrap(h, MaxBody))
}

func (g group) add(method, path string, named any, h echo.HandlerFunc, options ...option) {
	route := Route{Method: method, Path: path, Guard: g.guard, Handler: nameOf(named), MaxBody: MaxBody}
	for _, set := range options {
		set(&route)
	}
	if g.change != nil && method == http.MethodPost && !route.Protects {
		h = g.change(h)
		route.Limits = append(slices.Clip(route.Limits), auth.LimitChanges)
	}
	if route.MaxBody > MaxBody {
		h = g.uploads(middleware.Patience(route.MaxBody)(h))
	}
	g.echo.Add(method, path, g.wrap(h, route.MaxBody))
	*g.list = append(*g.list, route)
}

// wrap puts the group's middleware around h. The bound on the body comes before the guards, which may read the body, and after what
// finds the user, since visitors may send less. A larger bound inside a smaller one would bound nothing.
func (g group) wrap(h echo.HandlerFunc, maxBody int64) echo.HandlerFunc {
	bound := middleware.BodyLimit(min(maxVisitorBody, maxBody), maxBody)
	for _, m := range slices.Backward(slices.Concat(g.before, []echo.MiddlewareFunc{bound}, g.guards)) {
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

func (g guarded[T]) POST(path string, h func(echo.Context, T) error, options ...option) {
	g.add(http.MethodPost, path, h, g.hand(h), options...)
}

func (g guarded[T]) hand(h func(echo.Context, T) error) echo.HandlerFunc {
	return func(c echo.Context) error { return h(c, g.who(c)) }
}

// nameOf is the method's name: "Login" for …/handlers.(*Handlers).Login-fm, "page" for what h.page made.
func nameOf(h any) string {
	name := runtime.FuncForPC(reflect.ValueOf(h).Pointer()).Name()
	name = name[strings.LastIndex(name, ").")+len(")."):] // an inlined function has its caller's name before its own
	name, _, _ = strings.Cut(name, ".")
	return strings.TrimSuffix(name, "-fm")
}
