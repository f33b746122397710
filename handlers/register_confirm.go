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

// ConfirmEmailPage shows what a sign-up's link would do; only its button does it, since mail scanners open links.
func (h *Handlers) ConfirmEmailPage(c echo.Context) error {
	return h.confirmEmail(c, http.StatusOK, views.ConfirmForm{Token: web.LinkToken(c)}, nil)
}

func (h *Handlers) confirmEmail(c echo.Context, status int, form views.ConfirmForm, problems auth.Invalid) error {
	h.web.HideToken(c)
	registration, here, err := h.auth.RegistrationByLink(c.Request().Context(), form.Token, h.cookies.Get(c.Request(), session.Registration))
	if errors.Is(err, auth.ErrInvalidLink) {
		return h.deadConfirmation(c, err)
	}
	if err != nil {
		return err
	}
	return h.web.Render(c, status, views.ConfirmEmail(form, registration.Email, !here, problems))
}

func (h *Handlers) deadConfirmation(c echo.Context, err error) error {
	if errors.Is(err, auth.ErrUsedLink) {
		return h.web.Redirect(c, "/login", "Your email address is confirmed.")
	}
	return h.web.LinkInvalid(c, "It has been used, replaced by a newer one, or is too old. If your account is confirmed you can log in; if not, sign up again.",
		"Log in", "/login")
}

// ConfirmEmail makes the account and logs in.
func (h *Handlers) ConfirmEmail(c echo.Context) error {
	var form views.ConfirmForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	browser := h.cookies.Get(c.Request(), session.Registration)
	user, err := h.auth.ConfirmRegistration(c.Request().Context(), form.Token, browser, form.Password, middleware.Client(c))
	if errors.Is(err, auth.ErrInvalidLink) {
		return h.deadConfirmation(c, err)
	}
	if err != nil {
		return web.Invalid(err, func(status int, problems auth.Invalid) error {
			return h.confirmEmail(c, status, form, problems)
		})
	}
	h.cookies.Clear(c.Response(), session.Registration)
	errand := views.Errand{Next: h.cookies.Take(c.Response(), c.Request(), session.ReturnTo)}
	return h.web.Login(c, user, auth.BySignUp(), errand)
}
