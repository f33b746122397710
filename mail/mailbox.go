package mail

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/models"
)

// State is how far a mail has come.
type State string

const (
	Waiting State = "waiting" // for its first or next attempt
	Sent    State = "sent"    // to the server, or, without one, into the development mailbox
	Parked  State = "parked"  // given up
)

// Letter is a mail as the development mailbox shows it. Message is empty but for its Kind where it cannot be opened.
type Letter struct {
	Message
	ID        string
	State     State
	Attempts  int
	LastError string
	CreatedAt time.Time
	RunAt     time.Time // of the next attempt, or the end of the lease while one is under way
	DoneAt    *time.Time
	FailedAt  *time.Time
}

// List returns up to limit mails, newest first. It opens them, so it is for the development mailbox alone.
func (o *Outbox) List(ctx context.Context, limit int) ([]Letter, error) {
	var letters []Letter
	for offset := 0; len(letters) < limit; {
		var rows []models.OutboxMail
		err := o.db.WithContext(ctx).Order("created_at DESC, id DESC").Limit(limit).Offset(offset).Find(&rows).Error
		if err != nil {
			return nil, fmt.Errorf("listing the outbox: %w", err)
		}
		for _, row := range rows {
			if letter, real := o.letter(row); real && len(letters) < limit {
				letters = append(letters, letter)
			}
		}
		if len(rows) < limit {
			break
		}
		offset += len(rows)
	}
	return letters, nil
}

// Find returns one mail, or gorm.ErrRecordNotFound. It is for the development mailbox alone.
func (o *Outbox) Find(ctx context.Context, id string) (Letter, error) {
	var row models.OutboxMail
	if err := o.db.WithContext(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
		return Letter{}, fmt.Errorf("finding a mail: %w", err)
	}
	letter, real := o.letter(row)
	if !real {
		return Letter{}, fmt.Errorf("finding a mail: %w", gorm.ErrRecordNotFound)
	}
	return letter, nil
}

// letter opens a row. Decoys are not real, and neither is a wiped row, which is a decoy's or from before the development
// mailbox kept mail.
func (o *Outbox) letter(row models.OutboxMail) (letter Letter, real bool) {
	letter = Letter{
		ID: row.ID, Message: Message{Kind: row.Kind}, State: Waiting, Attempts: row.Attempts, LastError: row.LastError,
		CreatedAt: row.CreatedAt, RunAt: row.RunAt, DoneAt: row.DoneAt, FailedAt: row.FailedAt,
	}
	switch {
	case row.DoneAt != nil:
		letter.State = Sent
	case row.FailedAt != nil:
		letter.State = Parked
	}
	if len(row.Payload) == 0 {
		return letter, false
	}
	p, err := openPayload(o.keys, row.ID, row.Payload)
	if err != nil {
		if letter.LastError == "" {
			letter.LastError = err.Error()
		}
		return letter, true
	}
	letter.To, letter.Subject, letter.HTML, letter.Text = p.To, p.Subject, p.HTML, p.Text
	return letter, p.Decoy == 0
}
