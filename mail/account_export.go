package mail

import (
	"context"
	"fmt"

	"example.com/gatehouse/models"
)

// AccountExported tells the owner that all that is held about them was downloaded.
func (l Messages) AccountExported(to string, i Incident) Message {
	return l.Alert("account_exported", to, i, Content{
		Subject:   "Your " + l.AppName + " data was downloaded",
		Preheader: "Was this you?",
		Heading:   "Your data was downloaded",
		Opening: []string{"Somebody who is logged in to your " + l.AppName + " account has downloaded everything that we hold about you. " +
			"The file opens no account: it has no password and no key in it."},
		Question: "If this was you, there is nothing more to do. If it was not, lock them out at once.",
	})
}

func accountExportedPreview(l Messages, s Sample) Message { return l.AccountExported(s.To, s.Incident) }

// exportRows is how many mails are in memory at a time.
const exportRows = 50

// EachTo gives every mail to an address to a function, whose content is still there. To whom a mail goes is sealed, so all are opened:
// outside of development that is what waits and what has failed.
func (o *Outbox) EachTo(ctx context.Context, address string, each func(QueuedMessage) error) error {
	for last := ""; ; {
		var rows []models.OutboxMail
		if err := o.db.WithContext(ctx).Where("id > ?", last).Order("id").Limit(exportRows).Find(&rows).Error; err != nil {
			return fmt.Errorf("reading the outbox: %w", err)
		}
		for _, row := range rows {
			last = row.ID
			if message, real := o.message(row); real && message.To == address {
				if err := each(message); err != nil {
					return err
				}
			}
		}
		if len(rows) < exportRows {
			return nil
		}
	}
}
