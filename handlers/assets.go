package handlers

import (
	"github.com/labstack/echo/v4"

	"example.com/gatehouse/assets"
)

// Assets serves stylesheets, scripts and icons.
func (h *Handlers) Assets(c echo.Context) error {
	assets.Handler().ServeHTTP(c.Response(), c.Request())
	return nil
}
