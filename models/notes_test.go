package models_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
)

func TestDeleteNote_KeepsTheLastHundred(t *testing.T) {
	db := modelstest.Open(t)
	ada := models.ActorFor(newUser("ada"))
	must(t, db.Create(&ada.User).Error)
	for i := range 103 {
		note, err := models.CreateNote(db, ada, models.NoteForm{Title: fmt.Sprint(i)})
		must(t, err)
		must(t, models.DeleteNote(db, ada, note.ID))
	}
	var kept int64
	must(t, models.Scoped(db, ada).Unscoped().Model(&models.Note{}).Count(&kept).Error)
	if kept != 100 {
		t.Errorf("got %d deleted notes, want 100", kept)
	}
}

// searched are texts of 10,000 characters, as many as a note may have, and words that were dear to look for in one of them.
var searched, lookedFor = map[string]string{
	"english": strings.Repeat("lorem ipsum dolor sit amet ", 370),
	"greek":   strings.Repeat("λορεμ ιπσυμ δολορ σιτ αμετ ", 370),
	"alike":   strings.Repeat("п", 10_000),
}, map[string]string{
	"ascii":       "lorem x",
	"100 letters": manyMessages(),
	"almost":      strings.Repeat("п", 99) + "ж",
}

// manyMessages are 100 letters beyond ASCII, no two alike.
func manyMessages() string {
	var messages []rune
	for r := 'ß'; len(messages) < 100; r++ {
		if unicode.IsLower(r) && unicode.ToUpper(r) != r {
			messages = append(messages, r)
		}
	}
	return string(messages)
}

// BenchmarkSearch is one search among 2,000 long notes. None of them may take ten times as long as another.
func BenchmarkSearch(b *testing.B) {
	for kind, text := range searched {
		db := modelstest.Open(b)
		ada := models.ActorFor(newUser("ada"))
		must(b, db.Create(&ada.User).Error)
		notes := make([]models.Note, 100)
		for i := range notes {
			notes[i] = models.Note{Title: fmt.Sprint(i), Body: text}
		}
		for range 20 {
			batch := append([]models.Note{}, notes...)
			must(b, models.Scoped(db, ada).Create(&batch).Error)
		}
		for name, words := range lookedFor {
			b.Run(kind+"/"+name, func(b *testing.B) {
				for b.Loop() {
					_, err := models.Notes(db, ada, models.Query{Search: words})
					must(b, err)
				}
			})
		}
	}
}
