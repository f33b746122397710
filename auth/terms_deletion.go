package auth

import (
	"context"

	"example.com/gatehouse/models"
)

// DeleteWithoutTerms is ScheduleDeletion for somebody who is signing in and does not accept the terms. It uses the sign-in up. The error is an
// Invalid, a Limited, ErrProofDue, ErrChanged or ErrSignInOver.
func (a *Auth) DeleteWithoutTerms(ctx context.Context, p *Pending, typed string, client Client) error {
	viewer := p.AsViewer()
	if err := a.mayClose(ctx, viewer, typed, client); err != nil {
		return err
	}
	return a.inSignIn(ctx, p, func(t *tx, user *models.User) error { return a.closeAccount(t, viewer, user, client) })
}
