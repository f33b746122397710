package auth

import (
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"example.com/gatehouse/models"
)

// ErrUsedLink is returned for a mailed link that has done its work. It is an
// ErrInvalidLink as well, since the link does nothing any more. Who holds the
// token could have used the link, so the answer tells a stranger nothing.
var ErrUsedLink = fmt.Errorf("%w: it has been used", ErrInvalidLink)

// RememberUsed notes in the transaction that uses a link that it was used.
// InvalidIfNone then returns ErrUsedLink for it.
func RememberUsed(t *Tx, kind string, tokenHash []byte) error {
	used := models.UsedLink{ID: NewID(), Kind: kind, TokenHash: tokenHash, ExpiresAt: t.Now().Add(models.UsedLinkLifetime)}
	if err := t.Clauses(clause.OnConflict{DoNothing: true}).Create(&used).Error; err != nil {
		return fmt.Errorf("remember the used link: %w", err)
	}
	return nil
}

// invalidLink returns ErrUsedLink for a link of a kind that was used, and
// ErrInvalidLink for any other.
func invalidLink(db *gorm.DB, kind string, tokenHash []byte, now time.Time) error {
	var used models.UsedLink
	err := db.Where("token_hash = ? AND kind = ? AND expires_at > ?", tokenHash, kind, now).Take(&used).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return ErrInvalidLink
	}
	if err != nil {
		return fmt.Errorf("look for a used link: %w", err)
	}
	return ErrUsedLink
}

// InvalidIfNone turns gorm.ErrRecordNotFound of the search for a mailed link
// into ErrUsedLink or ErrInvalidLink. It returns any other error as it is.
func (a *Auth) InvalidIfNone(db *gorm.DB, err error, kind, token string) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return invalidLink(db, kind, HashToken(token), a.now())
	}
	return err
}
