package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/views"
)

// Dashboard shows the first page after login. It has the sign-ups for users who
// may read reports.
func (h *Handlers) Dashboard(c echo.Context, actor *auth.Actor) error {
	if !actor.May(auth.ReadReports) {
		return h.web.Render(c, http.StatusOK, views.Dashboard(&actor.User, nil))
	}
	counts, err := h.auth.SignUps(c.Request().Context(), actor)
	if err != nil {
		return err
	}
	return h.web.Render(c, http.StatusOK, views.Dashboard(&actor.User, &counts))
}

// SignUps shows how many users have signed up.
func (h *Handlers) SignUps(c echo.Context, actor *auth.Actor) error {
	counts, err := h.auth.SignUps(c.Request().Context(), actor)
	if err != nil {
		return err
	}
	return h.web.Render(c, http.StatusOK, views.SignUps(&actor.User, counts))
}
