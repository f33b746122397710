// feature:passkeys|recovery_codes|totp

package handlers

import (
	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
)

// hasOtherSessions says whether there is a session of the viewer's to end, beside this one.
func (h *Handlers) hasOtherSessions(c echo.Context, viewer *auth.Viewer) (bool, error) {
	sessions, err := h.auth.Sessions(c.Request().Context(), viewer)
	return len(sessions) > 1, err
}
