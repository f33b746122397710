package handlers

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/middleware"
	"example.com/gatehouse/models"
	"example.com/gatehouse/session"
	"example.com/gatehouse/views"
	"example.com/gatehouse/views/ui"
	"example.com/gatehouse/web"
)

// DeleteAccountPage says what a deletion does. A proof is asked for here: what comes after the last button should be the end.
func (h *Handlers) DeleteAccountPage(c echo.Context, actor *auth.Actor) error {
	if err := h.auth.RequireRecentLogin(c.Request().Context(), actor); err != nil {
		return err
	}
	return h.web.Render(c, http.StatusOK, views.DeleteAccount(&actor.User, models.DeletionDelay, views.DeleteAccountForm{}, nil))
}

// DeleteAccount closes the account and has it deleted.
func (h *Handlers) DeleteAccount(c echo.Context, actor *auth.Actor) error {
	var form views.DeleteAccountForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	err := h.auth.ScheduleDeletion(c.Request().Context(), actor, form.Confirmation)
	if invalid, ok := errors.AsType[auth.Invalid](err); ok {
		return h.web.Render(c, http.StatusUnprocessableEntity, views.DeleteAccount(&actor.User, models.DeletionDelay, form, invalid))
	}
	return h.accountClosed(c, err)
}

// accountClosed answers who has had their account closed, or err, which kept it open.
func (h *Handlers) accountClosed(c echo.Context, err error) error {
	if err != nil {
		return err
	}
	h.cookies.Clear(c.Response(), session.Session)
	h.cookies.Clear(c.Response(), session.PendingLogin)
	c.Response().Header().Set("Clear-Site-Data", `"cache", "storage"`)
	return h.web.Redirect(c, "/login", "Your account is closed, and will be deleted in "+ui.Length(models.DeletionDelay)+". Until then the link in our mail brings it back.")
}

// RestoreAccountPage asks whether to bring an account back. Opening it uses nothing up.
func (h *Handlers) RestoreAccountPage(c echo.Context) error {
	h.web.HideToken(c)
	token := web.LinkToken(c)
	user, due, err := h.auth.DeletionByToken(c.Request().Context(), token)
	if errors.Is(err, auth.ErrInvalidLink) {
		return h.deadRestore(c, err)
	}
	if err != nil {
		return err
	}
	return h.web.Render(c, http.StatusOK, views.RestoreAccount(views.RestoreAccountForm{Token: token}, user.Email, due))
}

func (h *Handlers) deadRestore(c echo.Context, err error) error {
	if errors.Is(err, auth.ErrUsedLink) {
		return h.web.Redirect(c, "/login", "This link already brought your account back.")
	}
	return h.web.LinkInvalid(c, "The account is back already, there is a newer mail with another link, or the seven days are over and it was deleted. Log in to see.",
		"Log in", "/login")
}

// RestoreAccount brings it back and goes to the login page: a link alone signs nobody in. Who did not ask for the deletion chooses a new
// password.
func (h *Handlers) RestoreAccount(c echo.Context) error {
	var form views.RestoreAccountForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	if form.ReportCompromise {
		return h.secureAccount(c, form.Token, h.auth.ReportDeletion, h.deadRestore)
	}
	err := h.auth.UndoDeletion(c.Request().Context(), form.Token, middleware.Client(c))
	if errors.Is(err, auth.ErrInvalidLink) {
		return h.deadRestore(c, err)
	}
	if err != nil {
		return err
	}
	return h.web.Redirect(c, "/login", "Your account is back, as it was. Log in with your password.")
}
