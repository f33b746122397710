// feature:passkeys|recovery_codes|totp

package auth

import (
	"errors"
	"fmt"

	"gorm.io/gorm"

	"example.com/gatehouse/models"
)

// ErrLastCredential is the refusal to take away what its owner needs to log in.
var ErrLastCredential = errors.New("it is the last way in")

// credentials are the things of a person's by which they can begin to log in. A new one is a line here. The mailbox is none: it is there for
// whoever has lost the rest.
func credentials() []func(db *gorm.DB, user *models.User) (bool, error) {
	return []func(*gorm.DB, *models.User) (bool, error){
		func(_ *gorm.DB, user *models.User) (bool, error) { return user.PasswordHash != "", nil },
		func(db *gorm.DB, user *models.User) (bool, error) { return models.HasPasskeys(db, user.ID) }, // feature:passkeys
	}
}

// requireCredential returns ErrLastCredential where the transaction has left the user none.
func (a *Auth) requireCredential(db *gorm.DB, user *models.User) error {
	for _, has := range credentials() {
		if has, err := has(db, user); err != nil {
			return fmt.Errorf("look for a way in: %w", err)
		} else if has {
			return nil
		}
	}
	return ErrLastCredential
}
