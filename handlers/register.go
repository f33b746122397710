package handlers

import (
	"errors"
	"net/http"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/middleware"
	"example.com/gatehouse/session"
	"example.com/gatehouse/views"
	"example.com/gatehouse/web"
)

// RegisterPage asks for name, address and password.
func (h *Handlers) RegisterPage(c echo.Context) error {
	return h.web.Render(c, http.StatusOK, h.registerView(views.RegisterForm{Next: c.QueryParam("next")}, nil))
}

func (h *Handlers) registerView(form views.RegisterForm, problems auth.Invalid) templ.Component {
	form.Next = auth.SafeNext(form.Next)
	form.Terms = h.config.TermsVersion != "" // feature:terms
	return views.Register(form, h.config.PasswordMin, problems)
}

// Register starts a sign-up. What it answers does not depend on whether the address has an account.
func (h *Handlers) Register(c echo.Context) error {
	var form views.RegisterForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	browser, err := h.auth.Register(c.Request().Context(), form.Name, form.Email, form.Password, middleware.Client(c))
	if err != nil {
		return web.Invalid(err, func(status int, problems auth.Invalid) error {
			return h.web.Render(c, status, h.registerView(form, problems))
		})
	}
	err = errors.Join(
		h.cookies.Set(c.Response(), c.Request(), session.Registration, browser),
		h.cookies.Set(c.Response(), c.Request(), session.ReturnTo, auth.SafeNext(form.Next)),
	)
	if err != nil {
		return err
	}
	return h.web.Redirect(c, "/register/sent", "")
}

// RegisterSent says where the link went, to the browser that signed up.
func (h *Handlers) RegisterSent(c echo.Context) error {
	return h.registerSent(c, http.StatusOK, views.CorrectForm{}, nil)
}

func (h *Handlers) registerSent(c echo.Context, status int, form views.CorrectForm, problems auth.Invalid) error {
	registration, err := h.auth.PendingRegistration(c.Request().Context(), h.cookies.Get(c.Request(), session.Registration))
	if errors.Is(err, auth.ErrInvalidLink) {
		return h.noRegistration(c)
	}
	if err != nil {
		return err
	}
	return h.web.Render(c, status, views.RegisterSent(registration.Email, form, problems))
}

// mailedEnough is said where no new link goes out: strangers may have used up what an address gets, and their links do as well.
const mailedEnough = "This address has had several links within the hour, so we send no new one for now. Open the newest of them in this browser."

// noRegistration answers a browser whose sign-up was confirmed elsewhere, or has expired, or never was.
func (h *Handlers) noRegistration(c echo.Context) error {
	return h.web.Redirect(c, "/login", "There is no sign-up waiting here. If you have confirmed it already, log in; if not, sign up again.")
}

// ResendRegistration mails the link again.
func (h *Handlers) ResendRegistration(c echo.Context) error {
	err := h.auth.ResendRegistration(c.Request().Context(), h.cookies.Get(c.Request(), session.Registration), middleware.Client(c))
	switch {
	case errors.Is(err, auth.ErrInvalidLink):
		return h.noRegistration(c)
	case errors.Is(err, auth.ErrMailedEnough):
		return h.web.Redirect(c, "/register/sent", mailedEnough)
	case err != nil:
		return err
	}
	return h.web.Redirect(c, "/register/sent", "We have sent a new link. The one before it no longer works.")
}

// CorrectRegistration mails the link to another address.
func (h *Handlers) CorrectRegistration(c echo.Context) error {
	var form views.CorrectForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	err := h.auth.CorrectRegistration(c.Request().Context(), h.cookies.Get(c.Request(), session.Registration), form.Email, middleware.Client(c))
	switch {
	case errors.Is(err, auth.ErrInvalidLink):
		return h.noRegistration(c)
	case errors.Is(err, auth.ErrMailedEnough):
		return h.web.Redirect(c, "/register/sent", mailedEnough)
	case err != nil:
		return web.Invalid(err, func(status int, problems auth.Invalid) error {
			return h.registerSent(c, status, form, problems)
		})
	}
	return h.web.Redirect(c, "/register/sent", "We have sent a link to the corrected address.")
}
