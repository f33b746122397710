package web

import (
	"context"
	"time"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/models"
	"example.com/gatehouse/session"
	"example.com/gatehouse/views/ui"
)

// theme returns the theme of a page: the user's choice, or the last choice made
// in this browser.
func (w *Web) theme(c echo.Context, actor *auth.Actor) (theme string) {
	if actor != nil {
		theme = actor.Preferences.Theme
	}
	if theme == "" {
		theme = w.cookies.Get(c.Request(), session.Theme)
	}
	if theme != "light" && theme != "dark" {
		return "" // the device's
	}
	return theme
}

// SaveTheme has the browser show the site in a theme, also after logging out.
func (w *Web) SaveTheme(c echo.Context, theme string) error {
	if theme == "system" {
		w.cookies.Clear(c.Response(), session.Theme)
		return nil
	}
	return w.cookies.Set(c.Response(), c.Request(), session.Theme, theme)
}

// locale returns how the user reads a page.
func (w *Web) locale(ctx context.Context, actor *auth.Actor) ui.Locale {
	if actor == nil || actor.Preferences.Language == "" {
		return ui.LocaleOf(ctx)
	}
	l := models.FindLanguage(actor.Preferences.Language)
	return ui.Locale{Language: l.Code, Day: l.Day, Moment: l.Moment, Clock: l.Clock, Zone: w.zone(actor.Preferences.TimeZone)}
}

// zone returns the time zone with a name, or UTC if it no longer exists. Each is
// read once: that takes longer than the page.
func (w *Web) zone(name string) *time.Location {
	if known, ok := w.zones.Load(name); ok {
		return known.(*time.Location)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		zone = time.UTC
	}
	w.zones.Store(name, zone)
	return zone
}
