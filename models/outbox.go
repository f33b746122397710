package models

import "time"

// OutboxMail is a mail on its way. Payload is sealed (see package mail) and emptied once it is sent.
type OutboxMail struct {
	ID        string
	Kind      string
	Payload   []byte
	Attempts  int
	LastError string
	CreatedAt time.Time
	RunAt     time.Time // when the next attempt may begin; pushed ahead as a lease while one is under way
	DoneAt    *time.Time
	FailedAt  *time.Time

	// ExpiresAt is when what the mail carries is of no use any more; nil in
	// rows that an earlier program wrote.
	ExpiresAt *time.Time

	// RecipientHash is the keyed hash of the address that the mail is to. It
	// outlives the payload. It is nil in rows that an earlier program wrote,
	// and empty where the payload cannot be opened.
	RecipientHash *[]byte
}

// TableName keeps GORM from calling the table outbox_mails.
func (OutboxMail) TableName() string { return "outbox" }

// OutboxErasure names a recipient whose mail, written until a time, the cleanup
// deletes.
type OutboxErasure struct {
	ID            string
	RecipientHash []byte
	WrittenUntil  time.Time
}

var (
	// Package mail deletes the rows of both tables.
	outboxMailTable = Table{
		Model: &OutboxMail{},
		Bound: "the limits of what queues mail; deleted after a week",
		// Sent mail is many rows without an index.
		Ahead: []Ahead{{Column: "expires_at", Where: "done_at IS NULL AND failed_at IS NULL", By: AlertLifetime}},
	}
	outboxErasureTable = Table{Model: &OutboxErasure{}, Bound: "the limits of what queues mail; deleted after a week"}
)
