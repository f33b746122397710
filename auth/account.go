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
	name = norm.NFC.String(strings.TrimSpace(name))
	switch {
	case name == "":
		return "", "Enter your name."
	case utf8.RuneCountInString(name) > maxName:
		return name, tooLong
	// Line breaks, and marks that turn the direction of text around, would let a name pose as something else in a mail.
	case strings.ContainsFunc(name, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
	}):
		return name, "Use letters, spaces and punctuation only."
	}
	return name, ""
}

// Rename gives the viewer another name.
func (a *Auth) Rename(ctx context.Context, viewer *Viewer, name string, client Client) error {
	name, problem := normalizeName(name)
	if err := (Invalid{"name": problem}).errIfAny(); err != nil {
		return err
	}
	return a.transact(ctx, func(t *tx) error {
		err := t.Model(&models.User{}).Where("id = ?", viewer.User.ID).Updates(map[string]any{"name": name, "updated_at": a.now()}).Error
		if err != nil {
			return fmt.Errorf("set the name: %w", err)
		}
		return a.record(t, EventNameChanged, &viewer.User.ID, viewer.Session.ID, client, nil)
	})
}

// ChangePassword replaces the viewer's password after proving the current one, ends every other session, voids mailed
// links, tells the owner by mail, and returns a new token for this session (ASVS 7.2.4). The error is an Invalid, a
// Limited, ErrBusy or ErrChanged.
func (a *Auth) ChangePassword(ctx context.Context, viewer *Viewer, current, password string, client Client) (token string, err error) {
	user := &viewer.User
	err = Invalid{
		"current_password": required(current, "Enter your current password."),
		"password":         a.rules.Check(password, user.Name, user.Email),
	}.errIfAny()
	if err != nil {
		return "", err
	}
	if err := a.prove(ctx, viewer, current, client); err != nil {
		return "", err
	}
	hash, err := a.hasher.Hash(ctx, password)
	if err != nil {
		return "", err
	}
	token, tokenHash := newToken()
	err = a.transact(ctx, func(t *tx) error {
		if err := a.setPassword(t, user, hash, viewer.Session.ID); err != nil {
			return err
		}
		if err := voidResets(t, user.ID); err != nil {
			return err
		}
		renewed := t.Model(&models.Session{}).Where("id = ?", viewer.Session.ID).Update("token_hash", tokenHash)
		if renewed.Error != nil {
			return fmt.Errorf("renew the session: %w", renewed.Error)
		}
		if renewed.RowsAffected == 0 {
			return ErrChanged // another device ended this session in this very moment
		}
		if err := a.post(t, a.letters.PasswordChanged(user.Email, a.now(), client.IP.String(), client.Device())); err != nil {
			return err
		}
		return a.record(t, EventPasswordChanged, &user.ID, viewer.Session.ID, client, nil)
	})
	return token, err
}

// prove checks the viewer's current password. The tries are counted: a stolen session must not be a place to guess.
func (a *Auth) prove(ctx context.Context, viewer *Viewer, password string, client Client) error {
	ok, err := a.guess(ctx, client, []hit{hitBy(limitReproof, viewer.User.ID)},
		func() (bool, error) {
			ok, _, err := a.hasher.Verify(ctx, password, viewer.User.PasswordHash)
			return ok, err
		},
		func(t *tx) error {
			return a.record(t, EventPasswordChangeFailed, &viewer.User.ID, viewer.Session.ID, client, nil)
		})
	if err == nil && !ok {
		return Invalid{"current_password": "That is not your current password."}
	}
	return err
}

// AddUser makes a confirmed account without a mail, for seeding and tests. added is false where the address has one already,
// which then stays as it is. The error is an Invalid where a rule is broken.
func (a *Auth) AddUser(ctx context.Context, name, address, password string) (added bool, err error) {
	name, nameProblem := normalizeName(name)
	email, emailProblem := NormalizeEmail(address)
	err = Invalid{"name": nameProblem, "email": emailProblem, "password": a.rules.Check(password, name, email)}.errIfAny()
	if err != nil {
		return false, err
	}
	hash, err := a.hasher.Hash(ctx, password)
	if err != nil {
		return false, err
	}
	now := a.now()
	user := models.User{ID: newID(), Name: name, Email: email, PasswordHash: hash, CreatedAt: now, UpdatedAt: now}
	made := a.db.WithContext(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&user)
	if made.Error != nil {
		return false, fmt.Errorf("make the account: %w", made.Error)
	}
	return made.RowsAffected == 1, nil
}
