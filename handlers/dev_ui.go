package handlers

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/views/dev"
)

// DevUIPage leads to the parts that pages are made of.
func (h *Handlers) DevUIPage(c echo.Context) error {
	return h.web.Render(c, http.StatusOK, dev.UI())
}

// DevUIPart shows parts of a kind in all their states.
func (h *Handlers) DevUIPart(c echo.Context) error {
	part, err := devUIPart(c)
	if err != nil {
		return err
	}
	theme := c.QueryParam("theme")
	if theme != "light" && theme != "dark" {
		theme = ""
	}
	return h.web.Render(c, http.StatusOK, dev.UIShow(part, theme))
}

// DevUISubmit is where the forms that are shown lead to. Nothing comes of them but a notice.
func (h *Handlers) DevUISubmit(c echo.Context) error {
	part, err := devUIPart(c)
	if err != nil {
		return err
	}
	return h.web.Redirect(c, part.Address(), "The form was sent. Nothing is kept here.")
}

func devUIPart(c echo.Context) (dev.UIPart, error) {
	parts := dev.UIParts()
	i := slices.IndexFunc(parts, func(p dev.UIPart) bool { return p.Slug == c.Param("part") })
	if i < 0 {
		return dev.UIPart{}, echo.ErrNotFound
	}
	return parts[i], nil
}
