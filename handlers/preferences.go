package handlers

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/models"
	"example.com/gatehouse/views"
	"example.com/gatehouse/web"
)

// PreferencesPage asks for theme, language and time zone.
func (h *Handlers) PreferencesPage(c echo.Context, actor *auth.Actor) error {
	return h.preferences(c, http.StatusOK, actor, actor.Preferences.Form(), nil)
}

// preferences sends its page compressed: most of it is the names of time zones.
func (h *Handlers) preferences(c echo.Context, status int, actor *auth.Actor, form models.PreferencesForm, problems models.Invalid) error {
	return h.web.RenderCompressed(c, status, views.Preferences(&actor.User, form, problems, h.now()))
}

// Preferences keeps them.
func (h *Handlers) Preferences(c echo.Context, actor *auth.Actor) error {
	var form models.PreferencesForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	err := models.SavePreferences(h.database(c), &actor.User, form)
	if err != nil {
		return web.Invalid(err, func(status int, problems models.Invalid) error {
			return h.preferences(c, status, actor, form, problems)
		})
	}
	if err := h.web.SaveTheme(c, form.Theme); err != nil {
		return err
	}
	return h.web.Redirect(c, "/account/preferences", "Your preferences are saved.")
}

// bringTheme makes the browser show the site as the person who logs in chose elsewhere, also after they are logged out.
func (h *Handlers) bringTheme(c echo.Context, user *models.User, _ auth.Authentication) error {
	preferences, err := models.PreferencesOf(h.database(c), user)
	if err != nil {
		return fmt.Errorf("find the theme: %w", err)
	}
	if preferences.Theme == "" {
		return nil
	}
	return h.web.SaveTheme(c, preferences.Theme)
}
