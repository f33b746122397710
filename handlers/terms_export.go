package handlers

import (
	"errors"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
)

// ExportWithoutTerms is AccountExport for somebody who does not accept the terms that their login owes.
func (h *Handlers) ExportWithoutTerms(c echo.Context, p *auth.PendingLogin) error {
	err := h.export(c, p.Actor(), func() error {
		return h.auth.StartExportWithoutTerms(c.Request().Context(), p)
	})
	if errors.Is(err, auth.ErrReauthRequired) {
		return h.proveToLeave(c)
	}
	return err
}
