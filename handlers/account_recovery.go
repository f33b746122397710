package handlers

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/middleware"
	"example.com/gatehouse/views"
	"example.com/gatehouse/web"
)

// AccountRecoveryPage asks whether to remove every second factor. Opening it uses nothing up.
func (h *Handlers) AccountRecoveryPage(c echo.Context) error {
	h.web.HideToken(c)
	user, err := h.auth.RecoveryByToken(c.Request().Context(), web.LinkToken(c))
	if errors.Is(err, auth.ErrInvalidLink) {
		return h.deadRecovery(c, err)
	}
	if err != nil {
		return err
	}
	return h.web.Render(c, http.StatusOK, views.AccountRecovery(views.AccountRecoveryForm{Token: web.LinkToken(c)}, user.Email))
}

func (h *Handlers) deadRecovery(c echo.Context, err error) error {
	if errors.Is(err, auth.ErrUsedLink) {
		return h.web.Redirect(c, "/login", "Your second factors are removed. Log in with your password, then set up new ones.")
	}
	return h.web.LinkInvalid(c, "It has been used, replaced by a newer one, or is too old. Ask whoever sent it for a new one.",
		"Log in", "/login")
}

// AccountRecovery removes them and goes to the login page: a link alone signs nobody in.
func (h *Handlers) AccountRecovery(c echo.Context) error {
	var form views.AccountRecoveryForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	err := h.auth.RecoverAccount(c.Request().Context(), form.Token, middleware.Client(c))
	if errors.Is(err, auth.ErrInvalidLink) {
		return h.deadRecovery(c, err)
	}
	if err != nil {
		return err
	}
	// Whoever is logged in here need not be whose factors they were.
	if err := h.web.Logout(c); err != nil {
		return err
	}
	return h.web.Redirect(c, "/login", "Your second factors are removed. Log in with your password, then set up new ones.")
}
