package handlers

import (
	"github.com/labstack/echo/v4"

	"example.com/gatehouse/session"
)

// proveToLeave answers auth.ErrReauthRequired to somebody who does not accept the terms. They have no session to prove more in, so they log in
// once more, and this time with all that protects the account.
func (h *Handlers) proveToLeave(c echo.Context) error {
	h.cookies.Clear(c.Response(), session.PendingLogin)
	h.cookies.Clear(c.Response(), session.Trusted) // feature:trusted_devices
	return h.web.Redirect(c, "/login", "To leave, show once more who you are. Then say again that you do not accept the terms.")
}
