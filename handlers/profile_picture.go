package handlers

import (
	"mime/multipart"
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/models"
	"example.com/gatehouse/views"
	"example.com/gatehouse/views/layout"
	"example.com/gatehouse/web"
)

// ProfilePicturePage shows the person's picture, and asks for another.
func (h *Handlers) ProfilePicturePage(c echo.Context, actor *auth.Actor) error {
	return h.web.Render(c, http.StatusOK, views.ProfilePicture(&actor.User, actor.Picture != "", nil))
}

// SetProfilePicture gives the person a picture.
func (h *Handlers) SetProfilePicture(c echo.Context, actor *auth.Actor) error {
	var form struct {
		Picture *multipart.FileHeader `form:"picture"`
	}
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	err := models.SetProfilePicture(h.database(c), &actor.User, &h.pictures, form.Picture)
	if err != nil {
		return web.Invalid(err, func(status int, problems models.Invalid) error {
			return h.web.Render(c, status, views.ProfilePicture(&actor.User, actor.Picture != "", problems))
		})
	}
	return h.web.Redirect(c, "/account/picture", "Your picture is saved.")
}

// RemoveProfilePicture takes the picture from the person.
func (h *Handlers) RemoveProfilePicture(c echo.Context, actor *auth.Actor) error {
	if err := models.RemoveProfilePicture(h.database(c), &actor.User); err != nil {
		return err
	}
	return h.web.Redirect(c, "/account/picture", "Your picture is removed.")
}

// ProfilePicture sends the picture to the person it is of, who alone can see it.
func (h *Handlers) ProfilePicture(c echo.Context, actor *auth.Actor) error {
	small := c.QueryParam("size") == "small"
	picture, err := models.FindProfilePicture(h.database(c), &actor.User, small)
	if err != nil {
		return err
	}
	if small {
		return h.sendPicture(c, picture.MediaType, picture.Small)
	}
	return h.sendPicture(c, picture.MediaType, picture.Data)
}

// addProfilePicture shows the user's picture, if they have one. Another picture
// has another address.
func addProfilePicture(_ echo.Context, actor *auth.Actor, r *layout.Request) {
	if actor == nil || actor.Picture == "" {
		return
	}
	address := "/account/picture/image?v=" + actor.Picture
	r.Picture = layout.Picture{Large: address, Small: address + "&size=small"}
}
