package auth

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"example.com/gatehouse/mail"
	"example.com/gatehouse/models"
)

// ByReset is the proof of who has opened a link that resets their password. What it begins can end in a new password, and not in a session
// (item 24 of the security model).
func ByReset() Authentication { return Authentication{Method: MethodReset} }

// Resets says whether what was proven leads to a new password and no further.
func (p Authentication) Resets() bool { return p.First() == MethodReset }

// notePassword remembers that a password, which was just right, is one that could not be chosen now: PASSWORD_MIN was raised, the password
// came in with an import, or it has become common. A new one is due before the login is finished.
func (a *Auth) notePassword(ctx context.Context, user *models.User, password string) error {
	if user.PasswordDueAt != nil || a.rules.Check(password, user.Name, user.Email) == "" {
		return nil
	}
	due := a.now()
	err := a.db.WithContext(ctx).Model(&models.User{}).Where("id = ? AND password_hash = ?", user.ID, user.PasswordHash).
		Update("password_due_at", due).Error
	if err != nil {
		return fmt.Errorf("note that a new password is due: %w", err)
	}
	user.PasswordDueAt = &due
	return nil
}

// ErrNoAccount is for whoever runs the application, who may know.
var ErrNoAccount = errors.New("no account has the address")

// forOperator does what whoever runs the application has asked for, to the account with an address. The error may be an Invalid or
// ErrNoAccount.
func (a *Auth) forOperator(ctx context.Context, address string, work func(t *Tx, user *models.User) error) error {
	email, problem := models.NormalizeEmail(address)
	if err := (Invalid{"email": problem}).Err(); err != nil {
		return err
	}
	return a.Transact(ctx, func(t *Tx) error {
		user, err := models.LockUserByEmail(t.DB, email)
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return ErrNoAccount
		}
		if err != nil {
			return fmt.Errorf("find the user: %w", err)
		}
		return work(t, &user)
	})
}

// ExpirePassword locks the account with an address, and tells its owner by mail to choose a new password, as whoever forgot theirs does. Whoever
// runs the application calls it where a password may be known to others, who would be as quick to replace it at a login; they neither see nor
// set one. The error is an Invalid or ErrNoAccount.
func (a *Auth) ExpirePassword(ctx context.Context, address string) error {
	return a.forOperator(ctx, address, func(t *Tx, user *models.User) error {
		since := t.Now()
		if IsLocked(user) { // it stays so, and since when
			since = *user.PasswordDueAt
		}
		if err := a.setPassword(t, user, "", ""); err != nil {
			return err
		}
		if err := locked(t, user, since); err != nil {
			return err
		}
		if err := forgetDevices(t, user.ID); err != nil {
			return err
		}
		if err := a.Enqueue(t, a.messages.PasswordExpired(user.Email, t.Now())); err != nil {
			return err
		}
		return a.Record(t, EventPasswordExpired, Subject{UserID: &user.ID}, nil)
	})
}

// CompletePassword sets the new password that a login owes, and returns the user as they are from then on. What it ends and voids, and whom
// it tells, is as ResetPassword and ChangePassword have it. newDevice is "" where the browser stays what it is. The error is an Invalid,
// hash.ErrBusy, ErrLoginEnded or ErrChanged.
func (a *Auth) CompletePassword(ctx context.Context, p *PendingLogin, password string) (user *models.User, newDevice string, err error) {
	if err := (Invalid{"password": a.rules.Check(password, p.User.Name, p.User.Email)}).Err(); err != nil {
		return nil, "", err
	}
	hash, err := a.hasher.For(p.User.ID).Hash(ctx, password)
	if err != nil {
		return nil, "", err
	}
	err = a.InPendingLogin(ctx, p, func(t *Tx, current *models.User) (err error) {
		user = current
		if err := a.forgetAddedFactors(t, user, p.authn); err != nil {
			return err
		}
		if p.authn.Resets() {
			newDevice, err = a.reset(t, user, hash, p.Client)
			return err
		}
		return a.replacePassword(t, user, hash, p.ID, p.Client)
	})
	return user, newDevice, err
}

// forgetAddedFactors removes the second factors of an account that its owner has locked which came since it was somebody else's, but for
// what the owner has proven in this login: nobody else can while the account is locked. A mailbox alone removes none: it takes a second
// factor to come this far where there is one.
func (a *Auth) forgetAddedFactors(t *Tx, user *models.User, authn Authentication) error {
	if !IsLocked(user) || !authn.Second {
		return nil
	}
	for _, f := range a.factors() {
		if !f.Second {
			continue
		}
		added := t.Where("user_id = ? AND created_at >= ? AND id <> ?", user.ID, *user.PasswordDueAt, authn.factor)
		if err := f.forget(added); err != nil {
			return err
		}
	}
	return a.forgetBackups(t, user.ID)
}

// replacePassword is what follows on a new password of somebody who is logging in with the old one, which goes on.
func (a *Auth) replacePassword(t *Tx, user *models.User, hash, loginID string, client Client) error {
	since, err := othersSince(t, user, t.Now())
	if err != nil {
		return err
	}
	if err := a.setPassword(t, user, hash, loginID); err != nil {
		return err
	}
	err = a.alertSince(t, user, client, since, func(i mail.Incident) mail.Message { return a.messages.PasswordChanged(user.Email, i) })
	if err != nil {
		return err
	}
	return a.Record(t, EventPasswordChanged, Subject{UserID: &user.ID, Client: client}, nil)
}
