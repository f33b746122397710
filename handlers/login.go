package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/middleware"
	"example.com/gatehouse/views"
	"example.com/gatehouse/web"
)

// LoginPage asks for address and password.
func (h *Handlers) LoginPage(c echo.Context) error {
	return h.web.Render(c, http.StatusOK, h.web.LoginPage(views.LoginForm{Errand: web.ErrandOf(c)}, nil))
}

// Login logs in with address and password.
func (h *Handlers) Login(c echo.Context) error {
	var form views.LoginForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	form.Errand = web.CheckErrand(form.Errand)
	user, err := h.auth.Authenticate(c.Request().Context(), form.Email, form.Password, h.web.Browser(c), middleware.Client(c))
	if err != nil {
		return h.web.Again(c, form.Kept, err, func(status int, problems auth.Invalid) error {
			return h.web.Render(c, status, h.web.LoginPage(form, problems))
		})
	}
	return h.web.Login(c, user, auth.ByPassword(form.Remember), form.Errand)
}

// Logout is the one way out. It succeeds for visitors too: who clicks twice, or in a second tab, wants to be out.
func (h *Handlers) Logout(c echo.Context) error {
	if err := h.web.Logout(c); err != nil {
		return err
	}
	// Not "cookies": the device cookie stays, it is what keeps strangers' guesses from slowing this browser down.
	c.Response().Header().Set("Clear-Site-Data", `"cache", "storage"`)
	return h.web.Redirect(c, "/login", "You are logged out.")
}
