package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/middleware"
	"example.com/gatehouse/models"
	"example.com/gatehouse/views"
)

// ActivityPage lists what the security log has of the user.
func (h *Handlers) ActivityPage(c echo.Context, user *models.User) error {
	asked, kind := query(c), views.ActivityKindOf(c.QueryParam("kind"))
	filter := models.ActivityFilter{Names: kind.Names(), Saying: views.EventsSaying(asked.Search), Methods: views.MethodsSaying(asked.Search)}
	events, err := models.Activity(h.database(c), user, asked, filter)
	if err != nil {
		return err
	}
	return h.render(c, http.StatusOK, views.Activity(user, events, kind, middleware.Actor(c).Session.ID, h.now()))
}
