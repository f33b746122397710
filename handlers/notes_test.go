package handlers_test

import (
	"fmt"
	"testing"

	"example.com/gatehouse/models"
)

// note gives the person a note and returns its id.
func (p *person) note(title, body string) string {
	p.s.t.Helper()
	note, err := models.CreateNote(p.s.db, p.user(), models.NoteForm{Title: title, Body: body})
	if err != nil {
		p.s.t.Fatal(err)
	}
	return note.ID
}

func TestANoteIsWrittenReadChangedAndDeleted(t *testing.T) {
	ada := newStage(t).member("ada@example.com")
	note := ada.get("/notes/new").submit("title", "Poem", "body", "Leaves")
	shown := note.redirects(t, note.header.Get("Location")).says(t, "The note is saved.", "Poem", "Leaves")
	ada.get(shown.path+"/edit").submit("title", "Song").redirects(t, shown.path).says(t, "Song", "Leaves")
	ada.get("/notes").says(t, "Song").hides(t, "Poem")
	ada.get(shown.path).submit().redirects(t, "/notes").says(t, "The note is deleted.", "No notes yet")
	ada.get(shown.path).is(t, 404)
}

func TestANoteThatBreaksARuleIsShownAgainAsItWasTyped(t *testing.T) {
	ada := newStage(t).member("ada@example.com")
	id := ada.note("Poem", "Leaves")
	for _, path := range []string{"/notes/new", "/notes/" + id + "/edit"} {
		ada.post(path, "title", " ", "body", "What I typed").is(t, 422).says(t, "Enter the title.", "What I typed")
	}
	ada.get("/notes/"+id).says(t, "Poem", "Leaves")
}

func TestAnotherPersonsNoteIsNotThere(t *testing.T) {
	s := newStage(t)
	ada, mallory := s.member("ada@example.com"), s.member("mallory@example.com")
	note := "/notes/" + ada.note("Poem", "Leaves")
	mallory.get("/notes").says(t, "No notes yet")
	mallory.get(note).is(t, 404)
	mallory.get(note+"/edit").is(t, 404)
	mallory.post(note+"/edit", "title", "Mine").is(t, 404)
	mallory.post(note+"/delete").is(t, 404)
	ada.get(note).says(t, "Poem", "Leaves")
}

func TestNotesAreSearchedSortedAndPaged(t *testing.T) {
	ada := newStage(t).member("ada@example.com")
	for n := range 25 {
		ada.note(fmt.Sprintf("Note %02d", n), "")
	}
	ada.get("/notes?sort=title").says(t, "Note 00", "1–20 of 25").hides(t, "Note 20")
	ada.get("/notes?sort=-title&page=2").says(t, "Note 04", "21–25 of 25").hides(t, "Note 05")
	ada.get("/notes?q=note+13").says(t, "Note 13").hides(t, "Note 14")
	ada.get("/notes?q=nothing").says(t, "No note found")
}
