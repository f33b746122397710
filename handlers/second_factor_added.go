// feature:passkeys|totp

package handlers

import (
	"errors"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/views/ui"
)

// factorAdded answers who has added a second factor. The first one is safe to have only with something to fall back on.
func (h *Handlers) factorAdded(c echo.Context, viewer *auth.Viewer, notice string) error {
	if left, err := h.auth.RecoveryCodesLeft(c.Request().Context(), viewer); err != nil || left == 0 { // feature:recovery_codes
		return errors.Join(err, h.redirect(c, "/account/recovery-codes", notice+" Now make recovery codes, for the day you lose it.")) // feature:recovery_codes
	} // feature:recovery_codes
	return h.redirectOffering(c, "/account/security", ui.Message{Text: notice + " Other devices are still logged in as before.",
		Action: "/account/sessions/end-others", Label: "Log them out"})
}
