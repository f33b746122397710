package models

import (
	"mime/multipart"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// NoteImage is the picture of a note, made anew from what was uploaded: nothing of the file itself is kept, neither where it was
// taken nor what else hides in it.
type NoteImage struct {
	Owned
	NoteID    string
	MediaType string // "image/png" or "image/jpeg"
	Width     int    // in pixels, as Height
	Height    int
	Data      []byte
}

var noteImageTable = Table{Model: &NoteImage{}}

// Quota bounds what a user's pictures take up.
func (NoteImage) Quota() Quota { return Quota{Bytes: 200 << 20, Column: "data", Field: "image"} }

// noteEdge is the longer edge of a note's picture, in pixels.
const noteEdge = 1600

// SetNoteImage gives one of the user's notes a picture, in the place of the one it had. upload is nil where none was chosen. The
// error is an Invalid, ErrBusy or gorm.ErrRecordNotFound.
func SetNoteImage(db *gorm.DB, actor *Actor, noteID string, pictures *Pictures, upload *multipart.FileHeader) error {
	if _, err := FindNote(db, actor, noteID); err != nil {
		return err
	}
	made, err := pictures.Make(db.Statement.Context, &actor.User, "image", upload, Within(noteEdge))
	if err != nil {
		return err
	}
	whole := made[0]
	picture := NoteImage{NoteID: noteID, MediaType: whole.MediaType, Width: whole.Width, Height: whole.Height, Data: whole.Data}
	return Scoped(db, actor).Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "note_id"}},
		DoUpdates: clause.AssignmentColumns([]string{"updated_at", "media_type", "width", "height", "data"}),
	}).Create(&picture).Error
}

// FindNoteImage returns the picture of one of the user's notes, or gorm.ErrRecordNotFound.
func FindNoteImage(db *gorm.DB, actor *Actor, noteID string) (NoteImage, error) {
	var picture NoteImage
	if _, err := FindNote(db, actor, noteID); err != nil {
		return picture, err
	}
	err := Scoped(db, actor).Where("note_id = ?", noteID).Take(&picture).Error
	return picture, err
}

// DescribeNoteImage returns the picture without its data, and nothing where the note has none.
func DescribeNoteImage(db *gorm.DB, actor *Actor, noteID string) (NoteImage, error) {
	var picture NoteImage
	err := Scoped(db, actor).Omit("data").Where("note_id = ?", noteID).Limit(1).Find(&picture).Error
	return picture, err
}

// DeleteNoteImage takes the picture from one of the user's notes; the error is gorm.ErrRecordNotFound where there is none.
func DeleteNoteImage(db *gorm.DB, actor *Actor, noteID string) error {
	if _, err := FindNote(db, actor, noteID); err != nil {
		return err
	}
	return Found(Scoped(db, actor).Where("note_id = ?", noteID).Delete(&NoteImage{}))
}
