package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/middleware"
	"example.com/gatehouse/views"
	"example.com/gatehouse/web"
)

// ForgotPasswordPage asks for the address of the account.
func (h *Handlers) ForgotPasswordPage(c echo.Context) error {
	return h.web.Render(c, http.StatusOK, views.ForgotPassword(views.ForgotForm{}, nil))
}

// ForgotPassword mails a link, if there is an account to mail it to; the answer does not tell.
func (h *Handlers) ForgotPassword(c echo.Context) error {
	var form views.ForgotForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	err := h.auth.ForgotPassword(c.Request().Context(), form.Email, middleware.Client(c))
	if err != nil {
		return web.Invalid(err, func(status int, problems auth.Invalid) error {
			return h.web.Render(c, status, views.ForgotPassword(form, problems))
		})
	}
	return h.web.Redirect(c, "/password/forgot/sent", "")
}

// ForgotPasswordSent says to look into the mailbox.
func (h *Handlers) ForgotPasswordSent(c echo.Context) error {
	return h.web.Render(c, http.StatusOK, views.ForgotPasswordSent(h.config.ResetTTL))
}
