package handlers

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/models"
	"example.com/gatehouse/views"
	"example.com/gatehouse/web"
)

// DeleteWithoutTermsPage is DeleteAccountPage for somebody who does not accept the terms that their login owes.
func (h *Handlers) DeleteWithoutTermsPage(c echo.Context, p *auth.PendingLogin) error {
	if err := h.auth.RequireRecentLogin(c.Request().Context(), p.Actor()); errors.Is(err, auth.ErrReauthRequired) {
		return h.proveToLeave(c)
	} else if err != nil {
		return err
	}
	return h.web.Render(c, http.StatusOK, views.DeleteWithoutTerms(&p.User, models.DeletionDelay, views.DeleteAccountForm{}, nil))
}

// DeleteWithoutTerms closes the account and has it deleted.
func (h *Handlers) DeleteWithoutTerms(c echo.Context, p *auth.PendingLogin) error {
	var form views.DeleteAccountForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	err := h.auth.DeleteWithoutTerms(c.Request().Context(), p, form.Confirmation)
	if invalid, ok := errors.AsType[auth.Invalid](err); ok {
		return h.web.Render(c, http.StatusUnprocessableEntity, views.DeleteWithoutTerms(&p.User, models.DeletionDelay, form, invalid))
	}
	if errors.Is(err, auth.ErrReauthRequired) {
		return h.proveToLeave(c)
	}
	return h.accountClosed(c, err)
}
