package handlers

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/views"
	"example.com/gatehouse/web"
)

// SecurityPage says how the account is protected, and asks for the current and a new password.
func (h *Handlers) SecurityPage(c echo.Context, actor *auth.Actor) error {
	return h.security(c, http.StatusOK, actor, views.SecurityForm{}, nil)
}

func (h *Handlers) security(c echo.Context, status int, actor *auth.Actor, form views.SecurityForm, problems auth.Invalid) error {
	securityItems, err := h.securityItems(c.Request().Context(), actor)
	if err != nil {
		return err
	}
	return h.web.Render(c, status, views.Security(&actor.User, securityItems, form, h.config.PasswordMin, problems))
}

// protections lists what protects the account beside the password.
func (h *Handlers) securityItems(ctx context.Context, actor *auth.Actor) (list []views.SecurityItem, err error) {
	for _, securityItem := range []func(context.Context, *auth.Actor) (views.SecurityItem, error){
		h.passkeysItem,      // feature:passkeys
		h.totpItem,          // feature:totp
		h.recoveryCodesItem, // feature:recovery_codes
		h.trustItem,         // feature:trusted_devices
	} {
		p, err := securityItem(ctx, actor)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// Security changes the password.
func (h *Handlers) Security(c echo.Context, actor *auth.Actor) error {
	var form views.SecurityForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	token, err := h.auth.ChangePassword(c.Request().Context(), actor, form.CurrentPassword, form.Password)
	if err != nil {
		return web.Invalid(err, func(status int, problems auth.Invalid) error {
			return h.security(c, status, actor, form, problems)
		})
	}
	if err := h.web.Renew(c, actor, token); err != nil {
		return err
	}
	return h.web.Redirect(c, "/account/security", "Your password is changed, and every other device is logged out.")
}
