package handlers

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/views"
	"example.com/gatehouse/web"
)

// RecoveryCodesPage says how many are left, and offers new ones.
func (h *Handlers) RecoveryCodesPage(c echo.Context, actor *auth.Actor) error {
	return h.recoveryCodes(c, http.StatusOK, actor, nil)
}

func (h *Handlers) recoveryCodes(c echo.Context, status int, actor *auth.Actor, problems auth.Invalid) error {
	left, err := h.auth.RecoveryCodesLeft(c.Request().Context(), actor)
	if err != nil {
		return err
	}
	return h.web.Render(c, status, views.RecoveryCodes(&actor.User, left, auth.FewRecoveryCodes, problems))
}

// MakeRecoveryCodes shows new ones, this once.
func (h *Handlers) MakeRecoveryCodes(c echo.Context, actor *auth.Actor) error {
	codes, err := h.auth.MakeRecoveryCodes(c.Request().Context(), actor)
	if err != nil {
		return web.Invalid(err, func(status int, problems auth.Invalid) error {
			return h.recoveryCodes(c, status, actor, problems)
		})
	}
	others, err := h.hasOtherSessions(c, actor)
	if err != nil {
		return err
	}
	return h.web.Render(c, http.StatusOK, views.NewRecoveryCodes(&actor.User, codes, others))
}

// DownloadRecoveryCodes gives the codes that the page showed back as a file: the server has none to give.
func (h *Handlers) DownloadRecoveryCodes(c echo.Context, _ *auth.Actor) error {
	var form struct {
		Codes string `form:"codes"`
	}
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="recovery-codes.txt"`)
	return c.Blob(http.StatusOK, "text/plain; charset=utf-8", []byte(form.Codes))
}

func (h *Handlers) recoveryCodesItem(ctx context.Context, actor *auth.Actor) (views.SecurityItem, error) {
	left, err := h.auth.RecoveryCodesLeft(ctx, actor)
	if err != nil {
		return views.SecurityItem{}, err
	}
	second, err := h.auth.HasSecondFactor(ctx, &actor.User)
	return views.RecoveryCodesItem(left, auth.FewRecoveryCodes, second), err
}
