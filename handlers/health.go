package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/models"
)

// Healthz says that the process answers.
func (h *Handlers) Healthz(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }

// Readyz says whether requests can be served: the database answers and has this program's tables.
func (h *Handlers) Readyz(c echo.Context) error {
	current, err := models.MigrationsCurrent(c.Request().Context(), h.db)
	switch {
	case err != nil:
		h.log.ErrorContext(c.Request().Context(), "not ready", "error", err)
		return c.String(http.StatusServiceUnavailable, "the database does not answer\n")
	case !current:
		return c.String(http.StatusServiceUnavailable, "the database is not migrated\n")
	}
	// Without mail the site still serves everybody who is logged in, and every server of a fleet would say the same: so it is told, and
	// takes no server out of service.
	if trouble := h.outbox.Trouble(); trouble != nil {
		return c.String(http.StatusOK, "ok\nmail is delayed: "+trouble.What+"\n")
	}
	return c.String(http.StatusOK, "ok\n")
}
