// feature:passkeys|totp

package handlers

import (
	"net/url"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/views/ui"
)

// factorAdded answers who has added a second factor. The first one is safe to have only with something to fall back on.
func (h *Handlers) factorAdded(c echo.Context, actor *auth.Actor, notice string) error {
	if left, err := h.auth.RecoveryCodesLeft(c.Request().Context(), actor); err != nil { // feature:recovery_codes
		return err // feature:recovery_codes
	} else if left == 0 { // feature:recovery_codes
		return h.factorChanged(c, actor, "/account/recovery-codes", notice+" Now make recovery codes, for the day you lose it.") // feature:recovery_codes
	} // feature:recovery_codes
	return h.factorChanged(c, actor, "/account/security", notice)
}

// factorChanged answers who has added or removed a factor, and offers to end the other sessions, if there are any (ASVS 7.4.3): these have
// proven what there was before.
func (h *Handlers) factorChanged(c echo.Context, actor *auth.Actor, to, notice string) error {
	others, err := h.hasOtherSessions(c, actor)
	if err != nil {
		return err
	}
	if !others {
		return h.web.Redirect(c, to, notice)
	}
	return h.web.RedirectWith(c, to, ui.Message{Text: notice + " Other devices are still logged in as before.",
		Action: "/account/sessions/end-others?" + url.Values{"next": {to}}.Encode(), Label: "Log them out"})
}
