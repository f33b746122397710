package mail

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"example.com/gatehouse/models"
)

// hashBatch bounds the mails of an earlier program whose recipients one
// transaction fills in. Each is opened for it.
const hashBatch = 100

// Forget deletes the mail to an address that was written until a time, sent or
// not, within the caller's transaction. If there is more than one batch, the
// oldest is left to the next Sweep, so that the transaction stays short.
func (o *Outbox) Forget(tx *gorm.DB, address string, until time.Time) error {
	hashes, batch := o.recipientHashes(address), models.BatchRows(tx)
	deleted := tx.Exec(`DELETE FROM outbox WHERE id IN (SELECT id FROM outbox
		WHERE recipient_hash IN ? AND created_at <= ? ORDER BY created_at DESC LIMIT ?)`, hashes, until, batch)
	if deleted.Error != nil {
		return fmt.Errorf("deleting the mail to an address: %w", deleted.Error)
	}
	var unhashed []string
	if err := tx.Raw("SELECT id FROM outbox WHERE recipient_hash IS NULL LIMIT 1").Scan(&unhashed).Error; err != nil {
		return fmt.Errorf("looking for mail whose recipient is unknown: %w", err)
	}
	if deleted.RowsAffected < int64(batch) && len(unhashed) == 0 {
		return nil
	}
	for _, hash := range hashes {
		erasure := models.OutboxErasure{ID: uuid.NewString(), RecipientHash: hash, WrittenUntil: until}
		if err := tx.Create(&erasure).Error; err != nil {
			return fmt.Errorf("leaving the rest of the mail to the cleanup: %w", err)
		}
	}
	return nil
}

// erase finishes what Forget has left, one batch to a transaction.
func (o *Outbox) erase(ctx context.Context) error {
	var ids []string
	if err := o.db.WithContext(ctx).Model(&models.OutboxErasure{}).Pluck("id", &ids).Error; err != nil {
		return fmt.Errorf("listing the erasures: %w", err)
	}
	for _, id := range ids {
		for more := true; more; {
			var err error
			if more, err = o.eraseBatch(ctx, id); err != nil {
				return fmt.Errorf("erasing the mail to an address: %w", err)
			}
		}
	}
	return nil
}

// eraseBatch deletes a batch of an erasure, and with the last one the erasure.
// The lock makes servers that do the same take turns.
func (o *Outbox) eraseBatch(ctx context.Context, id string) (more bool, err error) {
	err = o.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		var erasure models.OutboxErasure
		err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).Take(&erasure).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return nil // another server has finished it
		}
		if err != nil {
			return err
		}
		batch := models.BatchRows(tx)
		deleted := tx.Exec(`DELETE FROM outbox WHERE id IN (SELECT id FROM outbox
			WHERE recipient_hash = ? AND created_at <= ? LIMIT ?)`, erasure.RecipientHash, erasure.WrittenUntil, batch)
		if more = deleted.RowsAffected == int64(batch); more || deleted.Error != nil {
			return deleted.Error
		}
		return tx.Delete(&erasure).Error
	})
	return more, err
}

// hashRecipients fills in the hashes that an earlier program did not write.
func (o *Outbox) hashRecipients(ctx context.Context) error {
	for {
		var rows []models.OutboxMail
		err := o.db.WithContext(ctx).Select("id", "payload").Where("recipient_hash IS NULL").Limit(hashBatch).Find(&rows).Error
		if err != nil || len(rows) == 0 {
			return err
		}
		err = o.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
			for _, row := range rows {
				err := tx.Exec("UPDATE outbox SET recipient_hash = ? WHERE id = ?", o.recipientHash(row), row.ID).Error
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("writing the hashes of recipients: %w", err)
		}
	}
}

// recipientHash opens a mail for the hash of its recipient. It is empty where
// nothing tells the address: the payload was wiped, or its key is gone.
func (o *Outbox) recipientHash(row models.OutboxMail) []byte {
	p, err := openPayload(o.keys, row.ID, row.Payload)
	if err != nil {
		return []byte{}
	}
	return o.recipientHashes(p.To)[0]
}
