package handlers_test

import (
	"testing"

	"example.com/gatehouse/models"
)

// ASVS 15.2.2: one account cannot use up what all share.
func TestNotes_AreAsManyAsAnAccountCanHold(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	for range 10 {
		notes := make([]models.Note, models.Note{}.Quota().Rows/10)
		if err := models.Scoped(s.db, ada.user()).Create(&notes).Error; err != nil {
			t.Fatal(err)
		}
	}
	ada.post("/notes/new", "title", "One more", "body", "kept").is(t, 422).says(t, "You have 5000 notes", "Delete some", "kept")
	var first models.Note
	if err := models.Scoped(s.db, ada.user()).First(&first).Error; err != nil {
		t.Fatal(err)
	}
	ada.post("/notes/"+first.ID+"/delete").is(t, 303)
	ada.post("/notes/new", "title", "One more").is(t, 303)
}
