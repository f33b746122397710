package auth

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"gorm.io/gorm/clause"

	"example.com/gatehouse/models"
)

// maxName is the longest name in code points.
const maxName = 100

// normalizeName trims a person's name and says what is wrong with it, "" for nothing.
func normalizeName(name string) (normalized, problem string) {
	tooLong := fmt.Sprintf("Use at most %d characters.", maxName)
	if len(name) > 100*maxName {
		return "", tooLong // before a megabyte of it is normalized
	}
	typed := name
	name = norm.NFC.String(models.Trim(typed))
	switch {
	case name == "" && strings.TrimSpace(typed) != "":
		return "", "This name shows nothing. Enter it in letters that can be seen."
	case name == "":
		return "", "Enter your name."
	case utf8.RuneCountInString(name) > maxName:
		return name, tooLong
	// Line breaks, and marks that turn the direction of text around, would let a name pose as something else in a mail.
	case strings.ContainsFunc(name, misleading):
		return name, "This name has a hidden character after “" + models.Before(name, misleading) + "”. Delete what follows and type it again."
	}
	return name, ""
}

func misleading(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}

// checkPerson holds who wants an account to the rules; the error is an Invalid.
func (a *Auth) checkPerson(name, address, password string) (normalName, email string, err error) {
	normalName, nameProblem := normalizeName(name)
	email, emailProblem := models.NormalizeEmail(address)
	return normalName, email, Invalid{
		"name":     nameProblem,
		"email":    emailProblem,
		"password": a.rules.Check(password, normalName, email),
	}.Err()
}

// Rename gives the user another name.
func (a *Auth) Rename(ctx context.Context, actor *Actor, name string) error {
	name, problem := normalizeName(name)
	if err := (Invalid{"name": problem}).Err(); err != nil {
		return err
	}
	return a.Transact(ctx, func(t *Tx) error {
		err := t.Model(&models.User{}).Where("id = ?", actor.User.ID).Updates(map[string]any{"name": name, "updated_at": t.Now()}).Error
		if err != nil {
			return fmt.Errorf("set the name: %w", err)
		}
		return a.Record(t, EventNameChanged, SubjectOf(actor), nil)
	})
}

// AddUser makes a confirmed account without a mail, for seeding and tests. added is false where the address has one already,
// which then stays as it is, or is kept for somebody. The error is an Invalid where a rule is broken.
func (a *Auth) AddUser(ctx context.Context, name, address, password string) (added bool, err error) {
	name, email, err := a.checkPerson(name, address, password)
	if err != nil {
		return false, err
	}
	if kept, err := a.emailReserved(a.db.WithContext(ctx), email, ""); kept || err != nil {
		return false, err
	}
	hash, err := a.hasher.Hash(ctx, password)
	if err != nil {
		return false, err
	}
	now := a.now()
	user := models.User{ID: NewID(), Name: name, Email: email, PasswordHash: hash, CreatedAt: now, UpdatedAt: now}
	made := a.db.WithContext(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&user)
	if made.Error != nil {
		return false, fmt.Errorf("make the account: %w", made.Error)
	}
	return made.RowsAffected == 1, nil
}
