// Package handlers turns a request into a page or a redirect, one file for each screen.
package handlers

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"
	"gorm.io/gorm"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/auth/limit"
	"example.com/gatehouse/config"
	"example.com/gatehouse/mail"
	"example.com/gatehouse/middleware"
	"example.com/gatehouse/models"
	"example.com/gatehouse/session"
	"example.com/gatehouse/views"
	"example.com/gatehouse/views/layout"
	"example.com/gatehouse/views/ui"
)

// Handlers answers requests.
type Handlers struct {
	config  config.Config
	db      *gorm.DB
	auth    *auth.Auth
	outbox  *mail.Outbox
	cookies *session.Cookies
	log     *slog.Logger
	now     func() time.Time
	buffers sync.Pool
	ready   readiness

	pictures models.Pictures // feature:notes|profile_picture
	zones    sync.Map
}

// New makes Handlers.
func New(c config.Config, db *gorm.DB, a *auth.Auth, outbox *mail.Outbox, log *slog.Logger, now func() time.Time) *Handlers {
	h := &Handlers{config: c, db: db, auth: a, outbox: outbox, log: log, now: now}
	h.cookies = session.New(c.SecretKeys, c.CookiePrefix())
	h.buffers.New = func() any { return new(bytes.Buffer) }
	return h
}

const (
	// MaxBody is the largest body that a user may send, in bytes, unless the route's line names another.
	MaxBody = 1 << 20
	// maxVisitorBody is the largest body that a visitor may send, in bytes. It has room for a saved form of auth.MaxKept bytes, which
	// grow to three times as many if the browser has to escape them all, and for the fields next to it.
	maxVisitorBody = 3*auth.MaxKept + 8<<10
	// maxUploads is how many bodies larger than MaxBody a user may send at a time.
	maxUploads = 2
)

// Router returns what serves the site, and the map of it.
func (h *Handlers) Router() (http.Handler, []Route) {
	e := echo.New()
	e.HTTPErrorHandler = h.fail
	middleware.TrustProxies(e, h.config.TrustedProxies)
	e.Use(middleware.Log(h.log), middleware.Headers(h.config.HTTPS()), middleware.Recover)
	e.Use(middleware.HTMX)
	list := h.routes(e)
	for i := range list {
		list[i].Limits = h.limitsHere(list[i].Limits)
	}
	return e, list
}

// limitsHere returns the limits as this server's settings have them.
func (h *Handlers) limitsHere(limits []limit.Limit) (here []limit.Limit) {
	if !h.config.RateLimit {
		return nil
	}
	for _, l := range limits {
		here = append(here, l.With(h.config))
	}
	return here
}

// checks are what every request has to pass.
func (h *Handlers) checks() []echo.MiddlewareFunc {
	checks := []echo.MiddlewareFunc{
		middleware.CleanPath, h.oneSegment, middleware.CheckOrigin(h.config.AppURL, h.local(), h.provesOrigin, h.log),
	}
	if h.local() {
		checks = append(checks, middleware.OneName(h.config.AppURL))
	}
	return checks
}

// local says whether this is development over http, where a machine goes by several names.
func (h *Handlers) local() bool { return !h.config.Production && !h.config.HTTPS() }

// database is the database for as long as the request lasts.
func (h *Handlers) database(c echo.Context) *gorm.DB { return h.db.WithContext(c.Request().Context()) }

// render answers with a page. It is rendered whole before a byte is sent: a page that fails half-way is an error page.
func (h *Handlers) render(c echo.Context, status int, page templ.Component) error {
	buffer := h.buffers.Get().(*bytes.Buffer)
	buffer.Reset()
	defer h.buffers.Put(buffer)
	if err := h.draw(c, buffer, page); err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentLength, strconv.Itoa(buffer.Len())) // one write instead of chunks
	return c.HTMLBlob(status, buffer.Bytes())
}

// draw writes a page as the request's person is shown it.
func (h *Handlers) draw(c echo.Context, buffer *bytes.Buffer, page templ.Component) error {
	notice := readNotice(h.cookies.Take(c.Response(), c.Request(), session.Notice))
	actor := middleware.Actor(c)
	ctx := layout.With(c.Request().Context(), layout.Request{
		AppName:     h.config.AppName,
		User:        middleware.User(c),
		Path:        c.Request().URL.Path,
		Notice:      notice,
		Offer:       h.passkeyOffer(c, actor), // feature:passkeys
		Theme:       h.theme(c, actor),
		Picture:     profilePicture(actor), // feature:profile_picture
		Foot:        h.termsLink(),         // feature:terms
		Development: !h.config.Production,
	})
	ctx = ui.ReadIn(ctx, h.locale(ctx, actor))
	authn, err := h.originProof(c)
	if err != nil {
		return err
	}
	if err := page.Render(ui.WithOriginProof(ctx, authn), buffer); err != nil {
		return fmt.Errorf("render the page: %w", err)
	}
	return nil
}

// page answers with a page that needs to know its user alone.
func (h *Handlers) page(page func(*models.User) templ.Component) func(echo.Context, *auth.Actor) error {
	return func(c echo.Context, actor *auth.Actor) error { return h.render(c, http.StatusOK, page(&actor.User)) }
}

// linkInvalid answers a mailed link that works no more: why that may be, and the one way forward.
func (h *Handlers) linkInvalid(c echo.Context, why, label, href string) error {
	return h.render(c, http.StatusGone, views.LinkInvalid(why, label, href))
}

// redirect answers a form that was carried out. The notice, "" for none, is shown on the next page.
func (h *Handlers) redirect(c echo.Context, to, notice string) error {
	return h.redirectOffering(c, to, ui.Message{Text: notice})
}

// redirectOffering is redirect with a notice that has a button, as Undo is one.
func (h *Handlers) redirectOffering(c echo.Context, to string, notice ui.Message) error {
	if notice.Text != "" {
		if err := h.cookies.Set(c.Response(), c.Request(), session.Notice, writeNotice(notice)); err != nil {
			return err
		}
	}
	return c.Redirect(http.StatusSeeOther, to)
}

// writeNotice is a notice as its cookie carries it: a line for each part.
func writeNotice(m ui.Message) string {
	return strings.TrimRight(m.Text+"\n"+m.Action+"\n"+m.Label, "\n")
}

func readNotice(cookie string) ui.Message {
	text, rest, _ := strings.Cut(cookie, "\n")
	action, label, _ := strings.Cut(rest, "\n")
	return ui.Message{Text: text, Action: action, Label: label}
}
