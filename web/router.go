package web

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

const (
	// MaxBody is the largest body in bytes that a user may send, unless the
	// route sets another limit with Body.
	MaxBody = 1 << 20
	// maxVisitorBody is the largest body in bytes that a visitor may send. It
	// has room for a saved form of auth.MaxKept bytes, which the browser may
	// escape to three times as many, and for the fields next to it.
	maxVisitorBody = 3*auth.MaxKept + 8<<10
	// maxUploads is how many bodies larger than MaxBody a user may send at a time.
	maxUploads = 2
)

// Route is one route of the site, as the command "routes" prints it.
type Route struct {
	Method  string
	Path    string
	Guard   string // who may open it: "anyone", "logged out", "needs …", "logged in", "may …", "private network"
	Handler string
	MaxBody int64 // the largest body that a user may send, in bytes; a visitor may send maxVisitorBody
	Limits  []limit.Limit

	// Permission is what users need to open it, "" if all of them may.
	Permission auth.Permission
	Protects   bool // it protects the account, and is not counted as a change
}

// Option sets a property of a route. It stands after the handler.
type Option func(*Route)

// Body lets users send the route bodies of up to the given size instead of
// MaxBody, and gives these bodies the time to arrive.
func Body(bytes int64) Option { return func(r *Route) { r.MaxBody = bytes } }

// Limits lists the limits that count requests to the route. The domain call counts
// under the same values; a law of the tests checks that the two agree.
func Limits(all ...limit.Limit) Option { return func(r *Route) { r.Limits = all } }

// Protects marks a route that protects the account from someone who is in it.
// An attacker who uses up the user's changes must not get it refused. It writes
// little: it ends something that is there, or takes a password or a code.
func Protects(r *Route) { r.Protects = true }

// Router registers the routes of the site. A group decides who may open its
// routes and what their handlers receive.
type Router struct {
	Open  Group     // anyone, without looking for a session
	Site  Group     // anyone
	Guest Group     // visitors
	App   UserGroup // logged-in users
	// Either is Site for handlers that need the actor, which is nil for a
	// visitor.
	Either GroupOf[*auth.Actor]

	web  *Web
	echo *echo.Echo
	list []Route
}

// NewRouter returns a router that answers every address with 404.
func (w *Web) NewRouter() *Router {
	e := echo.New()
	e.HTTPErrorHandler = w.fail
	middleware.TrustProxies(e, w.config.TrustedProxies)
	e.Use(middleware.Log(w.log), middleware.Headers(w.config.HTTPS()), middleware.Recover)
	e.Use(middleware.HTMX)
	r := &Router{web: w, echo: e}
	r.Open = r.group("anyone", w.checks()...)
	r.Site = r.group("anyone", append(w.checks(), middleware.LoadActor(w.auth, w.cookies))...)
	r.Guest = r.Site.With("logged out", middleware.RequireGuest(w.turnBack))
	user := r.Site.With("logged in", middleware.RequireUser(w.askToLogin))
	user.change = w.countChange
	r.App = UserGroup{GroupOf[*auth.Actor]{user, middleware.Actor}}
	r.Either = GroupOf[*auth.Actor]{r.Site, middleware.Actor}
	// Outside the groups, or a guard would answer for pages that do not exist.
	e.RouteNotFound(unknownPath, r.Site.wrap(w.NotFound, MaxBody))
	return r
}

// Step returns the group of a pending login's step. guard is its name in the
// list of routes.
func (r *Router) Step(guard string, step auth.Step) GroupOf[*auth.PendingLogin] {
	require := middleware.RequireStep(r.web.auth, r.web.cookies, step, r.web.loginEnded)
	return GroupOf[*auth.PendingLogin]{r.Guest.With(guard, require), middleware.PendingLogin}
}

// Routes returns the registered routes, with the limits that this server's
// settings give them.
func (r *Router) Routes() []Route {
	list := slices.Clone(r.list)
	for i := range list {
		list[i].Limits = r.web.limitsHere(list[i].Limits)
	}
	return list
}

func (w *Web) limitsHere(limits []limit.Limit) (here []limit.Limit) {
	if !w.config.RateLimit {
		return nil
	}
	for _, l := range limits {
		here = append(here, l.With(w.config))
	}
	return here
}

func (r *Router) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.echo.ServeHTTP(w, request)
}

// checks are what every request has to pass.
func (w *Web) checks() []echo.MiddlewareFunc {
	checks := []echo.MiddlewareFunc{
		middleware.CleanPath, w.oneSegment, middleware.CheckOrigin(w.config.AppURL, w.local(), w.provesOrigin, w.log),
	}
	if w.local() {
		checks = append(checks, middleware.OneName(w.config.AppURL))
	}
	return checks
}

// local reports whether this is development over http, where a machine has
// several names.
func (w *Web) local() bool { return !w.config.Production && !w.config.HTTPS() }

// Group is routes with the same guard. Its middleware runs for these routes
// alone: one of Echo's own groups would also answer for every unknown address
// below it.
type Group struct {
	router  *Router
	guard   string
	before  []echo.MiddlewareFunc // runs before the body limit, which depends on the user: it must not read the body
	guards  []echo.MiddlewareFunc
	uploads echo.MiddlewareFunc // limits how many large bodies a user sends at a time
	change  echo.MiddlewareFunc // counts a POST; nil for groups without a user

	permission auth.Permission // what users need, "" for nothing
}

func (r *Router) group(guard string, before ...echo.MiddlewareFunc) Group {
	return Group{router: r, guard: guard, before: before, uploads: middleware.PerUser(maxUploads)}
}

// With returns the group with more guards. guard is the name of them all in the
// list of routes.
func (g Group) With(guard string, more ...echo.MiddlewareFunc) Group {
	g.guard, g.guards = guard, slices.Concat(g.guards, more)
	return g
}

// GET registers a route. It answers HEAD as well (RFC 9110 9.3.2).
func (g Group) GET(path string, h echo.HandlerFunc) { g.get(path, h, h) }

// POST registers a route for a form. Another media type is answered with 415.
func (g Group) POST(path string, h echo.HandlerFunc, options ...Option) {
	g.add(http.MethodPost, path, h, h, options...)
}

func (g Group) get(path string, named any, h echo.HandlerFunc) {
	g.add(http.MethodGet, path, named, h)
	g.router.echo.HEAD(path, g.wrap(h, MaxBody))
}

func (g Group) add(method, path string, named any, h echo.HandlerFunc, options ...Option) {
	route := Route{Method: method, Path: path, Guard: g.guard, Permission: g.permission, Handler: nameOf(named),
		MaxBody: MaxBody}
	for _, set := range options {
		set(&route)
	}
	if method == http.MethodPost {
		h = requireForm(h)
	}
	if g.change != nil && method == http.MethodPost && !route.Protects {
		h = g.change(h)
		route.Limits = append(slices.Clip(route.Limits), auth.LimitChanges)
	}
	if route.MaxBody > MaxBody {
		h = g.uploads(middleware.Patience(route.MaxBody)(h))
	}
	g.router.echo.Add(method, path, g.wrap(h, route.MaxBody))
	g.router.list = append(g.router.list, route)
}

// wrap puts the group's middleware around h. The body limit comes before the
// guards, which may read the body, and after what finds the user, since visitors
// may send less. A larger limit inside a smaller one would have no effect.
func (g Group) wrap(h echo.HandlerFunc, maxBody int64) echo.HandlerFunc {
	bound := middleware.BodyLimit(min(maxVisitorBody, maxBody), maxBody)
	for _, m := range slices.Backward(slices.Concat(g.before, []echo.MiddlewareFunc{bound}, g.guards)) {
		h = m(h)
	}
	return h
}

// GroupOf is a group whose handlers receive the T that its guard let pass, so
// that a handler that needs a user cannot be registered without one.
type GroupOf[T any] struct {
	group Group
	of    func(echo.Context) T
}

// GET registers a route. It answers HEAD as well (RFC 9110 9.3.2).
func (g GroupOf[T]) GET(path string, h func(echo.Context, T) error) { g.group.get(path, h, g.hand(h)) }

// POST registers a route for a form. Another media type is answered with 415.
func (g GroupOf[T]) POST(path string, h func(echo.Context, T) error, options ...Option) {
	g.group.add(http.MethodPost, path, h, g.hand(h), options...)
}

func (g GroupOf[T]) hand(h func(echo.Context, T) error) echo.HandlerFunc {
	return func(c echo.Context) error { return h(c, g.of(c)) }
}

// UserGroup is the group of logged-in users.
type UserGroup struct{ GroupOf[*auth.Actor] }

// May returns the group of users who have the permission. It answers other users
// with 403, and asks visitors to log in.
func (g UserGroup) May(permission auth.Permission) GroupOf[*auth.Actor] {
	group := g.group.With("may "+string(permission), middleware.RequirePermission(permission))
	group.permission = permission
	return GroupOf[*auth.Actor]{group, g.of}
}

// nameOf returns the method's name: "Login" for …/handlers.(*Handlers).Login-fm,
// "page" for what h.page returned.
func nameOf(h any) string {
	name := runtime.FuncForPC(reflect.ValueOf(h).Pointer()).Name()
	name = name[strings.LastIndex(name, ").")+len(")."):] // an inlined function has its caller's name before its own
	name, _, _ = strings.Cut(name, ".")
	return strings.TrimSuffix(name, "-fm")
}
