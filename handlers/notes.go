package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/models"
	"example.com/gatehouse/views"
	"example.com/gatehouse/views/ui"
	"example.com/gatehouse/web"
)

// Notes lists the user's notes.
func (h *Handlers) Notes(c echo.Context, actor *auth.Actor) error {
	notes, err := models.Notes(h.database(c), actor, web.ListQuery(c))
	if err != nil {
		return err
	}
	return h.web.Render(c, http.StatusOK, views.Notes(&actor.User, notes, h.now()))
}

// Note shows a note.
func (h *Handlers) Note(c echo.Context, actor *auth.Actor) error {
	return h.notePage(c, http.StatusOK, actor, nil)
}

// notePage shows a note, and what is wrong with the picture that was to go with it.
func (h *Handlers) notePage(c echo.Context, status int, actor *auth.Actor, problems models.Invalid) error {
	note, err := models.FindNote(h.database(c), actor, c.Param("id"))
	if err != nil {
		return err
	}
	picture, err := models.DescribeNoteImage(h.database(c), actor, note.ID)
	if err != nil {
		return err
	}
	return h.web.Render(c, status, views.Note(&actor.User, note, picture, problems, h.now()))
}

// NewNotePage shows the form of a new note.
func (h *Handlers) NewNotePage(c echo.Context, actor *auth.Actor) error {
	return h.web.Render(c, http.StatusOK, views.NewNote(&actor.User, models.NoteForm{}, nil))
}

// NewNote makes a note.
func (h *Handlers) NewNote(c echo.Context, actor *auth.Actor) error {
	var form models.NoteForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	note, err := models.CreateNote(h.database(c), actor, form)
	if err != nil {
		return web.Invalid(err, func(status int, problems models.Invalid) error {
			return h.web.Render(c, status, views.NewNote(&actor.User, form, problems))
		})
	}
	return h.web.Redirect(c, "/notes/"+note.ID, "The note is saved.")
}

// EditNotePage shows the form of a note.
func (h *Handlers) EditNotePage(c echo.Context, actor *auth.Actor) error {
	note, err := models.FindNote(h.database(c), actor, c.Param("id"))
	if err != nil {
		return err
	}
	return h.web.Render(c, http.StatusOK, views.EditNote(&actor.User, note.ID, note.Form(), nil))
}

// EditNote changes a note.
func (h *Handlers) EditNote(c echo.Context, actor *auth.Actor) error {
	var form models.NoteForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	id := c.Param("id")
	err := models.UpdateNote(h.database(c), actor, id, form)
	if err != nil {
		return web.Invalid(err, func(status int, problems models.Invalid) error {
			return h.web.Render(c, status, views.EditNote(&actor.User, id, form, problems))
		})
	}
	return h.web.Redirect(c, "/notes/"+id, "The note is saved.")
}

// PinNote puts a note above the others, or back among them.
func (h *Handlers) PinNote(c echo.Context, actor *auth.Actor) error {
	var form struct {
		Pinned bool `form:"pinned"`
	}
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	id := c.Param("id")
	if err := models.PinNote(h.database(c), actor, id, form.Pinned); err != nil {
		return err
	}
	if form.Pinned {
		return h.web.Redirect(c, "/notes/"+id, "The note is pinned: it stays above the others.")
	}
	return h.web.Redirect(c, "/notes/"+id, "The note is no longer pinned.")
}

// DeleteNote deletes a note, which its notice can undo.
func (h *Handlers) DeleteNote(c echo.Context, actor *auth.Actor) error {
	id := c.Param("id")
	if err := models.DeleteNote(h.database(c), actor, id); err != nil {
		return err
	}
	return h.web.RedirectWith(c, "/notes", ui.Message{Text: "The note is deleted.", Action: "/notes/" + id + "/restore", Label: "Undo"})
}

// RestoreNote brings a deleted note back.
func (h *Handlers) RestoreNote(c echo.Context, actor *auth.Actor) error {
	id := c.Param("id")
	if err := models.RestoreNote(h.database(c), actor, id, h.now()); err != nil {
		return err
	}
	return h.web.Redirect(c, "/notes/"+id, "The note is back.")
}
