package handlers

import (
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/views"
)

// AccountExportPage says what an export is made of. A proof is asked for here, so that the download is an answer to its own button.
func (h *Handlers) AccountExportPage(c echo.Context, actor *auth.Actor) error {
	if err := h.auth.RequireRecentLogin(c.Request().Context(), actor); err != nil {
		return err
	}
	var contents []views.ExportContent
	for _, content := range h.auth.ExportContents() {
		contents = append(contents, views.ExportContent(content))
	}
	return h.web.Render(c, http.StatusOK, views.AccountExport(&actor.User, contents))
}

// AccountExport sends all that is held about the user, as it is read.
func (h *Handlers) AccountExport(c echo.Context, actor *auth.Actor) error {
	return h.export(c, actor, func() error {
		return h.auth.StartExport(c.Request().Context(), actor)
	})
}

func (h *Handlers) export(c echo.Context, actor *auth.Actor, start func() error) error {
	if err := start(); err != nil {
		return err
	}
	ctx := c.Request().Context()
	header := c.Response().Header()
	header.Set(echo.HeaderContentType, "application/zip")
	header.Set(echo.HeaderContentDisposition, `attachment; filename="account-`+h.now().UTC().Format("2006-01-02")+`.zip"`)
	c.Response().WriteHeader(http.StatusOK)
	err := h.auth.WriteExport(ctx, actor, &slowWriter{c.Response(), http.NewResponseController(c.Response()), time.Now().Add(longestExport)})
	if err != nil {
		if ctx.Err() == nil {
			h.log.ErrorContext(ctx, "an export is not whole", "error", err)
		}
		// The answer has begun. Cut off, it is a download that failed, and not a file that lacks something.
		panic(http.ErrAbortHandler)
	}
	return nil
}

const (
	longestExport = 15 * time.Minute
	slowestWrite  = 30 * time.Second
)

// slowWriter gives each part of an answer the time that it takes over a slow line, and the whole of it until its end: the server's own
// timeout is made for pages.
type slowWriter struct {
	response   http.ResponseWriter
	connection *http.ResponseController
	end        time.Time
}

func (w *slowWriter) Write(part []byte) (int, error) {
	until := time.Now().Add(slowestWrite)
	if until.After(w.end) {
		until = w.end
	}
	if err := w.connection.SetWriteDeadline(until); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return w.response.Write(part)
}
