package auth

import (
	"errors"
	"fmt"

	"gorm.io/gorm"

	"example.com/gatehouse/models"
)

// ErrLastCredential is returned for the removal of a credential that the user
// needs to log in.
var ErrLastCredential = errors.New("it is the last credential")

// requireCredential returns ErrLastCredential if the transaction has left the
// user nothing to begin a login with. The mailbox does not count: it is for
// users who have lost the rest.
func (a *Auth) requireCredential(db *gorm.DB, user *models.User) error {
	if user.PasswordHash != "" {
		return nil
	}
	for _, f := range a.installed {
		for _, has := range f.Credentials {
			if has, err := has(db, user); err != nil {
				return fmt.Errorf("look for a credential: %w", err)
			} else if has {
				return nil
			}
		}
	}
	return ErrLastCredential
}
