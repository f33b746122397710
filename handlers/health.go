package handlers

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/models"
)

// Healthz says that the process answers.
func (h *Handlers) Healthz(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }

const (
	// readinessLasts is how long an answer of Readyz holds: anyone can ask, and each check writes.
	readinessLasts = time.Second
	// readinessPatience bounds each half of a check.
	readinessPatience = time.Second
)

// readiness is the last answer of Readyz.
type readiness struct {
	mu    sync.Mutex
	at    time.Time // when its check ended
	fault string    // "" while requests can be served
}

// Readyz says whether requests can be served: the database answers, has this program's tables, and takes a write.
func (h *Handlers) Readyz(c echo.Context) error {
	h.ready.mu.Lock()
	defer h.ready.mu.Unlock()
	if h.now().Sub(h.ready.at).Abs() >= readinessLasts {
		// Others wait for the answer as well, whether or not this client does. It
		// lasts from its end on: each of them would otherwise check once more after
		// a slow check, and a flood would keep a load balancer from any answer.
		h.ready.fault = h.checkReadiness(context.WithoutCancel(c.Request().Context()))
		h.ready.at = h.now()
	}
	if h.ready.fault != "" {
		return c.String(http.StatusServiceUnavailable, h.ready.fault+"\n")
	}
	// Without mail the site still serves everybody who is logged in, and every server of a fleet would say the same: so it is told, and
	// takes no server out of service.
	if trouble := h.outbox.Trouble(); trouble != nil {
		return c.String(http.StatusOK, "ok\nmail is delayed: "+trouble.What+"\n")
	}
	return c.String(http.StatusOK, "ok\n")
}

func (h *Handlers) checkReadiness(ctx context.Context) (fault string) {
	reading, cancel := context.WithTimeout(ctx, readinessPatience)
	defer cancel()
	current, err := models.MigrationsCurrent(reading, h.db)
	switch {
	case err != nil:
		h.log.ErrorContext(ctx, "not ready", "error", err)
		return "the database does not answer"
	case !current:
		return "the database is not migrated"
	}
	writing, cancel := context.WithTimeout(ctx, readinessPatience)
	defer cancel()
	if err := models.ProbeWrite(writing, h.db, h.now()); err != nil {
		h.log.ErrorContext(ctx, "not ready", "error", err)
		return "the database takes no writes"
	}
	return ""
}
