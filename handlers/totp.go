package handlers

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/views"
	"example.com/gatehouse/web"
)

// TOTPPage lists the person's authenticators.
func (h *Handlers) TOTPPage(c echo.Context, actor *auth.Actor) error {
	return h.totp(c, http.StatusOK, actor, views.AuthenticatorForm{}, nil)
}

func (h *Handlers) totp(c echo.Context, status int, actor *auth.Actor, form views.AuthenticatorForm, problems auth.Invalid) error {
	list, err := h.auth.Authenticators(c.Request().Context(), actor)
	if err != nil {
		return err
	}
	return h.web.Render(c, status, views.TOTP(&actor.User, list, form, problems, h.now()))
}

// NewTOTPPage shows the secret of a new authenticator.
func (h *Handlers) NewTOTPPage(c echo.Context, actor *auth.Actor) error {
	enrollment, err := h.auth.NewTOTP(c.Request().Context(), actor)
	if err != nil {
		return err
	}
	return h.web.Render(c, http.StatusOK, views.NewTOTP(&actor.User, views.Enrollment(enrollment), views.NewTOTPForm{}, nil))
}

// NewTOTP adds the authenticator when it has shown a code.
func (h *Handlers) NewTOTP(c echo.Context, actor *auth.Actor) error {
	var form views.NewTOTPForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	token, err := h.auth.AddTOTP(c.Request().Context(), actor, form.Enrollment, form.Name, form.Code)
	if invalid, ok := errors.AsType[auth.Invalid](err); ok {
		if enrollment, ok := h.auth.TOTPEnrollment(actor, form.Enrollment); ok {
			return h.web.Render(c, http.StatusUnprocessableEntity, views.NewTOTP(&actor.User, views.Enrollment(enrollment), form, invalid))
		}
		err = auth.ErrInvalidLink
	}
	if errors.Is(err, auth.ErrInvalidLink) {
		return h.web.Redirect(c, "/account/totp/new", "That code to scan was used already, or is too old. Here is a new one.")
	}
	if err != nil {
		return err
	}
	if err := h.web.Renew(c, actor, token); err != nil {
		return err
	}
	return h.factorAdded(c, actor, "Your authenticator app is set up.")
}

// RenameTOTP gives an authenticator another name.
func (h *Handlers) RenameTOTP(c echo.Context, actor *auth.Actor) error {
	var form views.AuthenticatorForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	err := h.auth.RenameTOTP(c.Request().Context(), actor, form.ID, form.Name)
	if err != nil {
		return web.Invalid(err, func(status int, problems auth.Invalid) error {
			return h.totp(c, status, actor, form, problems)
		})
	}
	return h.web.Redirect(c, "/account/totp", "The name is saved.")
}

// RemoveTOTP removes an authenticator.
func (h *Handlers) RemoveTOTP(c echo.Context, actor *auth.Actor) error {
	var form views.AuthenticatorForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	if err := h.auth.RemoveTOTP(c.Request().Context(), actor, form.ID); err != nil {
		return err
	}
	return h.factorChanged(c, actor, "/account/totp", "The authenticator app is removed.")
}

func (h *Handlers) totpItem(ctx context.Context, actor *auth.Actor) (views.SecurityItem, error) {
	list, err := h.auth.Authenticators(ctx, actor)
	return views.TOTPItem(len(list)), err
}
