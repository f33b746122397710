package handlers

import (
	"mime/multipart"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/models"
	"example.com/gatehouse/web"
)

// NoteImage sends a note's picture to its owner.
func (h *Handlers) NoteImage(c echo.Context, actor *auth.Actor) error {
	picture, err := models.FindNoteImage(h.database(c), actor, c.Param("id"))
	if err != nil {
		return err
	}
	return h.sendPicture(c, picture.MediaType, picture.Data)
}

// SetNoteImage gives a note a picture.
func (h *Handlers) SetNoteImage(c echo.Context, actor *auth.Actor) error {
	var form struct {
		Image *multipart.FileHeader `form:"image"`
	}
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	id := c.Param("id")
	err := models.SetNoteImage(h.database(c), actor, id, &h.pictures, form.Image)
	if err != nil {
		return web.Invalid(err, func(status int, problems models.Invalid) error {
			return h.notePage(c, status, actor, problems)
		})
	}
	return h.web.Redirect(c, "/notes/"+id, "The picture is saved.")
}

// DeleteNoteImage takes the picture from a note.
func (h *Handlers) DeleteNoteImage(c echo.Context, actor *auth.Actor) error {
	id := c.Param("id")
	if err := models.DeleteNoteImage(h.database(c), actor, id); err != nil {
		return err
	}
	return h.web.Redirect(c, "/notes/"+id, "The picture is removed.")
}
