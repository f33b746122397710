package handlers_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

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
	ada.post(shown.path+"/delete").redirects(t, "/notes").says(t, "The note is deleted.", "A blank page")
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
	mallory.get("/notes").says(t, "A blank page")
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

func TestADeletedNoteIsGoneUntilItIsBroughtBack(t *testing.T) {
	ada := newStage(t).member("ada@example.com")
	id := ada.illustratedNote()
	note := "/notes/" + id
	for range 2 {
		list := ada.post(note+"/delete").redirects(t, "/notes").says(t, "The note is deleted.", "Undo")
		for _, gone := range []*page{ada.get(note), ada.get(note + "/edit"), ada.get(note + "/image"), ada.post(note+"/edit", "title", "x"), ada.post(note+"/pin", "pinned", "true"), ada.post(note + "/delete")} {
			gone.is(t, 404)
		}
		list.submit().redirects(t, note).says(t, "The note is back.", "A note", "Remove picture")
	}
	ada.post(note+"/restore").is(t, 404)
}

func TestADeletedNoteIsSweptAfterThirtyDays(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	id := ada.illustratedNote()
	ada.note("Another", "")
	ada.post("/notes/"+id+"/delete").redirects(t, "/notes")
	for _, day := range []struct {
		passes time.Duration
		left   int64
	}{{models.KeepDeletedNotes - time.Hour, 2}, {time.Hour, 1}} {
		s.clock.passes(day.passes)
		if day.left == 1 { // before the sweep was there
			ada.login(goodPassword)
			ada.post("/notes/"+id+"/restore").is(t, 404)
		}
		if err := s.cleanup(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := s.count("notes", "1 = 1"); n != day.left {
			t.Errorf("%s later there are %d notes", day.passes, n)
		}
	}
	ada.login(goodPassword).redirects(t, "/dashboard")
	ada.post("/notes/"+id+"/restore").is(t, 404)
	if n := s.count("note_images", "1 = 1"); n != 0 {
		t.Errorf("%d pictures are left", n)
	}
}

func TestAnotherPersonsDeletedNoteStaysDeleted(t *testing.T) {
	s := newStage(t)
	ada, mallory := s.member("ada@example.com"), s.member("mallory@example.com")
	id := ada.note("Poem", "")
	ada.post("/notes/"+id+"/delete").redirects(t, "/notes")
	mallory.post("/notes/"+id+"/restore").is(t, 404)
	ada.get("/notes/"+id).is(t, 404)
}

func TestAPinnedNoteIsAboveTheOthersHoweverTheyAreSorted(t *testing.T) {
	ada := newStage(t).member("ada@example.com")
	ada.note("Apples", "")
	id := ada.note("Zebra", "")
	ada.note("Bread", "")
	ada.get("/notes/"+id).says(t, "Zebra")
	ada.post("/notes/"+id+"/pin", "pinned", "true").redirects(t, "/notes/"+id).says(t, "The note is pinned", "Unpin")
	for _, sort := range []string{"title", "-title", "updated_at", ""} {
		if text := ada.get("/notes?sort=" + sort).text(); strings.Index(text, "Zebra") > strings.Index(text, "Apples") {
			t.Errorf("sorted by %q: %s", sort, text)
		}
	}
	ada.post("/notes/"+id+"/pin").redirects(t, "/notes/"+id).says(t, "no longer pinned")
}

func TestASearchTakesWhatIsTypedAsItIs(t *testing.T) {
	ada := newStage(t).member("ada@example.com")
	ada.note("100% sure", "École, straße_1, O'Brien, back\\slash, 🦊")
	ada.note("100 sure", "Nothing else")
	for search, hits := range map[string]string{"%": "1 note", "0% S": "1 note", "_": "1 note", "'": "1 note", "\\": "1 note", "🦊": "1 note", "éCOLE": "1 note",
		"ÉCOLE": "1 note", "e\u0301cole": "1 note", "STRASSE": "0 notes", "SURE": "2 notes", " sure ": "2 notes", "\x00\xff": "2 notes", `" OR 1=1 --`: "0 notes"} {
		if page := ada.get("/notes?q=" + url.QueryEscape(search)); page.status != 200 || !strings.Contains(page.text(), " "+hits) {
			t.Errorf("%q: %d, %s", search, page.status, page.text())
		}
	}
	ada.get("/notes?q="+url.QueryEscape(strings.Repeat("é%", 5000))).is(t, 200)
}

func TestAListAnswersAnyAddress(t *testing.T) {
	ada := newStage(t).member("ada@example.com")
	for n := range 25 {
		ada.note(fmt.Sprintf("Note %02d", n), "")
	}
	for query, range_ := range map[string]string{"page=-1": "1–20 of 25", "page=0": "1–20 of 25", "page=x": "1–20 of 25", "page=999999": "21–25 of 25",
		"page=99999999999999999999": "21–25 of 25", "sort=;drop+table+notes": "1–20 of 25", "sort=body": "1–20 of 25", "sort=-": "1–20 of 25", "sort=user_id": "1–20 of 25",
		"sort=title&sort=body": "1–20 of 25", "q=a&q=b": "", "page=%00": "1–20 of 25"} {
		page := ada.get("/notes?" + query)
		if page.status != 200 || !strings.Contains(page.text(), range_) {
			t.Errorf("%s: %d, %s", query, page.status, page.text())
		}
	}
}

func TestReadingNotesWritesNothingAndAsksLittle(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	note := "/notes/" + ada.illustratedNote()
	ran := count(t, s.db)
	for path, most := range map[string]int{"/notes": 3, "/notes?q=nothing": 2, "/notes/new": 1, note: 3, note + "/edit": 2, note + "/image": 3} {
		ada.get(path).is(t, 200)
		got := ran.take()
		if len(got) > most || slices.ContainsFunc(got, func(statement string) bool { return !strings.HasPrefix(statement, "SELECT") }) {
			t.Errorf("%s runs %d statements: %q", path, len(got), got)
		}
	}
}

func TestANoteMayHoldAnything(t *testing.T) {
	ada := newStage(t).member("ada@example.com")
	for _, title := range []string{"🦊", "<script>alert(1)</script>", `"'><b>`, "ــــ", strings.Repeat("é", 200), "../../etc/passwd", "{{.}}", "%s%n"} {
		note := ada.post("/notes/new", "title", title, "body", title).is(t, 303)
		ada.get(note.header.Get("Location")).is(t, 200).says(t, title).hides(t, "<script>alert", "<b>")
	}
	ada.post("/notes/new", "title", strings.Repeat("é", 201)).is(t, 422).says(t, "Use at most 200 characters")
	ada.post("/notes/new", "title", strings.Repeat("x", 900_000), "body", "y").is(t, 422).says(t, "Use at most 200 characters")
}

func TestEarlierDatabase_NotesAndTheirPictures(t *testing.T) {
	e := newEarlier(t)
	ada, known := e.browser("ada@example.com")
	ada.get("/notes").is(t, 200).says(t, "Illustrated", "Pinned", "Ünïcode ✓").hides(t, "Deleted")
	ada.get("/notes/"+known.Secrets["note Ünïcode ✓"]).says(t, "Ünïcode ✓", "Zwei Zeilen & <b>")
	if seen, _ := ada.picture(t, known.Secrets["note Illustrated"]); seen.Bounds().Dx() != 40 || seen.Bounds().Dy() != 30 {
		t.Errorf("the picture is %v, want 40 by 30", seen.Bounds())
	}
}
