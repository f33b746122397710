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

// RequireRecentLogin returns ErrReauthRequired, or nil where the viewer has proven who they are within STEP_UP_TTL, with a second factor if they have
// one. Every verb that changes how an account is protected begins with it: a stolen session must not become a stolen account.
func (a *Auth) RequireRecentLogin(ctx context.Context, viewer *Viewer) error {
	// A proof of the future is one of a clock that ran ahead.
	if age := a.now().Sub(viewer.Session.AuthenticatedAt); age >= a.config.ReauthTTL || age < -models.ClockSlack {
		return ErrReauthRequired
	}
	if viewer.Session.AAL > 1 {
		return nil
	}
	enrolled, err := a.hasSecondFactor(a.db.WithContext(ctx), viewer.User.ID)
	if err != nil {
		return err
	}
	if enrolled {
		return ErrReauthRequired
	}
	return nil
}

// inSession begins the transaction of each verb that asks for a fresh proof. With the user locked it looks whether the viewer's session
// still lives: its owner may have ended it, because it was stolen, while the change waited for the lock. user is as they
// are now. The error may be ErrChanged.
func (a *Auth) inSession(ctx context.Context, viewer *Viewer, work func(t *tx, user *models.User) error) error {
	return a.transact(ctx, func(t *tx) error {
		user, err := models.LockUser(t.DB, viewer.User.ID)
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return ErrChanged
		}
		if err != nil {
			return fmt.Errorf("lock the user: %w", err)
		}
		if err := a.stillSignedIn(t, viewer); err != nil {
			return err
		}
		viewer.User.Email = user.Email // it may have changed as well, and what is done is told to the mailbox of now
		return work(t, &user)
	})
}

// stillSignedIn returns ErrChanged where the viewer's session has ended since the request began.
func (a *Auth) stillSignedIn(t *tx, viewer *Viewer) error {
	var living int64
	err := t.Model(&models.Session{}).Where("id = ? AND expires_at > ?", viewer.Session.ID, t.now()).Count(&living).Error
	if err != nil {
		return fmt.Errorf("look for the session: %w", err)
	}
	if living == 0 {
		return ErrChanged
	}
	return nil
}

// RequireRecentFactor is Fresh for what asks for the password itself: it is due from who has a second factor alone.
func (a *Auth) RequireRecentFactor(ctx context.Context, viewer *Viewer) error {
	enrolled, err := a.hasSecondFactor(a.db.WithContext(ctx), viewer.User.ID)
	if err != nil || !enrolled {
		return err
	}
	return a.RequireRecentLogin(ctx, viewer)
}

// Reauthenticate checks a factor of the viewer's and returns a new token for their session, which is as good as new from then on (ASVS 7.2.4).
// The error is an Invalid, a Limited, hash.ErrBusy, ErrTriesUsed, or ErrChanged where the session has ended meanwhile.
func (a *Auth) Reauthenticate(ctx context.Context, viewer *Viewer, name, answer string, client Client) (token string, err error) {
	of := challenge{id: viewer.Session.ID, sessionID: viewer.Session.ID}
	of.while = func(ctx context.Context, work func(*tx, *models.User) error) error {
		return a.inSession(ctx, viewer, work)
	}
	proven, err := a.checkFactor(ctx, &viewer.User, name, answer, of, client)
	if err != nil {
		return "", err
	}
	aal := max(viewer.Session.AAL, Authentication{Second: proven.second}.AAL())
	err = a.transact(ctx, func(t *tx) error {
		if token, err = a.renewSession(t, viewer, aal); err != nil {
			return err
		}
		return a.record(t, EventReauthenticated, &viewer.User.ID, viewer.Session.ID, client, Detail{"method": name})
	})
	return token, err
}

// renewSession notes a fresh proof of so many factors and gives the session a new token; the old one is dead.
func (a *Auth) renewSession(t *tx, viewer *Viewer, aal int) (token string, err error) {
	token, hash := newToken()
	now := t.now()
	renewed := t.Model(&models.Session{}).Where("id = ? AND expires_at > ?", viewer.Session.ID, now).
		Updates(map[string]any{"token_hash": hash, "authenticated_at": now, "aal": aal})
	if renewed.Error != nil {
		return "", fmt.Errorf("renew the session: %w", renewed.Error)
	}
	if renewed.RowsAffected == 0 {
		return "", ErrChanged // another device ended this session in this very moment
	}
	return token, nil
}
