package auth

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"example.com/gatehouse/models"
)

// EventTermsAccepted is in the log once for each person and version.
const EventTermsAccepted = "terms.accepted"

// owesTerms says whether there are terms whose present version the user has not accepted.
func (a *Auth) owesTerms(db *gorm.DB, user *models.User) (bool, error) {
	if a.config.TermsVersion == "" {
		return false, nil
	}
	accepted, err := models.HasAcceptedTerms(db, user.ID, a.config.TermsVersion)
	if err != nil {
		return false, fmt.Errorf("look for the accepted terms: %w", err)
	}
	return !accepted, nil
}

// FormerTerms is the version that the person accepted last, "" for none.
func (a *Auth) FormerTerms(ctx context.Context, p *Pending) (string, error) {
	last, err := models.LastAcceptedTerms(a.db.WithContext(ctx), p.User.ID)
	if err != nil {
		return "", fmt.Errorf("look for former terms: %w", err)
	}
	return last.Version, nil
}

// AcceptTerms keeps that the person has accepted the terms that their sign-in owes. version is what they were shown: nobody accepts what
// has replaced it meanwhile. The sign-in is used up, so that of several presses one goes on. The error is an Invalid, ErrSignInOver for the
// others, or ErrChanged where the password was replaced meanwhile.
func (a *Auth) AcceptTerms(ctx context.Context, p *Pending, version string, client Client) error {
	if version != a.config.TermsVersion {
		return Invalid{"": "The terms have changed while you were reading them. Please have another look."}
	}
	return a.inSignIn(ctx, p, func(t *tx, user *models.User) error {
		if err := t.Where("id = ?", p.id).Delete(&models.SignIn{}).Error; err != nil {
			return fmt.Errorf("use the sign-in up: %w", err)
		}
		return a.keepTerms(t, user.ID, version, client)
	})
}

// ErrSignInOver says that a sign-in was finished, or ended, while somebody was finishing it.
var ErrSignInOver = errors.New("the sign-in is over")

// inSignIn does work for somebody who has not finished signing in, as they are once nobody else changes the account any more. The error is
// ErrSignInOver where the sign-in was finished or ended meanwhile, or ErrChanged where the password was replaced.
func (a *Auth) inSignIn(ctx context.Context, p *Pending, work func(t *tx, user *models.User) error) error {
	return a.transact(ctx, func(t *tx) error {
		user, err := lockUnchanged(t, &p.User)
		if err != nil {
			return err
		}
		var going int64
		if err := t.Model(&models.SignIn{}).Where("id = ? AND expires_at > ?", p.id, t.now()).Count(&going).Error; err != nil {
			return fmt.Errorf("look for the sign-in: %w", err)
		}
		if going == 0 {
			return ErrSignInOver
		}
		return work(t, user)
	})
}

func (a *Auth) keepTerms(t *tx, userID, version string, client Client) error {
	isNew, err := models.AcceptTerms(t.DB, models.AcceptedTerms{ID: newID(), UserID: userID, Version: version, AcceptedAt: t.now()})
	if err != nil {
		return fmt.Errorf("keep the accepted terms: %w", err)
	}
	if !isNew {
		return nil
	}
	return a.record(t, EventTermsAccepted, &userID, "", client, Detail{"version": version})
}

// termsSignedUpTo is what a sign-up keeps of the version that its form speaks of; nil for none.
func (a *Auth) termsSignedUpTo() *string {
	if a.config.TermsVersion == "" {
		return nil
	}
	return &a.config.TermsVersion
}

// acceptBySigningUp keeps that the new user has accepted the terms. Where these were replaced before the address was confirmed, the
// sign-in that follows asks for the new ones.
func (a *Auth) acceptBySigningUp(t *tx, user *models.User, registration *models.Registration, client Client) error {
	if registration.TermsVersion == nil {
		return nil
	}
	return a.keepTerms(t, user.ID, *registration.TermsVersion, client)
}
