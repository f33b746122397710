package e2e

import (
	"strings"
	"testing"
)

// noteViews are the pages of notes.
func noteViews(t *testing.T) []view {
	ada := startWithMail(t, "RATE_LIMIT=off").visit(t, "Ada Lovelace").joins()
	opensNote := func(p *person) *person { return p.open("/notes?q=engine").press("The engine weaves") }
	return []view{
		{"notes-none", "/notes", 200, ada, opens("/notes")},
		{"note-new", "/notes/new", 200, ada, opens("/notes/new")},
		{"note-new-wrong", "/notes/new", 422, ada, func(p *person) {
			p.open("/notes/new").fill("Title", " ").fill("Body", "What I typed stays.").press("Save note")
		}},
		{"note-saved", "/notes/:id", 200, ada, func(p *person) {
			p.open("/notes/new").fill("Title", "The engine weaves").fill("Body", poem).press("Save note")
		}},
		{"note-picture-wrong", "/notes/:id/image", 422, ada, func(p *person) {
			opensNote(p).choose("Add a picture", "drawing.svg", []byte("<svg/>")).press("Save picture")
		}},
		{"note-picture", "/notes/:id/image", 200, ada, func(p *person) {
			opensNote(p).choose("Add a picture", "hills.png", hills(t)).press("Save picture")
		}},
		{"note-pinned", "/notes/:id", 200, ada, func(p *person) { opensNote(p).press("Pin") }},
		{"note-edit", "/notes/:id/edit", 200, ada, func(p *person) { opensNote(p).press("Edit") }},
		{"notes", "/notes", 200, ada, func(p *person) {
			p.writes(24)
			p.open("/notes")
		}},
		{"notes-last-page", "/notes", 200, ada, func(p *person) { p.open("/notes").press("Next") }},
		{"notes-found", "/notes", 200, ada, func(p *person) { p.open("/notes?q=engine") }},
		{"notes-not-found", "/notes", 200, ada, opens("/notes?q=steam+whistle")},
		{"note-deleted", "/notes", 200, ada, func(p *person) { opensNote(p).press("Delete") }},
		{"note-restored", "/notes/:id", 200, ada, func(p *person) { p.press("Undo") }},
	}
}

const poem = `The Analytical Engine weaves algebraic patterns
just as the Jacquard loom weaves flowers and leaves.

Here, it seems to me, lies much more of originality than the Difference Engine can fairly be entitled to claim.`

// writes creates n notes.
func (p *person) writes(n int) {
	p.t.Helper()
	p.open("/notes")
	evaluate[int](p, `(async (n) => {
		const titles = ["Bread", "What to ask on Monday", "Ideas for the garden, the summer, and whatever comes after it", "Tea", "Books lent to Grace", "Bernoulli numbers"]
		for (let i = 0; i < n; i++)
			await fetch("/notes/new", {method: "POST", body: new URLSearchParams({title: titles[i % titles.length], body: i % 3 ? "Flour, water, salt, and time. " + "More than one line of it, so that it must be cut off somewhere. ".repeat(i % 4) : ""})})
		return n
	})(`+strings.Repeat("1+", n)+`0)`)
}

// awaits waits for a text to appear without a new page.
func (p *person) awaits(text string) *person {
	p.t.Helper()
	ctx, enough := p.patiently()
	defer enough()
	for !strings.Contains(p.text(), text) && ctx.Err() == nil {
		evaluate[bool](p, `new Promise(done => setTimeout(() => done(true), 50))`)
	}
	return p.sees(text)
}

func TestNotes_AreSearchedWhileTyping(t *testing.T) {
	ada := startWithMail(t, "RATE_LIMIT=off").visit(t, "Ada").joins()
	ada.writes(6)
	ada.open("/dashboard").press("Notes").fill("Search notes", "bernoulli")
	ada.awaits("1 note").sees("Bernoulli numbers")
	ada.hasFocus("searchbox", "Search notes")
	if address := ada.address(); !strings.HasSuffix(address, "/notes?q=bernoulli&sort=-updated_at") {
		t.Errorf("the address is %s", address)
	}
	ada.fill("Search notes", "steam whistle").awaits("No note found")
	evaluate[bool](ada, "history.back(), true") // what was typed is one page, not one for each letter
	ada.awaits("Hello, Ada")
}

func TestNotes_AreSearchedWithoutScripts(t *testing.T) {
	ada := startWithMail(t, "RATE_LIMIT=off").visit(t, "Ada").joins()
	ada.writes(6)
	ada.withoutScripts().open("/notes").fill("Search notes", "bernoulli").press("Search")
	ada.sees("Bernoulli numbers").at("/notes", 200)
}
