package models

import (
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// AcceptedTerms says that a person has accepted a version of the terms.
type AcceptedTerms struct {
	ID         string
	UserID     string
	Version    string
	AcceptedAt time.Time
}

// RegistrationTerms is the version of the terms that the form of a sign-up spoke
// of. Its id is that of the sign-up, with which it goes.
type RegistrationTerms struct {
	ID      string
	Version string
}

var (
	acceptedTermsTable = Table{
		Model: &AcceptedTerms{},
		Auth:  true,
		Bound: "one for each user and version",
		Says:  "Which terms you accepted, and when",
	}
	registrationTermsTable = Table{
		Model: &RegistrationTerms{},
		Bound: "one for each registration, with which it goes",
	}
)

// TermsOfRegistration returns the version that a sign-up spoke of; "" for none.
func TermsOfRegistration(db *gorm.DB, registrationID string) (string, error) {
	var terms RegistrationTerms
	err := db.Where("id = ?", registrationID).Limit(1).Find(&terms).Error
	return terms.Version, err
}

// HasAcceptedTerms says whether the user has accepted this version.
func HasAcceptedTerms(db *gorm.DB, userID, version string) (bool, error) {
	var n int64
	err := db.Model(&AcceptedTerms{}).Where("user_id = ? AND version = ?", userID, version).Count(&n).Error
	return n > 0, err
}

// LastAcceptedTerms returns what the user accepted last, and nothing where they never have.
func LastAcceptedTerms(db *gorm.DB, userID string) (AcceptedTerms, error) {
	var last AcceptedTerms
	err := db.Where("user_id = ?", userID).Order("accepted_at DESC, id DESC").Limit(1).Find(&last).Error
	return last, err
}

// AcceptTerms keeps that terms were accepted; isNew is false where they were already.
func AcceptTerms(db *gorm.DB, terms AcceptedTerms) (isNew bool, err error) {
	kept := db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "user_id"}, {Name: "version"}}, DoNothing: true}).Create(&terms)
	return kept.RowsAffected > 0, kept.Error
}
