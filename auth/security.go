package auth

import (
	"context"

	"example.com/gatehouse/auth/limit"
	"example.com/gatehouse/mail"
	"example.com/gatehouse/models"
)

// ChangePassword replaces the viewer's password after proving the current one, ends every other session, voids mailed
// links, tells the owner by mail, and returns a new token for this session (ASVS 7.2.4). The current password is a fresh proof for who
// has nothing else; who has a second factor owes that as well. The error is an Invalid, a Limited, hash.ErrBusy, ErrReauthRequired or ErrChanged.
func (a *Auth) ChangePassword(ctx context.Context, viewer *Viewer, current, password string, client Client) (token string, err error) {
	user := &viewer.User
	err = Invalid{
		"current_password": required(current, "Enter your current password."),
		"password":         a.rules.Check(password, user.Name, user.Email),
	}.Err()
	if err != nil {
		return "", err
	}
	if err := a.RequireRecentFactor(ctx, viewer); err != nil {
		return "", err
	}
	if err := a.reauthenticate(ctx, viewer, current, client); err != nil {
		return "", err
	}
	hash, err := a.hasher.For(user.ID).Hash(ctx, password)
	if err != nil {
		return "", err
	}
	err = a.inSession(ctx, viewer, func(t *tx, _ *models.User) (err error) {
		if err := a.setPassword(t, user, hash, viewer.Session.ID); err != nil {
			return err
		}
		if token, err = a.renewSession(t, viewer, viewer.Session.AAL); err != nil {
			return err
		}
		err = a.alert(t, user, client, func(i mail.Incident) mail.Message { return a.messages.PasswordChanged(user.Email, i) })
		if err != nil {
			return err
		}
		return a.record(t, EventPasswordChanged, &user.ID, viewer.Session.ID, client, nil)
	})
	return token, err
}

// prove checks the viewer's current password. The tries are counted: a stolen session must not be a place to guess.
func (a *Auth) reauthenticate(ctx context.Context, viewer *Viewer, password string, client Client) error {
	ok, err := a.AttemptSecret(ctx, client, []limit.Counter{LimitReauth.By(viewer.User.ID)},
		func() (bool, error) {
			ok, _, err := a.hasher.For(viewer.User.ID).Verify(ctx, password, viewer.User.PasswordHash)
			return ok, err
		},
		func(t *tx) error {
			return a.record(t, EventPasswordChangeFailed, &viewer.User.ID, viewer.Session.ID, client, nil)
		})
	if err == nil && !ok {
		return Invalid{"current_password": "That is not your current password."}
	}
	return err
}
