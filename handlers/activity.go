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
	asked, kind, words := web.ListQuery(c), views.ActivityKindOf(c.QueryParam("kind")), h.web.Activity()
	filter := models.ActivityFilter{Names: words.Names(kind), Saying: words.EventsSaying(asked.Search),
		Methods: words.MethodsSaying(asked.Search)}
	events, err := models.Activity(h.database(c), actor, asked, filter)
	if err != nil {
		return err
	}
	return h.web.Render(c, http.StatusOK, views.Activity(actor, events, kind, words, h.now()))
}
