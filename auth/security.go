package auth

import (
	"context"

	"example.com/gatehouse/auth/limit"
	"example.com/gatehouse/mail"
	"example.com/gatehouse/models"
)

// ChangePassword replaces the user's password after proving the current one, ends every other session, voids mailed
// links, tells the owner by mail, and returns a new token for this session (ASVS 7.2.4). The current password is a fresh proof for who
// has nothing else; who has a second factor owes that as well. The error is an Invalid, a Limited, hash.ErrBusy, ErrReauthRequired or ErrChanged.
func (a *Auth) ChangePassword(ctx context.Context, actor *Actor, current, password string) (token string, err error) {
	user := &actor.User
	err = Invalid{
		"current_password": required(current, "Enter your current password."),
		"password":         a.rules.Check(password, user.Name, user.Email),
	}.Err()
	if err != nil {
		return "", err
	}
	if err := a.RequireRecentFactor(ctx, actor); err != nil {
		return "", err
	}
	if err := a.reauthenticate(ctx, actor, current); err != nil {
		return "", err
	}
	hash, err := a.hasher.For(user.ID).Hash(ctx, password)
	if err != nil {
		return "", err
	}
	err = a.InSession(ctx, actor, func(t *Tx, _ *models.User) (err error) {
		if err := a.setPassword(t, user, hash, actor.Session.ID); err != nil {
			return err
		}
		if token, err = a.RenewSession(t, actor, actor.Session.AAL); err != nil {
			return err
		}
		err = a.Alert(t, user, actor.Client, func(i mail.Incident) mail.Message { return a.messages.PasswordChanged(user.Email, i) })
		if err != nil {
			return err
		}
		return a.Record(t, EventPasswordChanged, SubjectOf(actor), nil)
	})
	return token, err
}

// prove checks the user's current password. The tries are counted: a stolen session must not be a place to guess.
func (a *Auth) reauthenticate(ctx context.Context, actor *Actor, password string) error {
	ok, err := a.AttemptSecret(ctx, actor.Client, []limit.Counter{LimitReauth.By(actor.User.ID)},
		func() (bool, error) {
			ok, _, err := a.hasher.For(actor.User.ID).Verify(ctx, password, actor.User.PasswordHash)
			return ok, err
		},
		func(t *Tx) error {
			return a.Record(t, EventPasswordChangeFailed, SubjectOf(actor), nil)
		})
	if err == nil && !ok {
		return Invalid{"current_password": "That is not your current password."}
	}
	return err
}
