package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// ChangePasswordAddress leads password managers to the page that changes the
// password (W3C, A Well-Known URL for Changing Passwords).
func (h *Handlers) ChangePasswordAddress(c echo.Context) error {
	return c.Redirect(http.StatusSeeOther, "/account/security")
}
