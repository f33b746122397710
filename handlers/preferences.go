package handlers

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/assets"
	"example.com/gatehouse/auth"
	"example.com/gatehouse/models"
	"example.com/gatehouse/session"
	"example.com/gatehouse/views"
	"example.com/gatehouse/views/ui"
)

// PreferencesPage asks for theme, language and time zone.
func (h *Handlers) PreferencesPage(c echo.Context, actor *auth.Actor) error {
	return h.preferences(c, http.StatusOK, actor, actor.Preferences.Form(), nil)
}

// preferences sends its page compressed, most of which are the names of time zones. No page that holds a secret may be: beside text of
// somebody else's making its length would tell of it (CVE-2013-3587).
func (h *Handlers) preferences(c echo.Context, status int, actor *auth.Actor, form models.PreferencesForm, problems models.Invalid) error {
	page := views.Preferences(&actor.User, form, problems, h.now())
	c.Response().Header().Add(echo.HeaderVary, echo.HeaderAcceptEncoding)
	if !assets.TakesGzip(c.Request()) {
		return h.render(c, status, page)
	}
	var plain, packed bytes.Buffer
	if err := h.draw(c, &plain, page); err != nil {
		return err
	}
	w := gzip.NewWriter(&packed)
	if _, err := plain.WriteTo(w); err != nil {
		return fmt.Errorf("compress the page: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("compress the page: %w", err)
	}
	c.Response().Header().Set(echo.HeaderContentEncoding, "gzip")
	return c.HTMLBlob(status, packed.Bytes())
}

// Preferences keeps them.
func (h *Handlers) Preferences(c echo.Context, actor *auth.Actor) error {
	var form models.PreferencesForm
	if err := bind(c, &form); err != nil {
		return err
	}
	err := models.SavePreferences(h.database(c), &actor.User, form)
	if invalid, ok := errors.AsType[models.Invalid](err); ok {
		return h.preferences(c, http.StatusUnprocessableEntity, actor, form, invalid)
	}
	if err != nil {
		return err
	}
	if err := h.keepTheme(c, form.Theme); err != nil {
		return err
	}
	return h.redirect(c, "/account/preferences", "Your preferences are saved.")
}

// theme is what a page is shown in: the user's choice, or the last one that somebody made in this browser.
func (h *Handlers) theme(c echo.Context, actor *auth.Actor) (theme string) {
	if actor != nil {
		theme = actor.Preferences.Theme
	}
	if theme == "" {
		theme = h.cookies.Get(c.Request(), session.Theme)
	}
	if theme != "light" && theme != "dark" {
		return "" // the device's
	}
	return theme
}

// bringTheme makes the browser show the site as the person who logs in chose elsewhere, also after they are logged out.
func (h *Handlers) bringTheme(c echo.Context, user *models.User) error {
	preferences, err := models.PreferencesOf(h.database(c), user)
	if err != nil {
		return fmt.Errorf("find the theme: %w", err)
	}
	if preferences.Theme == "" {
		return nil
	}
	return h.keepTheme(c, preferences.Theme)
}

func (h *Handlers) keepTheme(c echo.Context, theme string) error {
	if theme == "system" {
		h.cookies.Clear(c.Response(), session.Theme)
		return nil
	}
	return h.cookies.Set(c.Response(), c.Request(), session.Theme, theme)
}

// locale is how the user reads a page.
func (h *Handlers) locale(ctx context.Context, actor *auth.Actor) ui.Locale {
	if actor == nil || actor.Preferences.Language == "" {
		return ui.LocaleOf(ctx)
	}
	l := models.FindLanguage(actor.Preferences.Language)
	return ui.Locale{Language: l.Code, Day: l.Day, Moment: l.Moment, Clock: l.Clock, Zone: h.zone(actor.Preferences.TimeZone)}
}

// zone is the time zone with a name, UTC for one that there is no more. Each is read once: that takes longer than the page.
func (h *Handlers) zone(name string) *time.Location {
	if known, ok := h.zones.Load(name); ok {
		return known.(*time.Location)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		zone = time.UTC
	}
	h.zones.Store(name, zone)
	return zone
}
