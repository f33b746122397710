// Package middleware decides who may enter, and what every request and response must hold to.
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

// LoadActor finds the actor of every request that carries a session cookie. A
// token that is unknown or has ended opens nothing, and its cookie stays: while
// this request was under way, another may have renewed the token, and clearing
// the cookie would delete the new one (OWASP Session Management, "Renew the
// Session ID After Any Privilege Level Change").
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

// Actor returns the actor of the request, or nil for a visitor. Handlers are
// handed theirs by the group that they are in.
func Actor(c echo.Context) *auth.Actor {
	actor, _ := c.Get(actorKey).(*auth.Actor)
	return actor
}

// User returns the user who sends the request, or nil for a visitor.
func User(c echo.Context) *models.User {
	if actor := Actor(c); actor != nil {
		return &actor.User
	}
	return nil
}

// RequireUser lets the logged in pass; everybody else is answered by ask. It is for the person's comfort: what a user may read and
// change is decided where the data is.
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

// RequireGuest lets the logged out pass; who is logged in is answered by turn.
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

// RequireStep lets pass who has begun to log in and owes this; everybody else is answered by turn.
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

// PendingLogin returns the login that RequireStep let pass.
func PendingLogin(c echo.Context) *auth.PendingLogin {
	pendingLogin, _ := c.Get(pendingLoginKey).(*auth.PendingLogin)
	return pendingLogin
}

// Browser is what the request's cookies say of the browser.
func Browser(c echo.Context, cookies *session.Cookies) auth.Browser {
	return auth.Browser{
		Session:      cookies.Get(c.Request(), session.Session),
		PendingLogin: cookies.Get(c.Request(), session.PendingLogin),
		Device:       cookies.Get(c.Request(), session.Device),
		Cookie:       func(name string) string { return cookies.Get(c.Request(), session.Named(name)) },
	}
}

// LoginTo is the address of the login that leads back to a path of this site; to none where it is not certainly one.
func LoginTo(path string) string { return WithNext("/login", path) }

// WithNext is the address of a page that leads on to a path of this site; to none where it is not certainly one.
func WithNext(page, path string) string {
	if next := auth.SafeNext(path); next != "" {
		return page + "?next=" + url.QueryEscape(next)
	}
	return page
}

// PathOf is the path and query of a page's address, as browsers tell it in headers; "" for what is none.
func PathOf(address string) string {
	page, err := url.Parse(address)
	if err != nil || page.Path == "" {
		return ""
	}
	return page.RequestURI()
}

// Client returns where the request comes from; the address is the one that the server's IPExtractor vouches for.
func Client(c echo.Context) auth.Client {
	ip, _ := netip.ParseAddr(c.RealIP())
	return auth.Client{IP: ip, UserAgent: c.Request().UserAgent()}
}
