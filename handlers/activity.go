package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/models"
	"example.com/gatehouse/views"
	"example.com/gatehouse/web"
)

// ActivityPage lists what the security log has of the user.
func (h *Handlers) ActivityPage(c echo.Context, actor *auth.Actor) error {
	asked, kind := web.ListQuery(c), views.ActivityKindOf(c.QueryParam("kind"))
	filter := models.ActivityFilter{Names: kind.Names(), Saying: views.EventsSaying(asked.Search), Methods: views.MethodsSaying(asked.Search)}
	events, err := models.Activity(h.database(c), actor, asked, filter)
	if err != nil {
		return err
	}
	return h.web.Render(c, http.StatusOK, views.Activity(&actor.User, events, kind, actor.Session.ID, h.now()))
}
