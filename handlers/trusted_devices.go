package handlers

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/views"
	"example.com/gatehouse/web"
)

// TrustedDevicesPage lists the devices where the second factor is not asked for.
func (h *Handlers) TrustedDevicesPage(c echo.Context, actor *auth.Actor) error {
	list, err := h.auth.TrustedDevices(c.Request().Context(), actor)
	if err != nil {
		return err
	}
	return h.web.Render(c, http.StatusOK, views.TrustedDevices(&actor.User, list, h.now()))
}

// EndTrust has the second factor asked for on a device again.
func (h *Handlers) EndTrust(c echo.Context, actor *auth.Actor) error {
	var form struct {
		ID string `form:"id"`
	}
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	if err := h.auth.EndTrust(c.Request().Context(), actor, form.ID); err != nil {
		return err
	}
	return h.web.Redirect(c, "/account/trusted-devices", "That device is asked for your second factor again.")
}

// EndAllTrust has it asked for on all of them.
func (h *Handlers) EndAllTrust(c echo.Context, actor *auth.Actor) error {
	if err := h.auth.EndAllTrust(c.Request().Context(), actor); err != nil {
		return err
	}
	return h.web.Redirect(c, "/account/trusted-devices", "Every device is asked for your second factor again.")
}

func (h *Handlers) trustItem(ctx context.Context, actor *auth.Actor) (views.SecurityItem, error) {
	list, err := h.auth.TrustedDevices(ctx, actor)
	return views.TrustItem(len(list)), err
}
