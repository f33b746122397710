package auth

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm"
)

// normalizeLabel is normalizeName for what a person calls a thing of theirs.
func normalizeLabel(name string) (normalized, problem string) {
	if strings.TrimSpace(name) == "" {
		return "", "Enter a name."
	}
	return normalizeName(name)
}

// rename names a thing of the user's, which is a row of the table of kind. The error is an Invalid, or gorm.ErrRecordNotFound.
func (a *Auth) rename(ctx context.Context, actor *Actor, kind any, id, name string, record func(*tx) error) error {
	name, problem := normalizeLabel(name)
	if err := (Invalid{"name": problem}).Err(); err != nil {
		return err
	}
	return a.transact(ctx, func(t *tx) error {
		renamed := t.Model(kind).Where("id = ? AND user_id = ?", id, actor.User.ID).Update("name", name)
		if renamed.Error != nil {
			return fmt.Errorf("name what is theirs: %w", renamed.Error)
		}
		if renamed.RowsAffected == 0 {
			return gorm.ErrRecordNotFound
		}
		return record(t)
	})
}
