package handlers

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/middleware"
	"example.com/gatehouse/models"
	"example.com/gatehouse/views"
)

// AccountPage shows the person's name and address.
func (h *Handlers) AccountPage(c echo.Context, user *models.User) error {
	return h.render(c, http.StatusOK, views.Account(user, views.AccountForm{Name: user.Name}, nil))
}

// Account changes the person's name.
func (h *Handlers) Account(c echo.Context, user *models.User) error {
	var form views.AccountForm
	if err := bind(c, &form); err != nil {
		return err
	}
	err := h.auth.Rename(c.Request().Context(), middleware.Actor(c), form.Name)
	if invalid, ok := errors.AsType[auth.Invalid](err); ok {
		return h.render(c, http.StatusUnprocessableEntity, views.Account(user, form, invalid))
	}
	if err != nil {
		return err
	}
	return h.redirect(c, "/account", "Your name is saved.")
}
