package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/assets"
	"example.com/gatehouse/middleware"
	"example.com/gatehouse/views"
)

// Home tells what this is.
func (h *Handlers) Home(c echo.Context) error {
	return h.render(c, http.StatusOK, views.Home(middleware.User(c)))
}

// Assets serves stylesheets, scripts and icons.
func (h *Handlers) Assets(c echo.Context) error {
	assets.Handler().ServeHTTP(c.Response(), c.Request())
	return nil
}
