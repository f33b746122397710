package web

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
func (w *Web) countChange(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := w.auth.CountChange(c.Request().Context(), middleware.Actor(c))
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
		page := w.errorPage(c, err)
		w.setRetryAfter(c, page)
		return w.Render(c, page.Status, views.Postponed(middleware.User(c), form, page.InShort(c.Request().Context(), w.now())))
	}
}
