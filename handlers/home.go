package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/assets"
	"example.com/gatehouse/auth"
	"example.com/gatehouse/views"
)

// Home shows the front page.
func (h *Handlers) Home(c echo.Context, actor *auth.Actor) error {
	if actor == nil {
		return h.web.Render(c, http.StatusOK, views.Home(nil))
	}
	return h.web.Render(c, http.StatusOK, views.Home(&actor.User))
}

// Assets serves stylesheets, scripts and icons.
func (h *Handlers) Assets(c echo.Context) error {
	assets.Handler().ServeHTTP(c.Response(), c.Request())
	return nil
}
