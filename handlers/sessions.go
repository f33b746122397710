package handlers

import (
	"cmp"
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/views"
	"example.com/gatehouse/web"
)

// SessionsPage lists the devices that are logged in.
func (h *Handlers) SessionsPage(c echo.Context, actor *auth.Actor) error {
	sessions, err := h.auth.Sessions(c.Request().Context(), actor)
	if err != nil {
		return err
	}
	return h.web.Render(c, http.StatusOK, views.Sessions(&actor.User, sessions, actor.Session.ID, h.now()))
}

// EndSession logs one device out; when it is this one, its cookie goes too.
func (h *Handlers) EndSession(c echo.Context, actor *auth.Actor) error {
	var form struct {
		ID string `form:"id"`
	}
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	if form.ID == actor.Session.ID {
		return h.Logout(c)
	}
	if err := h.auth.EndSession(c.Request().Context(), actor, form.ID); err != nil {
		return err
	}
	return h.web.Redirect(c, "/account/sessions", "That device is logged out.")
}

// EndOtherSessions logs every other device out, and leads back to where it was offered.
func (h *Handlers) EndOtherSessions(c echo.Context, actor *auth.Actor) error {
	if err := h.auth.EndOtherSessions(c.Request().Context(), actor); err != nil {
		return err
	}
	to := cmp.Or(auth.SafeNext(c.QueryParam("next")), "/account/sessions")
	return h.web.Redirect(c, to, "Every other device is logged out.")
}
