package handlers

import (
	"cmp"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/views"
	"example.com/gatehouse/web"
)

// ReauthenticatePage asks for a fresh proof of who is there.
func (h *Handlers) ReauthenticatePage(c echo.Context, actor *auth.Actor) error {
	return h.reauthenticate(c, http.StatusOK, actor, views.FactorForm{Errand: web.ErrandOf(c)}, nil)
}

func (h *Handlers) reauthenticate(c echo.Context, status int, actor *auth.Actor, form views.FactorForm, problems auth.Invalid) error {
	factors, err := h.auth.FactorsOf(c.Request().Context(), &actor.User)
	if err != nil {
		return err
	}
	return h.web.Render(c, status, views.Reauthenticate(&actor.User, form, h.web.Factors(factors), problems))
}

// Reauthenticate checks it, and carries on with what it was asked for.
func (h *Handlers) Reauthenticate(c echo.Context, actor *auth.Actor) error {
	var form views.FactorForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	form.Errand = web.CheckErrand(form.Errand)
	if form.Choose != "" {
		return h.reauthenticate(c, http.StatusOK, actor, form.Chosen(), nil)
	}
	token, err := h.auth.Reauthenticate(c.Request().Context(), actor, form.Factor, form.Answer)
	show := func(status int, problems auth.Invalid) error {
		return h.reauthenticate(c, status, actor, form, problems)
	}
	const wait = "There were too many wrong answers. Wait ten minutes, then try again."
	switch {
	case errors.Is(err, auth.ErrTriesUsed) && form.Kept != "":
		return show(http.StatusTooManyRequests, auth.Invalid{"": wait})
	case errors.Is(err, auth.ErrTriesUsed):
		return h.web.Redirect(c, "/account", wait)
	case err != nil:
		return h.web.Again(c, form.Kept, err, show)
	}
	if err := h.web.Renew(c, actor, token); err != nil {
		return err
	}
	if kept, ok := h.auth.KeptForReauth(actor, form.Kept); ok {
		return h.web.SendSaved(c, kept)
	}
	return h.web.Redirect(c, cmp.Or(form.Next, "/account"), "")
}
