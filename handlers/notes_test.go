package handlers_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/models"
)

// createNote gives the user a note and returns its id.
func createNote(b *apptest.Browser, title, body string) string {
	b.App.T.Helper()
	note, err := models.CreateNote(b.App.DB, b.Actor(), models.NoteForm{Title: title, Body: body})
	if err != nil {
		b.App.T.Fatal(err)
	}
	return note.ID
}

func TestANoteIsWrittenReadChangedAndDeleted(t *testing.T) {
	ada := apptest.New(t).LoggedIn("ada@example.com")
	note := ada.Get("/notes/new").Submit("title", "Poem", "body", "Leaves")
	shown := note.WantRedirect(t, note.Header.Get("Location")).WantText(t, "The note is saved.", "Poem", "Leaves")
	ada.Get(shown.Path+"/edit").Submit("title", "Song").WantRedirect(t, shown.Path).WantText(t, "Song", "Leaves")
	ada.Get("/notes").WantText(t, "Song").WantNoText(t, "Poem")
	ada.Post(shown.Path+"/delete").WantRedirect(t, "/notes").WantText(t, "The note is deleted.", "A blank page")
	ada.Get(shown.Path).WantStatus(t, 404)
}

func TestANoteThatBreaksARuleIsShownAgainAsItWasTyped(t *testing.T) {
	ada := apptest.New(t).LoggedIn("ada@example.com")
	id := createNote(ada, "Poem", "Leaves")
	for _, path := range []string{"/notes/new", "/notes/" + id + "/edit"} {
		ada.Post(path, "title", " ", "body", "What I typed").WantStatus(t, 422).
			WantText(t, "Enter the title.", "What I typed")
	}
	ada.Get("/notes/"+id).WantText(t, "Poem", "Leaves")
}

func TestAnotherPersonsNoteIsNotThere(t *testing.T) {
	app := apptest.New(t)
	ada, mallory := app.LoggedIn("ada@example.com"), app.LoggedIn("mallory@example.com")
	note := "/notes/" + createNote(ada, "Poem", "Leaves")
	mallory.Get("/notes").WantText(t, "A blank page")
	mallory.Get(note).WantStatus(t, 404)
	mallory.Get(note+"/edit").WantStatus(t, 404)
	mallory.Post(note+"/edit", "title", "Mine").WantStatus(t, 404)
	mallory.Post(note+"/delete").WantStatus(t, 404)
	ada.Get(note).WantText(t, "Poem", "Leaves")
}

func TestNotesAreSearchedSortedAndPaged(t *testing.T) {
	ada := apptest.New(t).LoggedIn("ada@example.com")
	for n := range 25 {
		createNote(ada, fmt.Sprintf("Note %02d", n), "")
	}
	ada.Get("/notes?sort=title").WantText(t, "Note 00", "1–20 of 25").WantNoText(t, "Note 20")
	ada.Get("/notes?sort=-title&page=2").WantText(t, "Note 04", "21–25 of 25").WantNoText(t, "Note 05")
	ada.Get("/notes?q=note+13").WantText(t, "Note 13").WantNoText(t, "Note 14")
	ada.Get("/notes?q=nothing").WantText(t, "No note found")
}

func TestADeletedNoteIsGoneUntilItIsBroughtBack(t *testing.T) {
	ada := apptest.New(t).LoggedIn("ada@example.com")
	id := noteWithImage(ada)
	note := "/notes/" + id
	for range 2 {
		list := ada.Post(note+"/delete").WantRedirect(t, "/notes").WantText(t, "The note is deleted.", "Undo")
		for _, gone := range []*apptest.Page{ada.Get(note), ada.Get(note + "/edit"), ada.Get(note + "/image"), ada.Post(note+"/edit", "title", "x"), ada.Post(note+"/pin", "pinned", "true"), ada.Post(note + "/delete")} {
			gone.WantStatus(t, 404)
		}
		list.Submit().WantRedirect(t, note).WantText(t, "The note is back.", "A note", "Remove picture")
	}
	ada.Post(note+"/restore").WantStatus(t, 404)
}

func TestADeletedNoteIsSweptAfterThirtyDays(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	id := noteWithImage(ada)
	createNote(ada, "Another", "")
	ada.Post("/notes/"+id+"/delete").WantRedirect(t, "/notes")
	for _, day := range []struct {
		passes time.Duration
		left   int64
	}{{models.KeepDeletedNotes - time.Hour, 2}, {time.Hour, 1}} {
		app.Clock.Advance(day.passes)
		if day.left == 1 { // before the sweep was there
			ada.Login(apptest.Password)
			ada.Post("/notes/"+id+"/restore").WantStatus(t, 404)
		}
		if err := app.Cleanup(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := app.Count("notes", "1 = 1"); n != day.left {
			t.Errorf("%s later there are %d notes", day.passes, n)
		}
	}
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
	ada.Post("/notes/"+id+"/restore").WantStatus(t, 404)
	if n := app.Count("note_images", "1 = 1"); n != 0 {
		t.Errorf("%d pictures are left", n)
	}
}

func TestAnotherPersonsDeletedNoteStaysDeleted(t *testing.T) {
	app := apptest.New(t)
	ada, mallory := app.LoggedIn("ada@example.com"), app.LoggedIn("mallory@example.com")
	id := createNote(ada, "Poem", "")
	ada.Post("/notes/"+id+"/delete").WantRedirect(t, "/notes")
	mallory.Post("/notes/"+id+"/restore").WantStatus(t, 404)
	ada.Get("/notes/"+id).WantStatus(t, 404)
}

func TestAPinnedNoteIsAboveTheOthersHoweverTheyAreSorted(t *testing.T) {
	ada := apptest.New(t).LoggedIn("ada@example.com")
	createNote(ada, "Apples", "")
	id := createNote(ada, "Zebra", "")
	createNote(ada, "Bread", "")
	ada.Get("/notes/"+id).WantText(t, "Zebra")
	ada.Post("/notes/"+id+"/pin", "pinned", "true").WantRedirect(t, "/notes/"+id).
		WantText(t, "The note is pinned", "Unpin")
	for _, sort := range []string{"title", "-title", "updated_at", ""} {
		if text := ada.Get("/notes?sort=" + sort).Text(); strings.Index(text, "Zebra") > strings.Index(text, "Apples") {
			t.Errorf("sorted by %q: %s", sort, text)
		}
	}
	ada.Post("/notes/"+id+"/pin").WantRedirect(t, "/notes/"+id).WantText(t, "no longer pinned")
}

func TestASearchTakesWhatIsTypedAsItIs(t *testing.T) {
	ada := apptest.New(t).LoggedIn("ada@example.com")
	createNote(ada, "100% sure", "École, straße_1, O'Brien, back\\slash, 🦊")
	createNote(ada, "100 sure", "Nothing else")
	for search, hits := range map[string]string{"%": "1 note", "0% S": "1 note", "_": "1 note", "'": "1 note", "\\": "1 note", "🦊": "1 note", "éCOLE": "1 note",
		"ÉCOLE": "1 note", "e\u0301cole": "1 note", "STRASSE": "0 notes", "SURE": "2 notes", " sure ": "2 notes", "\x00\xff": "2 notes", `" OR 1=1 --`: "0 notes"} {
		if page := ada.Get("/notes?q=" + url.QueryEscape(search)); page.Status != 200 || !strings.Contains(page.Text(), " "+hits) {
			t.Errorf("%q: %d, %s", search, page.Status, page.Text())
		}
	}
	ada.Get("/notes?q="+url.QueryEscape(strings.Repeat("é%", 5000))).WantStatus(t, 200)
}

func TestAListAnswersAnyAddress(t *testing.T) {
	ada := apptest.New(t).LoggedIn("ada@example.com")
	for n := range 25 {
		createNote(ada, fmt.Sprintf("Note %02d", n), "")
	}
	for query, range_ := range map[string]string{"page=-1": "1–20 of 25", "page=0": "1–20 of 25", "page=x": "1–20 of 25", "page=999999": "21–25 of 25",
		"page=99999999999999999999": "21–25 of 25", "sort=;drop+table+notes": "1–20 of 25", "sort=body": "1–20 of 25", "sort=-": "1–20 of 25", "sort=user_id": "1–20 of 25",
		"sort=title&sort=body": "1–20 of 25", "q=a&q=b": "", "page=%00": "1–20 of 25"} {
		page := ada.Get("/notes?" + query)
		if page.Status != 200 || !strings.Contains(page.Text(), range_) {
			t.Errorf("%s: %d, %s", query, page.Status, page.Text())
		}
	}
}

func TestReadingNotesWritesNothingAndAsksLittle(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	note := "/notes/" + noteWithImage(ada)
	ran := count(t, app.DB)
	for path, most := range map[string]int{"/notes": 3, "/notes?q=nothing": 2, "/notes/new": 1, note: 3, note + "/edit": 2, note + "/image": 3} {
		ada.Get(path).WantStatus(t, 200)
		got := ran.take()
		if len(got) > most || slices.ContainsFunc(got, func(statement string) bool { return !strings.HasPrefix(statement, "SELECT") }) {
			t.Errorf("%s runs %d statements: %q", path, len(got), got)
		}
	}
}

func TestANoteMayHoldAnything(t *testing.T) {
	ada := apptest.New(t).LoggedIn("ada@example.com")
	for _, title := range []string{"🦊", "<script>alert(1)</script>", `"'><b>`, "ــــ", strings.Repeat("é", 200), "../../etc/passwd", "{{.}}", "%s%n"} {
		note := ada.Post("/notes/new", "title", title, "body", title).WantStatus(t, 303)
		ada.Get(note.Header.Get("Location")).WantStatus(t, 200).WantText(t, title).WantNoText(t, "<script>alert", "<b>")
	}
	ada.Post("/notes/new", "title", strings.Repeat("é", 201)).WantStatus(t, 422).
		WantText(t, "Use at most 200 characters")
	ada.Post("/notes/new", "title", strings.Repeat("x", 900_000), "body", "y").WantStatus(t, 422).
		WantText(t, "Use at most 200 characters")
}

func TestEarlierDatabase_NotesAndTheirPictures(t *testing.T) {
	e := newEarlier(t)
	ada, known := e.browser("ada@example.com")
	ada.Get("/notes").WantStatus(t, 200).WantText(t, "Illustrated", "Pinned", "Ünïcode ✓").WantNoText(t, "Deleted")
	ada.Get("/notes/"+known.Secrets["note Ünïcode ✓"]).WantText(t, "Ünïcode ✓", "Zwei Zeilen & <b>")
	if seen, _ := notePicture(ada, t, known.Secrets["note Illustrated"]); seen.Bounds().Dx() != 40 || seen.Bounds().Dy() != 30 {
		t.Errorf("the picture is %v, want 40 by 30", seen.Bounds())
	}
}
