// Package middleware decides who may enter, and what every request and response must hold to.
package middleware

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/models"
	"example.com/gatehouse/session"
)

const viewerKey = "viewer"

// LoadViewer finds out who is asking, for every request that carries a session cookie.
func LoadViewer(a *auth.Auth, cookies *session.Cookies) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			token := cookies.Get(c.Request(), session.Session)
			if token == "" {
				return next(c)
			}
			viewer, err := a.Viewer(c.Request().Context(), token, Client(c))
			if err != nil {
				return fmt.Errorf("load the viewer: %w", err)
			}
			if viewer == nil {
				cookies.Clear(c.Response(), session.Session)
				return next(c)
			}
			c.Set(viewerKey, viewer)
			return next(c)
		}
	}
}

// Viewer returns who is asking, and through which session; nil for a visitor.
func Viewer(c echo.Context) *auth.Viewer {
	viewer, _ := c.Get(viewerKey).(*auth.Viewer)
	return viewer
}

// User returns the user who is asking; nil for a visitor.
func User(c echo.Context) *models.User {
	if viewer := Viewer(c); viewer != nil {
		return &viewer.User
	}
	return nil
}

// RequireUser sends visitors to log in, and back afterwards. It is for the person's comfort: what a user may read and change
// is decided where the data is.
func RequireUser(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if Viewer(c) != nil {
			return next(c)
		}
		login := "/login"
		// Only a page can be gone back to; a form that was sent is not sent again behind a person's back.
		if c.Request().Method == http.MethodGet {
			login += "?next=" + url.QueryEscape(c.Request().URL.RequestURI())
		}
		return c.Redirect(http.StatusSeeOther, login)
	}
}

// RequireGuest sends the signed in to their dashboard.
func RequireGuest(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if Viewer(c) == nil {
			return next(c)
		}
		return c.Redirect(http.StatusSeeOther, "/dashboard")
	}
}

// Client returns where the request comes from; the address is the one that the server's IPExtractor vouches for.
func Client(c echo.Context) auth.Client {
	ip, _ := netip.ParseAddr(c.RealIP())
	return auth.Client{IP: ip, UserAgent: c.Request().UserAgent()}
}
