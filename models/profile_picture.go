package models

import (
	"mime/multipart"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// ProfilePicture is a person's picture: a square, made anew from what was uploaded. The session's statement reads its id alone, which
// tells each page that there is one.
type ProfilePicture struct {
	ID        string
	UserID    string
	CreatedAt time.Time
	MediaType string // "image/png" or "image/jpeg"
	Small     []byte // for beside a name
	Data      []byte
}

var profilePictureTable = Table{
	Model: &ProfilePicture{},
	Auth:  true,
	Bound: "one for each user",
	Says:  "Your picture, large and small",
	Files: []string{"small", "data"},
}

const (
	// profileEdge is the edge of the picture in pixels, twice or three times what it is shown in.
	profileEdge = 256
	// profileSmallEdge is that of the small one, which is on each page.
	profileSmallEdge = 96
)

// SetProfilePicture gives the user a picture, in the place of the one they had. upload is nil where none was chosen. The error is an
// Invalid or ErrBusy.
func SetProfilePicture(db *gorm.DB, user *User, pictures *Pictures, upload *multipart.FileHeader) error {
	made, err := pictures.Make(db.Statement.Context, user, "picture", upload, Square(profileEdge), Square(profileSmallEdge))
	if err != nil {
		return err
	}
	picture := ProfilePicture{ID: uuid.Must(uuid.NewV7()).String(), UserID: user.ID, MediaType: made[0].MediaType, Data: made[0].Data, Small: made[1].Data}
	return db.Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "user_id"}},
		DoUpdates: clause.AssignmentColumns([]string{"id", "created_at", "media_type", "small", "data"}),
	}).Create(&picture).Error
}

// FindProfilePicture returns the user's picture, with nothing but the small one or nothing but the other read; gorm.ErrRecordNotFound
// where they have none.
func FindProfilePicture(db *gorm.DB, user *User, small bool) (ProfilePicture, error) {
	size := "data"
	if small {
		size = "small"
	}
	var picture ProfilePicture
	err := db.Select("media_type", size).Where("user_id = ?", user.ID).Take(&picture).Error
	return picture, err
}

// RemoveProfilePicture takes it from the user; the error is gorm.ErrRecordNotFound where there is none.
func RemoveProfilePicture(db *gorm.DB, user *User) error {
	return Found(db.Where("user_id = ?", user.ID).Delete(&ProfilePicture{}))
}
