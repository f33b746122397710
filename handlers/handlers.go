// Package handlers turns a request into a page or a redirect, one file for each screen.
package handlers

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"
	"gorm.io/gorm"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/config"
	"example.com/gatehouse/mail"
	"example.com/gatehouse/models"
	"example.com/gatehouse/session"
	"example.com/gatehouse/web"
)

// Handlers answers requests.
type Handlers struct {
	web      *web.Web
	config   config.Config
	db       *gorm.DB
	auth     *auth.Auth
	outbox   *mail.Outbox
	cookies  *session.Cookies
	log      *slog.Logger
	now      func() time.Time
	ready    readiness
	previews []mail.Preview

	pictures models.Pictures // feature:notes|profile_picture
}

// Options are what Handlers work with.
type Options struct {
	Config   config.Config
	DB       *gorm.DB
	Auth     *auth.Auth
	Outbox   *mail.Outbox
	Log      *slog.Logger
	Now      func() time.Time
	Previews []mail.Preview
}

// New returns the Handlers of the core's pages. It tells w which pages ask for
// the steps of a login, and for reauthentication.
func New(w *web.Web, o Options) *Handlers {
	h := &Handlers{
		web: w, config: o.Config, db: o.DB, auth: o.Auth, outbox: o.Outbox, cookies: w.Cookies(), log: o.Log, now: o.Now,
		previews: o.Previews,
	}
	w.AddFrame(h.addPasskeyOffer)          // feature:passkeys
	w.AddFrame(addProfilePicture)          // feature:profile_picture
	w.AddFrame(h.addTermsLink)             // feature:terms
	w.AddLoginHook(h.rememberPasskeyOffer) // feature:passkeys
	w.AddLoginHook(h.bringTheme)
	w.SetStep(auth.FactorStep, "/login/factor", h.askSecondFactor)
	w.SetStep(auth.PasswordStep, "/login/password", h.askNewPassword)
	w.SetStep(auth.TermsStep, "/login/terms", h.askTerms) // feature:terms
	w.SetReauthPage(h.reauthenticate)
	return h
}

// database is the database for as long as the request lasts.
func (h *Handlers) database(c echo.Context) *gorm.DB { return h.db.WithContext(c.Request().Context()) }

// page returns the handler of a page that needs its user and nothing else. The
// user is nil for a visitor.
func (h *Handlers) page(page func(*models.User) templ.Component) func(echo.Context, *auth.Actor) error {
	return func(c echo.Context, actor *auth.Actor) error {
		var user *models.User
		if actor != nil {
			user = &actor.User
		}
		return h.web.Render(c, http.StatusOK, page(user))
	}
}
