package auth

import (
	"fmt"
	"time"

	"example.com/gatehouse/mail"
)

// Enqueue stores a mail in the transaction that causes it. It is sent after the
// commit.
func (a *Auth) Enqueue(t *Tx, message mail.Message) error {
	t.mailed = true
	if err := a.outbox.Enqueue(t.DB, message); err != nil {
		return fmt.Errorf("write the mail %s: %w", message.Kind, err)
	}
	return nil
}

// NewIncident returns what a mail tells of something that the client has done,
// with the token of its link and how long that works.
func NewIncident(at time.Time, client Client, token string, life time.Duration) mail.Incident {
	return mail.Incident{At: at, IP: client.Address(), Device: client.Device(), Token: token, Life: life}
}

// EnqueueToOwner stores a mail to an address that a visitor has typed. If known
// is false the address has no account: the work is the same and nothing is
// sent, so that the time doesn't tell which addresses have one (ASVS 6.3.8). If
// the account is scheduled for deletion, the owner is sent the link that
// restores it instead.
func (a *Auth) EnqueueToOwner(t *Tx, known bool, message mail.Message) error {
	enqueue := a.Enqueue
	if !known {
		enqueue = a.enqueueDecoy
	}
	if back, leaving, err := a.restoreMessage(t, message.To); err != nil {
		return err
	} else if leaving {
		message, enqueue = back, a.Enqueue
	}
	return enqueue(t, message)
}

// enqueueDecoy does post's work for a mail that nobody gets: an unknown address must not answer sooner than a known one.
func (a *Auth) enqueueDecoy(t *Tx, message mail.Message) error {
	t.mailed = true
	if err := a.outbox.EnqueueDecoy(t.DB, message); err != nil {
		return fmt.Errorf("write the decoy of %s: %w", message.Kind, err)
	}
	return nil
}
