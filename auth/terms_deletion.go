package auth

import (
	"context"

	"example.com/gatehouse/models"
)

// DeleteWithoutTerms is ScheduleDeletion for somebody who is logging in and does not accept the terms. It uses the login up. The error is an
// Invalid, a Limited, ErrReauthRequired, ErrChanged or ErrLoginEnded.
func (a *Auth) DeleteWithoutTerms(ctx context.Context, p *PendingLogin, typed string) error {
	actor := p.Actor()
	if err := a.MayClose(ctx, actor, typed); err != nil {
		return err
	}
	return a.InPendingLogin(ctx, p, func(t *Tx, user *models.User) error { return a.CloseAccount(t, actor, user) })
}
