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
	Failed  State = "failed"  // given up
)

// QueuedMessage is a mail as the development mailbox shows it. Message is empty but for its Kind where it cannot be opened.
type QueuedMessage struct {
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
func (o *Outbox) List(ctx context.Context, limit int) ([]QueuedMessage, error) {
	var messages []QueuedMessage
	for offset := 0; len(messages) < limit; {
		var rows []models.OutboxMail
		err := o.db.WithContext(ctx).Order("created_at DESC, id DESC").Limit(limit).Offset(offset).Find(&rows).Error
		if err != nil {
			return nil, fmt.Errorf("listing the outbox: %w", err)
		}
		for _, row := range rows {
			if message, real := o.message(row); real && len(messages) < limit {
				messages = append(messages, message)
			}
		}
		if len(rows) < limit {
			break
		}
		offset += len(rows)
	}
	return messages, nil
}

// Find returns one mail, or gorm.ErrRecordNotFound. It is for the development mailbox alone.
func (o *Outbox) Find(ctx context.Context, id string) (QueuedMessage, error) {
	var row models.OutboxMail
	if err := o.db.WithContext(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
		return QueuedMessage{}, fmt.Errorf("finding a mail: %w", err)
	}
	message, real := o.message(row)
	if !real {
		return QueuedMessage{}, fmt.Errorf("finding a mail: %w", gorm.ErrRecordNotFound)
	}
	return message, nil
}

// message opens a row. Decoys are not real, and neither is a wiped row, which is a decoy's or from before the development
// mailbox kept mail.
func (o *Outbox) message(row models.OutboxMail) (message QueuedMessage, real bool) {
	message = QueuedMessage{
		ID: row.ID, Message: Message{Kind: row.Kind}, State: Waiting, Attempts: row.Attempts, LastError: row.LastError,
		CreatedAt: row.CreatedAt, RunAt: row.RunAt, DoneAt: row.DoneAt, FailedAt: row.FailedAt,
	}
	switch {
	case row.DoneAt != nil:
		message.State = Sent
	case row.FailedAt != nil:
		message.State = Failed
	}
	if len(row.Payload) == 0 {
		return message, false
	}
	p, err := openPayload(o.keys, row.ID, row.Payload)
	if err != nil {
		if message.LastError == "" {
			message.LastError = err.Error()
		}
		return message, true
	}
	message.To, message.Subject, message.HTML, message.Text = p.To, p.Subject, p.HTML, p.Text
	return message, p.Decoy == 0
}
