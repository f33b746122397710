package auth

import "example.com/gatehouse/mail"

// FactorChanged completes the transaction that adds, replaces or removes a
// second factor. It ends pending logins, deletes backups that have no factor
// left, runs the CredentialsChanged hooks, alerts the owner with the sentence
// what, and records the event. It must come last. The error is
// ErrLastCredential if the user could no longer log in.
func (a *Auth) FactorChanged(t *Tx, actor *Actor, event, what string, detail Detail) error {
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
	err := a.Alert(t, &actor.User, actor.Client, func(i mail.Incident) mail.Message { return a.messages.FactorChanged(actor.User.Email, what, i) })
	if err != nil {
		return err
	}
	return a.Record(t, event, SubjectOf(actor), detail)
}
