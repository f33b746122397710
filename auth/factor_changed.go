package auth

import "example.com/gatehouse/mail"

// factorChanged tells the owner, and the security log, that the account is protected in another way now. What stood in for factors that
// are gone goes with the last of them. It comes last in its transaction, which the error ErrLastCredential undoes.
func (a *Auth) factorChanged(t *tx, actor *Actor, event, what string, detail Detail) error {
	if err := a.requireCredential(t.DB, &actor.User); err != nil {
		return err
	}
	if err := a.forgetBackups(t, actor.User.ID); err != nil {
		return err
	}
	// What was proven in them was proven with the factors that there were.
	if err := endPendingLogins(t, actor.User.ID, ""); err != nil {
		return err
	}
	if err := a.credentialsChanged(t, actor.User.ID); err != nil {
		return err
	}
	err := a.alert(t, &actor.User, actor.Client, func(i mail.Incident) mail.Message { return a.messages.FactorChanged(actor.User.Email, what, i) })
	if err != nil {
		return err
	}
	return a.record(t, event, &actor.User.ID, actor.Session.ID, actor.Client, detail)
}
