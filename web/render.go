package web

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"example.com/gatehouse/assets"
	"example.com/gatehouse/middleware"
	"example.com/gatehouse/session"
	"example.com/gatehouse/views"
	"example.com/gatehouse/views/layout"
	"example.com/gatehouse/views/ui"
)

// Render answers with a page. The page is rendered before a byte is sent, so
// that one that fails is answered with an error page.
func (w *Web) Render(c echo.Context, status int, page templ.Component) error {
	buffer := w.buffers.Get().(*bytes.Buffer)
	buffer.Reset()
	defer w.buffers.Put(buffer)
	if err := w.draw(c, buffer, page); err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentLength, strconv.Itoa(buffer.Len())) // one write instead of chunks
	return c.HTMLBlob(status, buffer.Bytes())
}

// RenderCompressed is Render for a large page. No page that holds a secret may
// be compressed: next to text that an attacker chooses, its length would reveal
// the secret (CVE-2013-3587).
func (w *Web) RenderCompressed(c echo.Context, status int, page templ.Component) error {
	c.Response().Header().Add(echo.HeaderVary, echo.HeaderAcceptEncoding)
	if !assets.TakesGzip(c.Request()) {
		return w.Render(c, status, page)
	}
	var plain, packed bytes.Buffer
	if err := w.draw(c, &plain, page); err != nil {
		return err
	}
	compressor := gzip.NewWriter(&packed)
	if _, err := plain.WriteTo(compressor); err != nil {
		return fmt.Errorf("compress the page: %w", err)
	}
	if err := compressor.Close(); err != nil {
		return fmt.Errorf("compress the page: %w", err)
	}
	c.Response().Header().Set(echo.HeaderContentEncoding, "gzip")
	return c.HTMLBlob(status, packed.Bytes())
}

// draw writes a page as the request's user sees it.
func (w *Web) draw(c echo.Context, buffer *bytes.Buffer, page templ.Component) error {
	actor := middleware.Actor(c)
	request := layout.Request{
		AppName:     w.config.AppName,
		User:        middleware.User(c),
		Path:        c.Request().URL.Path,
		Notice:      readNotice(w.cookies.Take(c.Response(), c.Request(), session.Notice)),
		Menu:        w.menu,
		Theme:       w.theme(c, actor),
		Development: !w.config.Production,
	}
	for _, fill := range w.frames {
		fill(c, actor, &request)
	}
	ctx := layout.With(c.Request().Context(), request)
	ctx = ui.ReadIn(ctx, w.locale(ctx, actor))
	proof, err := w.originProof(c)
	if err != nil {
		return err
	}
	if err := page.Render(ui.WithOriginProof(ctx, proof), buffer); err != nil {
		return fmt.Errorf("render the page: %w", err)
	}
	return nil
}

// LinkInvalid answers a mailed link that no longer works: it says why, and links
// to the way forward.
func (w *Web) LinkInvalid(c echo.Context, why, label, href string) error {
	return w.Render(c, http.StatusGone, views.LinkInvalid(why, label, href))
}

// Redirect answers a form that succeeded. The notice, "" for none, is shown on
// the next page.
func (w *Web) Redirect(c echo.Context, to, notice string) error {
	return w.RedirectWith(c, to, ui.Message{Text: notice})
}

// RedirectWith is Redirect with a notice that may have a button, such as Undo.
func (w *Web) RedirectWith(c echo.Context, to string, notice ui.Message) error {
	if notice.Text != "" {
		if err := w.cookies.Set(c.Response(), c.Request(), session.Notice, writeNotice(notice)); err != nil {
			return err
		}
	}
	return c.Redirect(http.StatusSeeOther, to)
}

// writeNotice returns a notice as its cookie carries it: a line for each part.
func writeNotice(m ui.Message) string {
	return strings.TrimRight(m.Text+"\n"+m.Action+"\n"+m.Label, "\n")
}

func readNotice(cookie string) ui.Message {
	text, rest, _ := strings.Cut(cookie, "\n")
	action, label, _ := strings.Cut(rest, "\n")
	return ui.Message{Text: text, Action: action, Label: label}
}
