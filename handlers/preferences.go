package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/middleware"
	"example.com/gatehouse/models"
	"example.com/gatehouse/session"
	"example.com/gatehouse/views"
	"example.com/gatehouse/views/ui"
)

// PreferencesPage asks for theme, language and time zone.
func (h *Handlers) PreferencesPage(c echo.Context, user *models.User) error {
	form := middleware.Viewer(c).Preferences.Form()
	return h.render(c, http.StatusOK, views.Preferences(user, form, nil, h.now()))
}

// Preferences keeps them.
func (h *Handlers) Preferences(c echo.Context, user *models.User) error {
	var form models.PreferencesForm
	if err := bind(c, &form); err != nil {
		return err
	}
	err := models.SavePreferences(h.database(c), user, form)
	if invalid, ok := errors.AsType[models.Invalid](err); ok {
		return h.render(c, http.StatusUnprocessableEntity, views.Preferences(user, form, invalid, h.now()))
	}
	if err != nil {
		return err
	}
	if err := h.keepTheme(c, form.Theme); err != nil {
		return err
	}
	return h.redirect(c, "/account/preferences", "Your preferences are saved.")
}

// theme is what a page is shown in: the viewer's choice, or the last one that somebody made in this browser.
func (h *Handlers) theme(c echo.Context) (theme string) {
	if viewer := middleware.Viewer(c); viewer != nil {
		theme = viewer.Preferences.Theme
	}
	if theme == "" {
		theme = h.cookies.Get(c.Request(), session.Theme)
	}
	if theme != "light" && theme != "dark" {
		return "" // the device's
	}
	return theme
}

// bringTheme makes the browser show the site as the person who signs in chose elsewhere, also after they are signed out.
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

// locale is how the viewer reads a page.
func (h *Handlers) locale(c echo.Context) ui.Locale {
	viewer := middleware.Viewer(c)
	if viewer == nil || viewer.Preferences.Language == "" {
		return ui.LocaleOf(c.Request().Context())
	}
	l := models.FindLanguage(viewer.Preferences.Language)
	return ui.Locale{Language: l.Code, Day: l.Day, Moment: l.Moment, Clock: l.Clock, Zone: h.zone(viewer.Preferences.TimeZone)}
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
