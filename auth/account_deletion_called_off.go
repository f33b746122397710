// feature:email_change

package auth

import (
	"errors"
	"fmt"

	"gorm.io/gorm"

	"example.com/gatehouse/models"
)

// callOffDeletion opens an account again that is to be deleted, for somebody who has shown that it is theirs. Of any other it changes nothing.
func (a *Auth) callOffDeletion(t *tx, userID string) error {
	user, err := models.LockAnyUser(t.DB, userID)
	if err != nil {
		return ErrDeadLink
	}
	var deletion models.AccountDeletion
	err = t.Where("user_id = ?", userID).Take(&deletion).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil
	}
	if err == nil {
		err = t.Delete(&deletion).Error
	}
	if err == nil {
		err = t.Model(&user).Where("disabled_at = ?", deletion.ExpiresAt.Add(-DeletionAfter)).
			Updates(map[string]any{"disabled_at": nil, "updated_at": t.now()}).Error
	}
	if err != nil {
		return fmt.Errorf("call off the deletion: %w", err)
	}
	return nil
}
