package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"example.com/gatehouse/mail"
	"example.com/gatehouse/models"
)

// ForgotPassword mails a link to the owner of the address. An address without an account costs the same rows and the same
// statements, and the caller learns nothing (ASVS 6.3.8). Asking alone changes nothing for the owner but that older links
// stop working.
func (a *Auth) ForgotPassword(ctx context.Context, address string, client Client) error {
	email, problem := models.NormalizeEmail(address)
	if err := (Invalid{"email": problem}).Err(); err != nil {
		return err
	}
	if err := a.Attempt(ctx, client, append(limitForgotIP.From(client.IP), limitForgotMail.By(email))...); err != nil {
		return err
	}
	return a.Transact(ctx, func(t *Tx) error {
		// The lock makes two requests at once agree on which link is the newer.
		user, err := models.LockUserByEmail(t.DB, email)
		if err != nil && !errors.Is(err, gorm.ErrRecordNotFound) {
			return fmt.Errorf("find the user: %w", err)
		}
		token, hash := NewToken()
		reset := models.PasswordReset{ID: NewID(), TokenHash: hash, CreatedAt: t.Now(), ExpiresAt: t.Now().Add(a.config.ResetTTL)}
		if err == nil {
			reset.UserID = &user.ID
		}
		if err := voidResets(t, user.ID); err != nil {
			return err
		}
		if err := t.Create(&reset).Error; err != nil {
			return fmt.Errorf("keep the reset: %w", err)
		}
		if err := a.EnqueueToOwner(t, reset.UserID != nil, a.messages.ResetPassword(email, token, a.config.ResetTTL)); err != nil {
			return err
		}
		return a.Record(t, EventPasswordResetRequested, Subject{UserID: reset.UserID, Client: client}, nil)
	})
}

func voidResets(t *Tx, userID string) error {
	if err := t.Where("user_id = ?", userID).Delete(&models.PasswordReset{}).Error; err != nil {
		return fmt.Errorf("void the older links: %w", err)
	}
	return nil
}

// ResetByToken returns whose password a mailed link resets; ErrInvalidLink where it resets none.
func (a *Auth) ResetByToken(ctx context.Context, token string) (*models.User, error) {
	return a.linkOwner(ctx, "password_resets", token, isOpen)
}

// ErrFactorDue is the answer to a link that resets the password of somebody with a second factor: Login with ByReset asks for that first,
// then for the new password. The link is used up by the new password, not before.
var ErrFactorDue = errors.New("a second factor is due before the new password")

// ResetPassword sets a new password, once for each link. Every session of the user's ends, every other link and known
// device is void, the owner is told by mail, and nobody is logged in. It returns the device token for the browser that
// did it, which is known from then on: a stranger's guesses cannot keep the owner waiting there. The error is an Invalid,
// a Limited, hash.ErrBusy, ErrInvalidLink or ErrFactorDue.
func (a *Auth) ResetPassword(ctx context.Context, token, password string, client Client) (newDevice string, err error) {
	user, err := a.ResetByToken(ctx, token)
	if err = a.CountInvalid(ctx, client, err); errors.Is(err, ErrInvalidLink) {
		failed := a.Transact(ctx, func(t *Tx) error { return a.Record(t, EventPasswordResetFailed, Subject{Client: client}, nil) })
		return "", cmp.Or(failed, err)
	}
	if err != nil {
		return "", err
	}
	if enrolled, err := a.HasSecondFactor(ctx, user); err != nil {
		return "", err
	} else if enrolled {
		return "", ErrFactorDue
	}
	if err := (Invalid{"password": a.rules.Check(password, user.Name, user.Email)}).Err(); err != nil {
		return "", err
	}
	hash, err := a.hasher.For(user.ID).Hash(ctx, password)
	if err != nil {
		return "", err
	}
	err = a.Transact(ctx, func(t *Tx) error {
		current, err := owner(models.LockUser(t.DB, user.ID))
		if err != nil {
			return err
		}
		// Somebody who has just set one up is asked for it.
		if enrolled, err := a.Enrolled(t.DB, user.ID); err != nil {
			return err
		} else if enrolled {
			return ErrFactorDue
		}
		if _, err := UseLink[models.PasswordReset](t, "password_resets", token); err != nil {
			return err
		}
		newDevice, err = a.reset(t, current, hash, client)
		return err
	})
	return newDevice, err
}

// reset is what follows on a new password of somebody who has shown that the mailbox is theirs.
func (a *Auth) reset(t *Tx, user *models.User, hash string, client Client) (newDevice string, err error) {
	if err := rememberResets(t, user.ID); err != nil {
		return "", err
	}
	since, newDevice, err := a.replaceCredentials(t, user, t.Now(), hash)
	if err != nil {
		return "", err
	}
	// This browser's own count, and not those of strangers: they would see that there is an account.
	own := limitLoginAccount.By(user.Email, newDevice)
	if err := own.Forget(t.DB); err != nil {
		return "", fmt.Errorf("forget the browser's failed logins: %w", err)
	}
	err = a.alertSince(t, user, client, since, func(i mail.Incident) mail.Message { return a.messages.PasswordReset(user.Email, i) })
	if err != nil {
		return "", err
	}
	return newDevice, a.Record(t, EventPasswordReset, Subject{UserID: &user.ID, Client: client}, nil)
}

// rememberResets notes that the user's living link was used. With a second
// factor only its owner is known by the time that the password is set.
func rememberResets(t *Tx, userID string) error {
	var living []models.PasswordReset
	if err := t.Where("user_id = ? AND expires_at > ?", userID, t.Now()).Find(&living).Error; err != nil {
		return fmt.Errorf("find the link that resets: %w", err)
	}
	for _, reset := range living {
		if err := RememberUsed(t, "password_resets", reset.TokenHash); err != nil {
			return err
		}
	}
	return nil
}

// setPassword replaces the password that was read with user, "" by none, and ends every session and every login but the one whose id is
// kept, and what was mailed to open the account, or to change how it is opened: somebody else may have it.
func (a *Auth) setPassword(t *Tx, user *models.User, hash, keep string) error {
	set := t.Model(&models.User{}).Where("id = ? AND disabled_at IS NULL AND password_hash = ?", user.ID, user.PasswordHash).
		Updates(map[string]any{"password_hash": hash, "password_due_at": nil, "updated_at": t.Now()})
	if set.Error != nil {
		return fmt.Errorf("set the password: %w", set.Error)
	}
	if set.RowsAffected == 0 {
		return ErrChanged
	}
	user.PasswordHash, user.PasswordDueAt = hash, nil
	if err := endPendingLogins(t, user.ID, keep); err != nil {
		return err
	}
	if err := a.voidMailed(t, user.ID); err != nil {
		return err
	}
	if err := a.credentialsChanged(t, user.ID); err != nil {
		return err
	}
	_, err := a.endSessions(t, "user_id = ? AND id <> ?", user.ID, keep)
	return err
}

// voidMailed voids what was mailed to a user and opens the account, or changes
// how it is opened.
func (a *Auth) voidMailed(t *Tx, userID string) error {
	voids := []func(*Tx, string) error{voidResets, voidRecoveries, voidEmailChanges}
	for _, f := range a.installed {
		if f.VoidMailed != nil {
			voids = append(voids, f.VoidMailed)
		}
	}
	for _, void := range voids {
		if err := void(t, userID); err != nil {
			return err
		}
	}
	return nil
}
