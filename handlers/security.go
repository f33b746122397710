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
)

// SecurityPage asks for the current and a new password.
func (h *Handlers) SecurityPage(c echo.Context, user *models.User) error {
	return h.render(c, http.StatusOK, views.Security(user, views.SecurityForm{}, h.config.PasswordMin, nil))
}

// Security changes the password.
func (h *Handlers) Security(c echo.Context, user *models.User) error {
	var form views.SecurityForm
	if err := bind(c, &form); err != nil {
		return err
	}
	viewer := middleware.Viewer(c)
	token, err := h.auth.ChangePassword(c.Request().Context(), viewer, form.CurrentPassword, form.Password, middleware.Client(c))
	if invalid, ok := errors.AsType[auth.Invalid](err); ok {
		return h.render(c, http.StatusUnprocessableEntity, views.Security(user, form, h.config.PasswordMin, invalid))
	}
	if errors.Is(err, auth.ErrChanged) {
		return h.redirect(c, "/login", accountChanged)
	}
	if err != nil {
		return err
	}
	cookie := session.Session
	if viewer.Session.Remember {
		cookie = cookie.For(viewer.Session.ExpiresAt.Sub(h.now()))
	}
	if err := h.cookies.Set(c.Response(), c.Request(), cookie, token); err != nil {
		return err
	}
	return h.redirect(c, "/account/security", "Your password is changed, and every other device is logged out.")
}
