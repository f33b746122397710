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

// LoginPage asks for address and password.
func (h *Handlers) LoginPage(c echo.Context) error {
	return h.render(c, http.StatusOK, views.Login(views.LoginForm{Errand: asked(c)}, nil))
}

// Login logs in with address and password.
func (h *Handlers) Login(c echo.Context) error {
	var form views.LoginForm
	if err := bind(c, &form); err != nil {
		return err
	}
	form.Errand = checked(form.Errand)
	user, err := h.auth.Authenticate(c.Request().Context(), form.Email, form.Password, h.browser(c), middleware.Client(c))
	if err != nil {
		return h.again(c, form.Kept, err, func(status int, problems auth.Invalid) error { return h.render(c, status, views.Login(form, problems)) })
	}
	return h.startLogin(c, user, auth.ByPassword(form.Remember), form.Errand)
}

// logInAgain leads back to the login, with what its person was about.
func (h *Handlers) logInAgain(c echo.Context, errand views.Errand, why string) error {
	if errand.Kept == "" {
		return h.redirect(c, middleware.LoginTo(errand.Next), why)
	}
	return h.render(c, http.StatusUnprocessableEntity, views.Login(views.LoginForm{Errand: errand}, auth.Invalid{"": why}))
}

// startLogin logs the user in. Every login method must end here, so that second
// factors and pending steps cannot be skipped.
func (h *Handlers) startLogin(c echo.Context, user *models.User, authn auth.Authentication, errand views.Errand) error {
	entry, err := h.auth.Login(c.Request().Context(), user, authn, h.browser(c), middleware.Client(c))
	if errors.Is(err, auth.ErrAccountLocked) {
		const why = "This account was locked. To open it, choose a new password: we mail its owner a link."
		if errand.Kept != "" {
			return h.logInAgain(c, errand, why)
		}
		return h.redirect(c, "/password/forgot", why)
	}
	if err != nil {
		return err
	}
	if entry.PendingLogin != nil {
		return h.askFor(c, entry, errand)
	}
	if err := h.setEntry(c, user, authn, entry); err != nil {
		return err
	}
	return h.carryOn(c, user, errand)
}

// setEntry gives the browser the cookies of a session that has just begun.
func (h *Handlers) setEntry(c echo.Context, user *models.User, authn auth.Authentication, entry auth.LoginResult) error {
	cookie := session.Session
	if authn.Remember {
		cookie = cookie.For(h.config.RememberMax)
	}
	err := errors.Join(
		h.cookies.Set(c.Response(), c.Request(), cookie, entry.Session),
		h.cookies.Set(c.Response(), c.Request(), session.Device, entry.Device),
		h.rememberPasskeyOffer(c, user, authn), // feature:passkeys
		h.bringTheme(c, user),
	)
	if err != nil {
		return err
	}
	for name, token := range entry.NewTokens {
		if err := h.cookies.Set(c.Response(), c.Request(), session.Named(name).For(token.Life), token.Token); err != nil {
			return err
		}
	}
	h.cookies.Clear(c.Response(), session.PendingLogin)
	return nil
}

// browser is what the request's cookies say of the browser.
func (h *Handlers) browser(c echo.Context) auth.Browser { return middleware.Browser(c, h.cookies) }

// Logout is the one way out. It succeeds for visitors too: who clicks twice, or in a second tab, wants to be out.
func (h *Handlers) Logout(c echo.Context) error {
	if err := bind(c, &struct{}{}); err != nil {
		return err
	}
	if err := h.leave(c); err != nil {
		return err
	}
	// Not "cookies": the device cookie stays, it is what keeps strangers' guesses from slowing this browser down.
	c.Response().Header().Set("Clear-Site-Data", `"cache", "storage"`)
	return h.redirect(c, "/login", "You are logged out.")
}
