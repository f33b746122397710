package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/session"
	"example.com/gatehouse/views"
	"example.com/gatehouse/web"
)

// NewPasswordPage asks for the new password that a login owes.
func (h *Handlers) NewPasswordPage(c echo.Context, p *auth.PendingLogin) error {
	return h.askNewPassword(c, http.StatusOK, p, web.ErrandOf(c))
}

func (h *Handlers) askNewPassword(c echo.Context, status int, p *auth.PendingLogin, errand views.Errand) error {
	return h.newPassword(c, status, p, views.NewPasswordForm{Errand: errand}, nil)
}

func (h *Handlers) newPassword(c echo.Context, status int, p *auth.PendingLogin, form views.NewPasswordForm, problems auth.Invalid) error {
	form.Resets = p.Authentication().Resets()
	return h.web.Render(c, status, views.NewPassword(form, p.User.Email, h.config.PasswordMin, problems))
}

// NewPassword sets it. Who came by a mailed link goes to the login page, since a link alone signs nobody in; everybody else is in.
func (h *Handlers) NewPassword(c echo.Context, p *auth.PendingLogin) error {
	var form views.NewPasswordForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	form.Errand = web.CheckErrand(form.Errand)
	user, device, err := h.auth.CompletePassword(c.Request().Context(), p, form.Password)
	if err != nil {
		return h.web.Again(c, form.Kept, err, func(status int, problems auth.Invalid) error { return h.newPassword(c, status, p, form, problems) })
	}
	if !p.Authentication().Resets() {
		return h.web.Login(c, user, p.Authentication(), form.Errand)
	}
	h.cookies.Clear(c.Response(), session.PendingLogin)
	if err := h.cookies.Set(c.Response(), c.Request(), session.Device, device); err != nil {
		return err
	}
	return h.web.Redirect(c, "/login", "Your password is changed. Log in with the new one.")
}
