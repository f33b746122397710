// feature:account_deletion|email_change

package mail

import (
	"fmt"
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/models"
)

// forgetRows is how many mails are in memory at a time.
const forgetRows = 50

// Forget deletes every mail to an address that was written until a time, sent or not, within the caller's transaction. To whom a mail goes is
// sealed, so all are opened whose content is still there: outside of development that is what waits and what has failed.
func (o *Outbox) Forget(tx *gorm.DB, address string, until time.Time) error {
	for last := ""; ; {
		var rows []models.OutboxMail
		if err := tx.Where("id > ? AND created_at <= ?", last, until).Order("id").Limit(forgetRows).Find(&rows).Error; err != nil {
			return fmt.Errorf("reading the outbox: %w", err)
		}
		for _, row := range rows {
			last = row.ID
			if len(row.Payload) == 0 {
				continue
			}
			if p, err := openPayload(o.keys, row.ID, row.Payload); err != nil || p.To != address {
				continue // what cannot be opened with any key tells nobody's address
			}
			if err := tx.Delete(&row).Error; err != nil {
				return fmt.Errorf("deleting a mail: %w", err)
			}
		}
		if len(rows) < forgetRows {
			return nil
		}
	}
}
