// Package web is what handlers answer requests with: routes and their guards,
// forms, pages, redirects, errors and the login.
package web

import (
	"bytes"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/config"
	"example.com/gatehouse/models"
	"example.com/gatehouse/session"
	"example.com/gatehouse/views"
	"example.com/gatehouse/views/layout"
	"example.com/gatehouse/views/ui"
)

// Web answers requests. All handlers share one.
type Web struct {
	config  config.Config
	auth    *auth.Auth
	cookies *session.Cookies
	log     *slog.Logger
	now     func() time.Time
	buffers sync.Pool
	zones   sync.Map

	menu   []ui.Link
	frames []func(echo.Context, *auth.Actor, *layout.Request)
	logins []LoginHook
	steps  map[auth.Step]step
	reauth ReauthPage

	factors []views.FactorWords
	methods []templ.Component
	words   views.ActivityWords
}

// LoginHook is called when a login has started a session, before the response
// is written. An error ends the response with an error page.
type LoginHook func(c echo.Context, user *models.User, authn auth.Authentication) error

// StepPage answers with the page that asks for a pending login's step.
type StepPage func(c echo.Context, status int, p *auth.PendingLogin, errand views.Errand) error

// ReauthPage answers with the page that asks for reauthentication.
type ReauthPage func(c echo.Context, status int, actor *auth.Actor, form views.FactorForm, problems auth.Invalid) error

type step struct {
	path string
	page StepPage
}

// New returns a Web without frames, login hooks and steps.
func New(c config.Config, a *auth.Auth, log *slog.Logger, now func() time.Time) *Web {
	w := &Web{config: c, auth: a, log: log, now: now, steps: map[auth.Step]step{}}
	w.words.Methods = map[string]string{}
	w.cookies = session.New(c.SecretKeys, c.CookiePrefix())
	w.buffers.New = func() any { return new(bytes.Buffer) }
	return w
}

// Cookies returns the cookies of the site.
func (w *Web) Cookies() *session.Cookies { return w.cookies }

// SetMenu sets the entries of features in the navigation of the app.
func (w *Web) SetMenu(entries []ui.Link) { w.menu = entries }

// AddFrame has fill complete what layouts know of each request. The actor is nil
// for a visitor.
func (w *Web) AddFrame(fill func(echo.Context, *auth.Actor, *layout.Request)) {
	w.frames = append(w.frames, fill)
}

// AddLoginHook has hook called after each login.
func (w *Web) AddLoginHook(hook LoginHook) { w.logins = append(w.logins, hook) }

// SetStep sets the page that asks for a pending login's step, and its address.
func (w *Web) SetStep(name auth.Step, path string, page StepPage) { w.steps[name] = step{path, page} }

// AddFactor sets how the pages ask for a factor of a feature.
func (w *Web) AddFactor(words views.FactorWords) { w.factors = append(w.factors, words) }

// Factors returns how the pages ask for the factors of these names.
func (w *Web) Factors(names []string) []views.FactorWords {
	return views.FactorsNamed(names, w.factors...)
}

// AddLoginMethod adds a link or button to the login page. It stands in the form,
// so a button with a formaction sends the address, the return path and the saved
// form on to a page of the feature. That page must end in Login.
func (w *Web) AddLoginMethod(button templ.Component) { w.methods = append(w.methods, button) }

// LoginPage returns the login page with the login methods of features.
func (w *Web) LoginPage(form views.LoginForm, problems auth.Invalid) templ.Component {
	form.Methods = w.methods
	return views.Login(form, problems)
}

// AddActivity sets the words of the activity page for the events, factors and
// login methods of a feature.
func (w *Web) AddActivity(words views.ActivityWords) {
	w.words.Events = append(w.words.Events, words.Events...)
	maps.Copy(w.words.Methods, words.Methods)
}

// Activity returns the words of all features.
func (w *Web) Activity() views.ActivityWords { return w.words }

// SetReauthPage sets the page that asks for reauthentication.
func (w *Web) SetReauthPage(page ReauthPage) { w.reauth = page }
