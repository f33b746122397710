package web

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

// LoginAgain leads back to the login and says why. The errand comes along.
func (w *Web) LoginAgain(c echo.Context, errand views.Errand, why string) error {
	if errand.Kept == "" {
		return w.Redirect(c, middleware.LoginTo(errand.Next), why)
	}
	page := w.LoginPage(views.LoginForm{Errand: errand}, auth.Invalid{"": why})
	return w.Render(c, http.StatusUnprocessableEntity, page)
}

// Login logs the user in. Every login method must end here, so that second
// factors and pending steps cannot be skipped: it is the only caller of
// auth.Login. It starts the session, calls the login hooks and leads to where
// the user was going, or asks for the next step of the pending login.
func (w *Web) Login(c echo.Context, user *models.User, authn auth.Authentication, errand views.Errand) error {
	result, err := w.auth.Login(c.Request().Context(), user, authn, w.Browser(c), middleware.Client(c))
	if errors.Is(err, auth.ErrAccountLocked) {
		const why = "This account was locked. To open it, choose a new password: we mail its owner a link."
		if errand.Kept != "" {
			return w.LoginAgain(c, errand, why)
		}
		return w.Redirect(c, "/password/forgot", why)
	}
	if err != nil {
		return err
	}
	if result.PendingLogin != nil {
		return w.askStep(c, result, errand)
	}
	if err := w.setLogin(c, user, authn, result); err != nil {
		return err
	}
	return w.carryOn(c, user, errand)
}

// setLogin gives the browser the cookies of a new session.
func (w *Web) setLogin(c echo.Context, user *models.User, authn auth.Authentication, result auth.LoginResult) error {
	cookie := session.Session
	if authn.Remember {
		cookie = cookie.For(w.config.RememberMax)
	}
	err := errors.Join(
		w.cookies.Set(c.Response(), c.Request(), cookie, result.Session),
		w.cookies.Set(c.Response(), c.Request(), session.Device, result.Device),
	)
	for name, token := range result.NewTokens {
		err = errors.Join(err, w.cookies.Set(c.Response(), c.Request(), session.Named(name).For(token.Life), token.Token))
	}
	for _, hook := range w.logins {
		err = errors.Join(err, hook(c, user, authn))
	}
	if err != nil {
		return err
	}
	w.cookies.Clear(c.Response(), session.PendingLogin)
	return nil
}

// Browser returns what the request's cookies say of the browser.
func (w *Web) Browser(c echo.Context) auth.Browser { return middleware.Browser(c, w.cookies) }

// Logout ends the browser's session, if it has one. Every handler that logs a
// user out must call it, so that no session outlives its cookie.
func (w *Web) Logout(c echo.Context) error {
	w.cookies.Clear(c.Response(), session.Session)
	actor := middleware.Actor(c)
	if actor == nil {
		return nil
	}
	return w.auth.Logout(c.Request().Context(), actor)
}

// askStep asks for the next step of a pending login. A saved form travels in the
// page; the path to return to, in its address.
func (w *Web) askStep(c echo.Context, result auth.LoginResult, errand views.Errand) error {
	if err := w.cookies.Set(c.Response(), c.Request(), session.PendingLogin, result.Browser.PendingLogin); err != nil {
		return err
	}
	step := w.steps[result.PendingLogin.Step]
	if errand.Kept == "" {
		return c.Redirect(http.StatusSeeOther, middleware.WithNext(step.path, errand.Next))
	}
	return step.page(c, http.StatusUnauthorized, result.PendingLogin, CheckErrand(errand))
}

// StepPath returns the address of the page that asks for a pending login's step.
func (w *Web) StepPath(p *auth.PendingLogin) string { return w.steps[p.Step].path }

// loginEnded answers a browser that has no pending login, or whose login took
// too long.
func (w *Web) loginEnded(c echo.Context) error {
	w.cookies.Clear(c.Response(), session.PendingLogin)
	errand := sentErrand(c)
	if errand.Kept == "" { // perhaps the form was sent twice: then the login page leads a logged-in user on
		return c.Redirect(http.StatusSeeOther, middleware.LoginTo(errand.Next))
	}
	return w.LoginAgain(c, errand, "That login is over, or took too long. Please log in again.")
}
