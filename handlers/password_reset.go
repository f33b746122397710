package handlers

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/middleware"
	"example.com/gatehouse/session"
	"example.com/gatehouse/views"
	"example.com/gatehouse/web"
)

// ResetPasswordPage asks for a new password. Opening it uses nothing up.
func (h *Handlers) ResetPasswordPage(c echo.Context) error {
	return h.resetPassword(c, http.StatusOK, views.ResetForm{Token: web.LinkToken(c)}, nil)
}

func (h *Handlers) resetPassword(c echo.Context, status int, form views.ResetForm, problems auth.Invalid) error {
	h.web.HideToken(c)
	user, err := h.auth.ResetByToken(c.Request().Context(), form.Token)
	if errors.Is(err, auth.ErrInvalidLink) {
		return h.deadReset(c, err)
	}
	if err != nil {
		return err
	}
	second, err := h.auth.HasSecondFactor(c.Request().Context(), user)
	if err != nil {
		return err
	}
	if second {
		return h.web.Render(c, status, views.ResetPasswordFirst(form, user.Email))
	}
	return h.web.Render(c, status, views.ResetPassword(form, user.Email, h.config.PasswordMin, problems))
}

func (h *Handlers) deadReset(c echo.Context, err error) error {
	if errors.Is(err, auth.ErrUsedLink) {
		return h.web.Redirect(c, "/login", "You already set a new password with this link. If that wasn’t you, reset your password again.")
	}
	return h.web.LinkInvalid(c, "It has been used, replaced by a newer one, or is too old. Ask for a new one; only the newest works.",
		"Send me a new link", "/password/forgot")
}

// ResetPassword sets the new password and goes to the login page: a link alone signs nobody in. Who has a second factor is asked for that
// first.
func (h *Handlers) ResetPassword(c echo.Context) error {
	var form views.ResetForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	device, err := h.auth.ResetPassword(c.Request().Context(), form.Token, form.Password, middleware.Client(c))
	switch {
	case errors.Is(err, auth.ErrInvalidLink):
		return h.deadReset(c, err)
	case errors.Is(err, auth.ErrFactorDue):
		return h.resetWithFactor(c, form.Token)
	case err != nil:
		return web.Invalid(err, func(status int, problems auth.Invalid) error {
			return h.resetPassword(c, status, form, problems)
		})
	}
	if err := h.cookies.Set(c.Response(), c.Request(), session.Device, device); err != nil {
		return err
	}
	// Whoever is logged in here need not be whose password it was.
	if err := h.web.Logout(c); err != nil {
		return err
	}
	return h.web.Redirect(c, "/login", "Your password is changed. Log in with the new one.")
}

// resetWithFactor begins a login that owes a second factor and then a new password. What follows is for the logged out.
func (h *Handlers) resetWithFactor(c echo.Context, token string) error {
	user, err := h.auth.ResetByToken(c.Request().Context(), token)
	if errors.Is(err, auth.ErrInvalidLink) {
		return h.deadReset(c, err)
	}
	if err != nil {
		return err
	}
	if err := h.web.Logout(c); err != nil {
		return err
	}
	return h.web.Login(c, user, auth.ByReset(), views.Errand{})
}
