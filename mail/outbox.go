package mail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"example.com/gatehouse/models"
	"example.com/gatehouse/seal"
)

// Outbox keeps mail in the database from the transaction that caused it until it is sent, so that a crash or a mail server
// that is down loses none.
type Outbox struct {
	db       *gorm.DB
	smtp     *SMTP // nil: the development mailbox
	from     *netmail.Address
	keys     seal.Keys
	hashes   seal.HashKeys // of recipients
	keepSent bool
	log      *slog.Logger
	now      func() time.Time
	wake     chan struct{}
	trouble  trouble
}

// NewOutbox returns the outbox in db. With a nil smtp nothing leaves the machine: sent means readable in the development
// mailbox. secretKeys seal what is kept (the first) and open it (all). keepSent keeps sent mail readable, for development;
// without it a mail's content is wiped once it is sent.
func NewOutbox(db *gorm.DB, smtp *SMTP, from *netmail.Address, secretKeys []string, keepSent bool, log *slog.Logger,
	now func() time.Time) (*Outbox, error) {
	keys, err := seal.New(secretKeys, "outbox")
	if err != nil {
		return nil, err
	}
	hashes, err := seal.NewHashKeys(secretKeys, "outbox recipient")
	if err != nil {
		return nil, err
	}
	if from == nil {
		return nil, errors.New("the outbox needs a sender's address")
	}
	return &Outbox{db: db, smtp: smtp, from: from, keys: keys, hashes: hashes, keepSent: keepSent, log: log, now: now,
		wake: make(chan struct{}, 1)}, nil
}

// Enqueue writes the message within the caller's transaction: it is sent if, and only if, tx commits. Call Wake afterwards.
func (o *Outbox) Enqueue(tx *gorm.DB, m Message) error {
	_, err := o.enqueue(tx, m, 0, o.clock())
	return err
}

// EnqueueDecoy does what Enqueue does, statement for statement and byte for byte, but the message is thrown away when its
// turn comes. Where no mail may go out (the address has no account), it keeps the answer's time from telling so.
func (o *Outbox) EnqueueDecoy(tx *gorm.DB, m Message) error {
	_, err := o.enqueue(tx, m, 1, o.clock())
	return err
}

// EnqueueAt does what Enqueue does for a mail that waits until a time, and
// returns its id for Replace.
func (o *Outbox) EnqueueAt(tx *gorm.DB, m Message, at time.Time) (id string, err error) {
	return o.enqueue(tx, m, 0, at.UTC().Truncate(time.Microsecond))
}

func (o *Outbox) enqueue(tx *gorm.DB, m Message, decoy int, runAt time.Time) (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("queueing a %q mail: %w", m.Kind, err)
	}
	now := o.clock()
	sealed, err := o.sealMessage(id.String(), m, decoy, now)
	if err != nil {
		return "", fmt.Errorf("queueing a %q mail: %w", m.Kind, err)
	}
	if err := o.withdraw(tx, m); err != nil {
		return "", fmt.Errorf("queueing a %q mail: %w", m.Kind, err)
	}
	row := models.OutboxMail{
		ID: id.String(), Kind: m.Kind, Payload: sealed, CreatedAt: now, RunAt: runAt, ExpiresAt: new(expiry(m, now)),
		RecipientHash: new(o.recipientHashes(m.To)[0]),
	}
	if err := tx.Create(&row).Error; err != nil {
		return "", fmt.Errorf("queueing a %q mail: %w", m.Kind, err)
	}
	return row.ID, nil
}

// Replace writes another message in place of one that EnqueueAt left waiting,
// to the same address. It reports false, and changes nothing, if that mail's
// time has come.
func (o *Outbox) Replace(tx *gorm.DB, id string, m Message) (bool, error) {
	now := o.clock()
	sealed, err := o.sealMessage(id, m, 0, now)
	if err != nil {
		return false, fmt.Errorf("replacing a %q mail: %w", m.Kind, err)
	}
	replaced := tx.Model(&models.OutboxMail{}).
		Where("id = ? AND run_at > ? AND recipient_hash IN ?", id, now, o.recipientHashes(m.To)).
		Where("attempts = 0 AND done_at IS NULL AND failed_at IS NULL").
		Updates(map[string]any{"payload": sealed, "expires_at": expiry(m, now)})
	if replaced.Error != nil {
		return false, fmt.Errorf("replacing a %q mail: %w", m.Kind, replaced.Error)
	}
	return replaced.RowsAffected == 1, nil
}

// withdraw deletes the mails that m makes worthless, if they still wait.
func (o *Outbox) withdraw(tx *gorm.DB, m Message) error {
	if !m.Replaces {
		return nil
	}
	return tx.Where("recipient_hash IN ? AND kind = ? AND done_at IS NULL AND failed_at IS NULL", o.recipientHashes(m.To), m.Kind).
		Delete(&models.OutboxMail{}).Error
}

func (o *Outbox) sealMessage(id string, m Message, decoy int, now time.Time) ([]byte, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	return sealPayload(o.keys, id, payload{
		Decoy: decoy, MessageID: id + "@" + domain(o.from.Address), Date: now,
		To: m.To, Subject: m.Subject, HTML: m.HTML, Text: m.Text,
	})
}

// lastsLong stands in for the life of a mail that doesn't expire: longer than
// it is tried.
const lastsLong = 30 * 24 * time.Hour

// expiry returns when a mail that is queued now is of no use any more. A link
// that its reader has less than a minute for, or half of its life if that is
// shorter, counts as none.
func expiry(m Message, now time.Time) time.Time {
	life := cmp.Or(m.Life, lastsLong)
	return now.Add(life - min(time.Minute, life/2))
}

// recipientHashes returns the hashes that mail to an address may have: first
// the one of new mail, then those under earlier secret keys.
func (o *Outbox) recipientHashes(address string) [][]byte { return o.hashes.All("to", address) }

// Wake tells the worker in this process that a transaction with mail has committed. It never blocks. A forgotten call costs a
// second, no mail.
func (o *Outbox) Wake() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// failedLonger is how much longer parked mail is kept than sent mail, so that somebody can find out what went wrong.
const failedLonger = 30 * 24 * time.Hour

// Cleanup deletes what was sent before the given time and what was parked 30 days before it, and returns how many rows went. It also finishes
// what Forget has left.
func (o *Outbox) Cleanup(ctx context.Context, before time.Time) (int64, error) {
	// created_at is never after done_at or failed_at; naming it lets the index be used.
	swept, err := models.InBatches(o.db.WithContext(ctx), "DELETE FROM outbox", "outbox",
		"created_at < ? AND (done_at < ? OR failed_at < ?)", before, before, before.Add(-failedLonger))
	if err != nil {
		return swept, fmt.Errorf("sweeping the outbox: %w", err)
	}
	return swept, errors.Join(o.hashRecipients(ctx), o.erase(ctx))
}

// clock is the time as the database keeps it.
func (o *Outbox) clock() time.Time { return o.now().UTC().Truncate(time.Microsecond) }

func domain(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }
