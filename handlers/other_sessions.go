// feature:passkeys|recovery_codes|totp

package handlers

import (
	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
)

// hasOtherSessions says whether there is a session of the user's to end, beside this one.
func (h *Handlers) hasOtherSessions(c echo.Context, actor *auth.Actor) (bool, error) {
	sessions, err := h.auth.Sessions(c.Request().Context(), actor)
	return len(sessions) > 1, err
}
