package models

import (
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"example.com/gatehouse/config"
)

// KeepDeletedNotes is how long a deleted note can be brought back.
const KeepDeletedNotes = 30 * 24 * time.Hour

// keepDeletedNotes is how many of a user's deleted notes can be brought back. They are not part of the quota.
const keepDeletedNotes = 100

// Note is one of a person's notes.
type Note struct {
	Owned
	Title     string
	Body      string
	Pinned    bool           // above the others in every list
	DeletedAt gorm.DeletedAt // GORM leaves out what is deleted, of reads and of changes
}

var noteTable = Table{
	Model: &Note{},
	Expired: func(now time.Time, _ config.Config) clause.Expr {
		return gorm.Expr("deleted_at <= ?", now.Add(-KeepDeletedNotes))
	},
	Ahead: []Ahead{{Column: "deleted_at"}},
}

// Quota bounds a user's notes, and with the rules in fill the room that they take.
func (Note) Quota() Quota { return Quota{Rows: 5_000, Field: "title"} }

// NoteForm is a note as it is typed.
type NoteForm struct {
	Title string `form:"title"`
	Body  string `form:"body"`
}

// Form is the note as it is typed.
func (n Note) Form() NoteForm {
	return NoteForm{
		Title: n.Title,
		Body:  n.Body,
	}
}

// fill takes over what was typed; the error is an Invalid where a rule is broken.
func (n *Note) fill(form NoteForm) error {
	problems := Invalid{}
	n.Title = problems.Line("title", form.Title, 200)
	n.Body = problems.Text("body", form.Body, 10_000)
	return problems.Err()
}

// Notes lists the user's notes as a query asks.
func Notes(db *gorm.DB, actor *Actor, query Query) (List[Note], error) {
	return ListRows[Note](Scoped(db, actor), query, Listing{
		First:  "pinned",
		Search: []string{"title", "body"},
		Sort:   []string{"-updated_at", "title"},
	})
}

// FindNote returns one of the user's notes, or gorm.ErrRecordNotFound.
func FindNote(db *gorm.DB, actor *Actor, id string) (Note, error) {
	var note Note
	err := Scoped(db, actor).Where("id = ?", id).Take(&note).Error
	return note, err
}

// CreateNote makes a note of the user's; the error is an Invalid where a rule is broken.
func CreateNote(db *gorm.DB, actor *Actor, form NoteForm) (Note, error) {
	var note Note
	if err := note.fill(form); err != nil {
		return note, err
	}
	return note, Scoped(db, actor).Create(&note).Error
}

// UpdateNote changes one of the user's notes; the error is an Invalid where a rule is broken, or gorm.ErrRecordNotFound.
func UpdateNote(db *gorm.DB, actor *Actor, id string, form NoteForm) error {
	note, err := FindNote(db, actor, id)
	if err != nil {
		return err
	}
	if err := note.fill(form); err != nil {
		return err
	}
	return Found(Scoped(db, actor).Select("*").Updates(&note))
}

// PinNote puts one of the user's notes above the others, or back among them; the error is gorm.ErrRecordNotFound where there is none.
func PinNote(db *gorm.DB, actor *Actor, id string, pinned bool) error {
	return Found(Scoped(db, actor).Model(&Note{}).Where("id = ?", id).UpdateColumn("pinned", pinned))
}

// DeleteNote deletes one of the user's notes, which RestoreNote can bring back; the error is gorm.ErrRecordNotFound where there is none.
func DeleteNote(db *gorm.DB, actor *Actor, id string) error {
	if err := Found(Scoped(db, actor).Where("id = ?", id).Delete(&Note{})); err != nil {
		return err
	}
	var beyond []string
	err := Scoped(db, actor).Unscoped().Model(&Note{}).Where("deleted_at IS NOT NULL").Order("deleted_at DESC, id").
		Offset(keepDeletedNotes).Limit(100).Pluck("id", &beyond).Error
	if err != nil || len(beyond) == 0 {
		return err
	}
	return Scoped(db, actor).Unscoped().Where("id IN ?", beyond).Delete(&Note{}).Error
}

// RestoreNote brings back what DeleteNote deleted; the error is gorm.ErrRecordNotFound where it is not deleted, or was for longer
// than KeepDeletedNotes.
func RestoreNote(db *gorm.DB, actor *Actor, id string, now time.Time) error {
	deleted := Scoped(db, actor).Unscoped().Model(&Note{}).Where("id = ? AND deleted_at > ?", id, now.Add(-KeepDeletedNotes))
	return Found(deleted.UpdateColumn("deleted_at", nil))
}

// SeedNotes gives a person a few notes to play with.
func SeedNotes(db *gorm.DB, actor *Actor) error {
	for _, form := range []NoteForm{
		{Title: "Notes toward a poem", Body: "The Analytical Engine weaves algebraic patterns\njust as the Jacquard loom weaves flowers and leaves."},
		{Title: "Groceries", Body: "Oats, apples, coffee"},
		{Title: "Ideas for the summer", Body: "Learn to row. Read more poems. Repair the gate."},
	} {
		if _, err := CreateNote(db, actor, form); err != nil {
			return err
		}
	}
	return nil
}
