package auth

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"example.com/gatehouse/models"
)

// ErrReauthRequired is the answer to a change of how the account is protected that comes too long after its person last proved who they
// are, or from a session that has proven less than the account asks for (ASVS 7.5.1).
var ErrReauthRequired = errors.New("a fresh proof of who is asking is due")

// RequireRecentLogin returns ErrReauthRequired, or nil where the user has proven who they are within STEP_UP_TTL, with a second factor if they have
// one. Every verb that changes how an account is protected begins with it: a stolen session must not become a stolen account.
func (a *Auth) RequireRecentLogin(ctx context.Context, actor *Actor) error {
	// A proof of the future is one of a clock that ran ahead.
	if age := a.now().Sub(actor.Session.AuthenticatedAt); age >= a.config.ReauthTTL || age < -models.ClockSlack {
		return ErrReauthRequired
	}
	if actor.Session.AAL > 1 {
		return nil
	}
	enrolled, err := a.Enrolled(a.db.WithContext(ctx), actor.User.ID)
	if err != nil {
		return err
	}
	if enrolled {
		return ErrReauthRequired
	}
	return nil
}

// InSession runs work in a transaction with the user locked and the session
// still alive. Every change that requires a recent login must run in it: the
// owner may have ended a stolen session while the change waited for the lock.
// user is as it is now. The error is that of work, or ErrChanged if the session
// has ended.
func (a *Auth) InSession(ctx context.Context, actor *Actor, work func(t *Tx, user *models.User) error) error {
	return a.Transact(ctx, func(t *Tx) error {
		user, err := models.LockUser(t.DB, actor.User.ID)
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return ErrChanged
		}
		if err != nil {
			return fmt.Errorf("lock the user: %w", err)
		}
		if err := a.requireSession(t, actor); err != nil {
			return err
		}
		actor.User.Email = user.Email // it may have changed as well, and what is done is told to the mailbox of now
		return work(t, &user)
	})
}

// requireSession returns ErrChanged if the session has ended since the request
// began.
func (a *Auth) requireSession(t *Tx, actor *Actor) error {
	var living int64
	err := t.Model(&models.Session{}).Where("id = ? AND expires_at > ?", actor.Session.ID, t.Now()).Count(&living).Error
	if err != nil {
		return fmt.Errorf("look for the session: %w", err)
	}
	if living == 0 {
		return ErrChanged
	}
	return nil
}

// RequireRecentFactor is Fresh for what asks for the password itself: it is due from who has a second factor alone.
func (a *Auth) RequireRecentFactor(ctx context.Context, actor *Actor) error {
	enrolled, err := a.Enrolled(a.db.WithContext(ctx), actor.User.ID)
	if err != nil || !enrolled {
		return err
	}
	return a.RequireRecentLogin(ctx, actor)
}

// Reauthenticate checks a factor of the user's and returns a new token for their session, which is as good as new from then on (ASVS 7.2.4).
// The error is an Invalid, a Limited, hash.ErrBusy, ErrTriesUsed, or ErrChanged where the session has ended meanwhile.
func (a *Auth) Reauthenticate(ctx context.Context, actor *Actor, name, answer string) (token string, err error) {
	of := Challenge{ID: actor.Session.ID, Client: actor.Client, SessionID: actor.Session.ID}
	of.while = func(ctx context.Context, work func(*Tx, *models.User) error) error {
		return a.InSession(ctx, actor, work)
	}
	proven, err := a.checkFactor(ctx, &actor.User, name, answer, of)
	if err != nil {
		return "", err
	}
	aal := max(actor.Session.AAL, Authentication{Second: proven.Second}.AAL())
	err = a.Transact(ctx, func(t *Tx) error {
		if token, err = a.RenewSession(t, actor, aal); err != nil {
			return err
		}
		return a.Record(t, EventReauthenticated, SubjectOf(actor), Detail{"method": name})
	})
	return token, err
}

// RenewSession marks the session as authenticated now with aal factors and
// returns its new token. The old token is void (ASVS 7.2.4). Whoever adds a
// second factor calls it with 2, since the user has just proven it. The error
// is ErrChanged if the session has ended.
func (a *Auth) RenewSession(t *Tx, actor *Actor, aal int) (token string, err error) {
	token, hash := NewToken()
	now := t.Now()
	renewed := t.Model(&models.Session{}).Where("id = ? AND expires_at > ?", actor.Session.ID, now).
		Updates(map[string]any{"token_hash": hash, "authenticated_at": now, "aal": aal})
	if renewed.Error != nil {
		return "", fmt.Errorf("renew the session: %w", renewed.Error)
	}
	if renewed.RowsAffected == 0 {
		return "", ErrChanged // another device ended this session in this very moment
	}
	return token, nil
}
