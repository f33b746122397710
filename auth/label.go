package auth

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm"
)

// NormalizeLabel returns the name that a user gives to a credential, trimmed,
// or what is wrong with it. Names appear in mail, so invisible characters and
// line breaks are refused.
func NormalizeLabel(name string) (normalized, problem string) {
	if strings.TrimSpace(name) == "" {
		return "", "Enter a name."
	}
	return normalizeName(name)
}

// Item is a row that the user may rename. Model is an empty one, with a column
// name.
type Item struct {
	Model any
	ID    string
}

// RenameItem gives a named row of the user another name and calls record in the
// same transaction. The error is an Invalid, or gorm.ErrRecordNotFound if the
// user has no such row.
func (a *Auth) RenameItem(ctx context.Context, actor *Actor, item Item, name string, record func(*Tx) error) error {
	name, problem := NormalizeLabel(name)
	if err := (Invalid{"name": problem}).Err(); err != nil {
		return err
	}
	return a.Transact(ctx, func(t *Tx) error {
		renamed := t.Model(item.Model).Where("id = ? AND user_id = ?", item.ID, actor.User.ID).Update("name", name)
		if renamed.Error != nil {
			return fmt.Errorf("name what is theirs: %w", renamed.Error)
		}
		if renamed.RowsAffected == 0 {
			return gorm.ErrRecordNotFound
		}
		return record(t)
	})
}
