package auth

import (
	"fmt"

	"example.com/gatehouse/mail"
)

// post leaves a mail for the worker, in the transaction that causes it.
func (a *Auth) post(t *tx, message mail.Message) error {
	t.mailed = true
	if err := a.outbox.Enqueue(t.DB, message); err != nil {
		return fmt.Errorf("write the mail %s: %w", message.Kind, err)
	}
	return nil
}

// postNobody does post's work for a mail that nobody gets: an unknown address must not answer sooner than a known one.
func (a *Auth) postNobody(t *tx, message mail.Message) error {
	t.mailed = true
	if err := a.outbox.EnqueueDecoy(t.DB, message); err != nil {
		return fmt.Errorf("write the decoy of %s: %w", message.Kind, err)
	}
	return nil
}
