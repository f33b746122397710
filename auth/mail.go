package auth

import (
	"fmt"
	"time"

	"example.com/gatehouse/mail"
)

// enqueue leaves a mail for the worker, in the transaction that causes it.
func (a *Auth) enqueue(t *tx, message mail.Message) error {
	t.mailed = true
	if err := a.outbox.Enqueue(t.DB, message); err != nil {
		return fmt.Errorf("write the mail %s: %w", message.Kind, err)
	}
	return nil
}

// incident is what a mail tells of something that the client has done, with the token of its link and how long that works.
func incident(at time.Time, client Client, token string, life time.Duration) mail.Incident {
	return mail.Incident{At: at, IP: client.Address(), Device: client.Device(), Token: token, Life: life}
}

// enqueueToOwner leaves a letter for whoever has an account with the address that it is to. Where known is false nobody has, and nobody gets it.
// Whose account is to be deleted gets a link that brings it back, in place of the letter.
func (a *Auth) enqueueToOwner(t *tx, known bool, message mail.Message) error {
	enqueue := a.enqueue
	if !known {
		enqueue = a.enqueueDecoy
	}
	if back, leaving, err := a.restoreMessage(t, message.To); err != nil {
		return err
	} else if leaving {
		message, enqueue = back, a.enqueue
	}
	return enqueue(t, message)
}

// enqueueDecoy does post's work for a mail that nobody gets: an unknown address must not answer sooner than a known one.
func (a *Auth) enqueueDecoy(t *tx, message mail.Message) error {
	t.mailed = true
	if err := a.outbox.EnqueueDecoy(t.DB, message); err != nil {
		return fmt.Errorf("write the decoy of %s: %w", message.Kind, err)
	}
	return nil
}
