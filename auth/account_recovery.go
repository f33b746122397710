package auth

import (
	"context"
	"errors"
	"fmt"

	"example.com/gatehouse/mail"
	"example.com/gatehouse/models"
)

// The events of account recovery.
const (
	EventAccountRecoveryOffered = "account.recovery_offered"
	EventAccountRecovered       = "account.recovered"
)

// ErrNothingToRecover is the answer where the account asks for no second factor.
var ErrNothingToRecover = errors.New("the account has no second factor to remove")

// OfferRecovery mails the owner of the address, who has lost every second factor, a link that removes them. Whoever runs the
// application calls it once they are sure who is asking; they neither see the link nor the password, which the owner still needs. A newer
// link voids older ones. The error is an Invalid, ErrNoAccount or ErrNothingToRecover.
func (a *Auth) OfferRecovery(ctx context.Context, address string) error {
	return a.forOperator(ctx, address, func(t *Tx, user *models.User) error {
		if enrolled, err := a.Enrolled(t.DB, user.ID); err != nil {
			return err
		} else if !enrolled {
			return ErrNothingToRecover
		}
		if err := voidRecoveries(t, user.ID); err != nil {
			return err
		}
		token, hash := NewToken()
		now := t.Now()
		err := t.Create(&models.AccountRecovery{ID: NewID(), UserID: user.ID, TokenHash: hash, CreatedAt: now, ExpiresAt: now.Add(models.RecoveryLifetime)}).Error
		if err != nil {
			return fmt.Errorf("keep the recovery: %w", err)
		}
		if err := a.Enqueue(t, a.messages.RecoverAccount(user.Email, token, models.RecoveryLifetime)); err != nil {
			return err
		}
		return a.Record(t, EventAccountRecoveryOffered, Subject{UserID: &user.ID}, nil)
	})
}

func voidRecoveries(t *Tx, userID string) error {
	if err := t.Where("user_id = ?", userID).Delete(&models.AccountRecovery{}).Error; err != nil {
		return fmt.Errorf("void the older links: %w", err)
	}
	return nil
}

// RecoveryByToken returns whose second factors a mailed link removes; ErrInvalidLink where it removes none.
func (a *Auth) RecoveryByToken(ctx context.Context, token string) (*models.User, error) {
	return a.linkOwner(ctx, "account_recoveries", token, isOpen)
}

// RecoverAccount removes every second factor of the link's owner, once for each link. Every session ends, the owner is told by mail, and
// nobody is logged in: the password is asked for as before. The error is a Limited or ErrInvalidLink.
func (a *Auth) RecoverAccount(ctx context.Context, token string, client Client) error {
	user, err := a.RecoveryByToken(ctx, token)
	if err != nil {
		return a.CountInvalid(ctx, client, err)
	}
	return a.Transact(ctx, func(t *Tx) error {
		if _, err := owner(models.LockUser(t.DB, user.ID)); err != nil {
			return err
		}
		if _, err := UseLink[models.AccountRecovery](t, "account_recoveries", token); err != nil {
			return err
		}
		for _, f := range a.factors() {
			if f.Second {
				if err := f.forget(t.Where("user_id = ?", user.ID)); err != nil {
					return err
				}
			}
		}
		if err := endPendingLogins(t, user.ID, ""); err != nil {
			return err
		}
		if err := a.credentialsChanged(t, user.ID); err != nil {
			return err
		}
		if _, err := a.endSessions(t, "user_id = ?", user.ID); err != nil {
			return err
		}
		if err := a.voidEmailChangeAskedIn(t, user.ID, "true"); err != nil {
			return err
		}
		err := a.Alert(t, user, client, func(i mail.Incident) mail.Message {
			return a.messages.FactorChanged(user.Email, "Every second factor was removed through a link in a mail to this address, and every device was logged out.", i)
		})
		if err != nil {
			return err
		}
		return a.Record(t, EventAccountRecovered, Subject{UserID: &user.ID, Client: client}, nil)
	})
}
