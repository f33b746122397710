// Package middleware loads the actor of each request, guards the routes, and
// applies the rules that hold for every request and response.
package middleware

import (
	"fmt"
	"net/netip"
	"net/url"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/models"
	"example.com/gatehouse/session"
)

const (
	actorKey        = "actor"
	pendingLoginKey = "pending_login"
)

// LoadActor finds the actor of every request that has a session cookie. A
// request with an unknown or expired token has no actor, but keeps its cookie.
// Another request may have renewed the token in the meantime, and clearing the
// cookie would delete the new one (OWASP Session Management, "Renew the Session
// ID After Any Privilege Level Change").
func LoadActor(a *auth.Auth, cookies *session.Cookies) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			token := cookies.Get(c.Request(), session.Session)
			actor, err := a.FindActor(c.Request().Context(), token, Client(c))
			if err != nil {
				return fmt.Errorf("load the actor: %w", err)
			}
			if actor != nil {
				c.Set(actorKey, actor)
			}
			return next(c)
		}
	}
}

// Actor returns the actor of the request, or nil for a visitor. Handlers get
// theirs from the group of their route.
func Actor(c echo.Context) *auth.Actor {
	actor, _ := c.Get(actorKey).(*auth.Actor)
	return actor
}

// User returns the user who sent the request, or nil for a visitor.
func User(c echo.Context) *models.User {
	if actor := Actor(c); actor != nil {
		return &actor.User
	}
	return nil
}

// RequireUser admits users and answers visitors with ask. It does not protect
// data: queries decide which rows a user may read and change.
func RequireUser(ask echo.HandlerFunc) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if Actor(c) != nil {
				return next(c)
			}
			return ask(c)
		}
	}
}

// RequirePermission admits users who have the permission. It stands behind
// RequireUser, which asks visitors to log in.
func RequirePermission(permission auth.Permission) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if !Actor(c).May(permission) {
				return auth.ErrForbidden
			}
			return next(c)
		}
	}
}

// RequireGuest admits visitors and answers users with turn.
func RequireGuest(turn echo.HandlerFunc) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if Actor(c) == nil {
				return next(c)
			}
			return turn(c)
		}
	}
}

// RequireStep admits a browser whose pending login needs the step, and answers
// any other with turn.
func RequireStep(a *auth.Auth, cookies *session.Cookies, step auth.Step, turn echo.HandlerFunc) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			pendingLogin, err := a.FindPendingLogin(c.Request().Context(), Browser(c, cookies), Client(c))
			if err != nil {
				return fmt.Errorf("load the login: %w", err)
			}
			if pendingLogin == nil || pendingLogin.Step != step {
				return turn(c)
			}
			c.Set(pendingLoginKey, pendingLogin)
			return next(c)
		}
	}
}

// PendingLogin returns the pending login that RequireStep found.
func PendingLogin(c echo.Context) *auth.PendingLogin {
	pendingLogin, _ := c.Get(pendingLoginKey).(*auth.PendingLogin)
	return pendingLogin
}

// Browser returns the tokens in the request's cookies.
func Browser(c echo.Context, cookies *session.Cookies) auth.Browser {
	return auth.Browser{
		Session:      cookies.Get(c.Request(), session.Session),
		PendingLogin: cookies.Get(c.Request(), session.PendingLogin),
		Device:       cookies.Get(c.Request(), session.Device),
		Cookie:       func(name string) string { return cookies.Get(c.Request(), session.Named(name)) },
	}
}

// LoginTo returns the address of the login page that returns to a path of this
// site. Without a safe path it returns the plain login page.
func LoginTo(path string) string { return WithNext("/login", path) }

// WithNext returns the address of a page that leads to a path of this site. An
// unsafe path is left out.
func WithNext(page, path string) string {
	if next := auth.SafeNext(path); next != "" {
		return page + "?next=" + url.QueryEscape(next)
	}
	return page
}

// PathOf returns the path and query of an address, as browsers send it in
// headers, or "" if the address is invalid.
func PathOf(address string) string {
	page, err := url.Parse(address)
	if err != nil || page.Path == "" {
		return ""
	}
	return page.RequestURI()
}

// Client returns the IP address and user agent of the request. The server's
// IPExtractor decides which address to trust.
func Client(c echo.Context) auth.Client {
	ip, _ := netip.ParseAddr(c.RealIP())
	return auth.Client{IP: ip, UserAgent: c.Request().UserAgent()}
}
