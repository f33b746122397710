package handlers

import (
	"errors"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/middleware"
	"example.com/gatehouse/views"
)

// countChange counts a form that a logged-in user sends, before its handler
// runs. One that is over the limit comes back with what was typed, for the user
// to send later.
func (h *Handlers) countChange(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := h.auth.CountChange(c.Request().Context(), middleware.Actor(c))
		if err == nil {
			return next(c)
		}
		if _, limited := errors.AsType[auth.Limited](err); !limited {
			return err
		}
		form, unread := sentForm(c.Request(), auth.NeverKept)
		if unread != nil || len(form.Fields) == 0 {
			return err
		}
		page := h.errorPage(c, err)
		h.setRetryAfter(c, page)
		return h.render(c, page.Status, views.Postponed(middleware.User(c), form, page.InShort(c.Request().Context(), h.now())))
	}
}
