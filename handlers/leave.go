package handlers

import (
	"github.com/labstack/echo/v4"

	"example.com/gatehouse/middleware"
	"example.com/gatehouse/session"
)

// leave ends the browser's session, if it has one. Every handler that logs a
// user out must call it, so that no session outlives its cookie.
func (h *Handlers) leave(c echo.Context) error {
	h.cookies.Clear(c.Response(), session.Session)
	actor := middleware.Actor(c)
	if actor == nil {
		return nil
	}
	return h.auth.Logout(c.Request().Context(), actor)
}
