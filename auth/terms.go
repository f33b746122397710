package auth

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"example.com/gatehouse/models"
)

// EventTermsAccepted is in the log once for each person and version.
const EventTermsAccepted = "terms.accepted"

// TermsStep is the step in which the user accepts the terms.
const TermsStep Step = "terms"

// terms are accepted with the sign-up, and in a step of each login after their
// version has changed.
func (a *Auth) terms() Feature {
	return Feature{
		Steps: []LoginStep{{TermsStep, a.needsTerms}},
		Hooks: Hooks{Registered: a.rememberTerms, UserCreated: a.acceptBySigningUp},
	}
}

// needsTerms says whether there are terms whose present version the user has not accepted.
func (a *Auth) needsTerms(db *gorm.DB, user *models.User) (bool, error) {
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
func (a *Auth) FormerTerms(ctx context.Context, p *PendingLogin) (string, error) {
	last, err := models.LastAcceptedTerms(a.db.WithContext(ctx), p.User.ID)
	if err != nil {
		return "", fmt.Errorf("look for former terms: %w", err)
	}
	return last.Version, nil
}

// AcceptTerms keeps that the person has accepted the terms that their login owes. version is what they were shown: nobody accepts what
// has replaced it meanwhile. The error is an Invalid, ErrLoginEnded or ErrChanged.
func (a *Auth) AcceptTerms(ctx context.Context, p *PendingLogin, version string) error {
	if version != a.config.TermsVersion {
		return Invalid{"": "The terms have changed while you were reading them. Please have another look."}
	}
	return a.InPendingLogin(ctx, p, func(t *Tx, user *models.User) error {
		return a.keepTerms(t, user.ID, version, p.Client)
	})
}

func (a *Auth) keepTerms(t *Tx, userID, version string, client Client) error {
	isNew, err := models.AcceptTerms(t.DB, models.AcceptedTerms{ID: NewID(), UserID: userID, Version: version, AcceptedAt: t.Now()})
	if err != nil {
		return fmt.Errorf("keep the accepted terms: %w", err)
	}
	if !isNew {
		return nil
	}
	return a.Record(t, EventTermsAccepted, Subject{UserID: &userID, Client: client}, Detail{"version": version})
}

// rememberTerms keeps the version that the form of a sign-up speaks of.
func (a *Auth) rememberTerms(t *Tx, registration *models.Registration) error {
	if a.config.TermsVersion == "" {
		return nil
	}
	row := models.RegistrationTerms{ID: registration.ID, Version: a.config.TermsVersion}
	if err := t.Create(&row).Error; err != nil {
		return fmt.Errorf("keep the terms of the sign-up: %w", err)
	}
	return nil
}

// acceptBySigningUp keeps that the new user has accepted the terms. If these were
// replaced before the address was confirmed, the login that follows asks for the
// new ones.
func (a *Auth) acceptBySigningUp(t *Tx, user *models.User, registration *models.Registration, client Client) error {
	version, err := models.TermsOfRegistration(t.DB, registration.ID)
	if err != nil {
		return fmt.Errorf("find the terms of the sign-up: %w", err)
	}
	if version == "" {
		return nil
	}
	return a.keepTerms(t, user.ID, version, client)
}
