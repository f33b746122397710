package handlers_test

import (
	"testing"

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/models"
)

// ASVS 15.2.2: one account cannot use up what all share.
func TestNotes_AreAsManyAsAnAccountCanHold(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	for range 10 {
		notes := make([]models.Note, models.Note{}.Quota().Rows/10)
		if err := models.Scoped(app.DB, ada.Actor()).Create(&notes).Error; err != nil {
			t.Fatal(err)
		}
	}
	ada.Post("/notes/new", "title", "One more", "body", "kept").WantStatus(t, 422).
		WantText(t, "You have 5000 notes", "Delete some", "kept")
	var first models.Note
	if err := models.Scoped(app.DB, ada.Actor()).First(&first).Error; err != nil {
		t.Fatal(err)
	}
	ada.Post("/notes/"+first.ID+"/delete").WantStatus(t, 303)
	ada.Post("/notes/new", "title", "One more").WantStatus(t, 303)
}
