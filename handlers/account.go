package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/views"
	"example.com/gatehouse/web"
)

// AccountPage shows the person's name and address.
func (h *Handlers) AccountPage(c echo.Context, actor *auth.Actor) error {
	return h.web.Render(c, http.StatusOK, views.Account(&actor.User, views.AccountForm{Name: actor.User.Name}, nil))
}

// Account changes the person's name.
func (h *Handlers) Account(c echo.Context, actor *auth.Actor) error {
	var form views.AccountForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	err := h.auth.Rename(c.Request().Context(), actor, form.Name)
	if err != nil {
		return web.Invalid(err, func(status int, problems auth.Invalid) error {
			return h.web.Render(c, status, views.Account(&actor.User, form, problems))
		})
	}
	return h.web.Redirect(c, "/account", "Your name is saved.")
}
