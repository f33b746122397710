package auth

import (
	"context"

	"example.com/gatehouse/models"
)

// StartExportWithoutTerms is StartExport for somebody who is logging in and does not accept the terms. The error is a Limited,
// ErrReauthRequired, ErrChanged or ErrLoginEnded.
func (a *Auth) StartExportWithoutTerms(ctx context.Context, p *PendingLogin) error {
	actor := p.Actor()
	if err := a.MayExport(ctx, actor); err != nil {
		return err
	}
	return a.InPendingLogin(ctx, p, func(t *Tx, _ *models.User) error { return a.RecordExport(t, actor) })
}
