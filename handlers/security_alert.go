package handlers

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/middleware"
	"example.com/gatehouse/models"
	"example.com/gatehouse/session"
	"example.com/gatehouse/views"
	"example.com/gatehouse/web"
)

// SecurityAlertPage says what the link in an alert will do. Opening it uses nothing up.
func (h *Handlers) SecurityAlertPage(c echo.Context) error {
	h.web.HideToken(c)
	user, err := h.auth.AlertByToken(c.Request().Context(), web.LinkToken(c))
	if errors.Is(err, auth.ErrInvalidLink) {
		return h.deadAlert(c, err)
	}
	if err != nil {
		return err
	}
	return h.web.Render(c, http.StatusOK, views.SecurityAlert(views.SecurityAlertForm{Token: web.LinkToken(c)}, user))
}

func (h *Handlers) deadAlert(c echo.Context, err error) error {
	if errors.Is(err, auth.ErrUsedLink) {
		return h.lockedOutAlready(c)
	}
	return h.web.LinkInvalid(c, "It has been used, or is too old, or the password was reset since. You can choose a new password at any time, which logs out every device.",
		"Choose a new password", "/password/forgot")
}

// SecurityAlert locks everybody out, and has the owner, who holds the mailbox, choose a new password.
func (h *Handlers) SecurityAlert(c echo.Context) error {
	var form views.SecurityAlertForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	return h.secureAccount(c, form.Token, h.auth.ReportCompromise, h.deadAlert)
}

// lockedOutAlready answers a link that has locked everyone out, sent once more:
// it leads to the step that the first press began in this browser, or to where
// the owner of the mailbox chooses a password.
func (h *Handlers) lockedOutAlready(c echo.Context) error {
	pendingLogin, err := h.auth.FindPendingLogin(c.Request().Context(), h.web.Browser(c), middleware.Client(c))
	if err != nil {
		return err
	}
	if pendingLogin != nil {
		return c.Redirect(http.StatusSeeOther, h.web.StepPath(pendingLogin))
	}
	return h.web.Redirect(c, "/password/forgot", "You already used this link. If you haven’t chosen a new password since, ask for a link here.")
}

// secureAccount answers the owner of a mailbox who uses a link that locks everybody out of the account: they choose a new password.
func (h *Handlers) secureAccount(c echo.Context, token string, verb lockingOut, dead func(echo.Context, error) error) error {
	user, device, err := verb(c.Request().Context(), token, middleware.Client(c))
	if errors.Is(err, auth.ErrUsedLink) {
		return h.lockedOutAlready(c)
	}
	if errors.Is(err, auth.ErrInvalidLink) {
		return dead(c, err)
	}
	if err != nil {
		return err
	}
	if err := h.cookies.Set(c.Response(), c.Request(), session.Device, device); err != nil {
		return err
	}
	if err := h.web.Logout(c); err != nil {
		return err
	}
	return h.web.Login(c, user, auth.ByReset(), views.Errand{})
}

// lockingOut is a verb that uses a mailed link to lock everybody out, and returns who is to choose a new password, in which browser.
type lockingOut func(ctx context.Context, token string, client auth.Client) (user *models.User, newDevice string, err error)
