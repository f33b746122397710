package handlers

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/middleware"
	"example.com/gatehouse/models"
	"example.com/gatehouse/views"
)

// TrustedDevicesPage lists the devices where the second factor is not asked for.
func (h *Handlers) TrustedDevicesPage(c echo.Context, user *models.User) error {
	list, err := h.auth.TrustedDevices(c.Request().Context(), middleware.Actor(c))
	if err != nil {
		return err
	}
	return h.render(c, http.StatusOK, views.TrustedDevices(user, list, h.now()))
}

// EndTrust has the second factor asked for on a device again.
func (h *Handlers) EndTrust(c echo.Context, _ *models.User) error {
	var form struct {
		ID string `form:"id"`
	}
	if err := bind(c, &form); err != nil {
		return err
	}
	if err := h.auth.EndTrust(c.Request().Context(), middleware.Actor(c), form.ID); err != nil {
		return err
	}
	return h.redirect(c, "/account/trusted-devices", "That device is asked for your second factor again.")
}

// EndAllTrust has it asked for on all of them.
func (h *Handlers) EndAllTrust(c echo.Context, _ *models.User) error {
	if err := bind(c, &struct{}{}); err != nil {
		return err
	}
	if err := h.auth.EndAllTrust(c.Request().Context(), middleware.Actor(c)); err != nil {
		return err
	}
	return h.redirect(c, "/account/trusted-devices", "Every device is asked for your second factor again.")
}

func (h *Handlers) trustItem(ctx context.Context, actor *auth.Actor) (views.SecurityItem, error) {
	list, err := h.auth.TrustedDevices(ctx, actor)
	return views.TrustItem(len(list)), err
}
