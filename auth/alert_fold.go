package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/auth/limit"
	"example.com/gatehouse/mail"
	"example.com/gatehouse/models"
)

// foldFor is how long a mail that tells of several alerts waits for more.
const foldFor = 5 * time.Minute

// The rules of alerts. They refuse no request and drop no alert: one that is
// over a rule is folded into a mail that tells of all of them a few minutes
// later. So neither can an attacker keep the owner from protecting the account
// by using a limit up, nor hide one change behind a flood of others: only
// repetitions of what the owner was just mailed wait.
var (
	limitAlert    = limit.Limit{Name: "alert", Max: 3, Window: 10 * time.Minute}       // that say the same, to one user
	limitAlertAll = limit.Limit{Name: "alert-user", Max: 40, Window: 10 * time.Minute} // to one user
)

// alertsAtOnce counts an alert, and reports whether it has a mail of its own.
func (a *Auth) alertsAtOnce(t *Tx, user *models.User, m mail.Message) (bool, error) {
	if !a.config.RateLimit {
		return true, nil
	}
	for _, counter := range []limit.Counter{
		limitAlert.By(user.ID, m.To, m.Kind, m.Alert.Says), // another mailbox has not been told
		limitAlertAll.By(user.ID),
	} {
		if _, allowed, err := counter.Attempt(t.DB, a.config, t.Now()); err != nil {
			return false, fmt.Errorf("count under %s: %w", counter.Limit.Name, err)
		} else if !allowed {
			return false, nil
		}
	}
	return true, nil
}

// foldAlert adds an alert to the mail that waits for more of them, or begins
// one. Its link stands in for all of them: since is when the first was.
func (a *Auth) foldAlert(t *Tx, user *models.User, alert models.SecurityAlert, said mail.Alert) error {
	open, err := models.FoldedAlert(t.DB, user.ID)
	if err != nil && !errors.Is(err, gorm.ErrRecordNotFound) {
		return fmt.Errorf("look for folded alerts: %w", err)
	}
	if err == nil {
		if folded, err := a.foldInto(t, user, open, alert, said); err != nil || folded {
			return err
		}
	}
	return a.beginFold(t, user, alert, said)
}

// foldInto reports false where the mail of open is on its way already.
func (a *Auth) foldInto(t *Tx, user *models.User, open, alert models.SecurityAlert, said mail.Alert) (bool, error) {
	var lines []mail.AlertLine
	if err := json.Unmarshal([]byte(*open.Folded), &lines); err != nil {
		return false, fmt.Errorf("read the folded alerts: %w", err)
	}
	lines = mail.Fold(lines, said)
	message, hash, folded, err := a.foldedMail(user, lines)
	if err != nil {
		return false, err
	}
	if replaced, err := a.outbox.Replace(t.DB, *open.MailID, message); err != nil || !replaced {
		return false, err
	}
	err = t.Model(&open).Updates(map[string]any{
		"token_hash": hash, "others_since": earlier(open.Since(), alert.Since()), "expires_at": alert.ExpiresAt, "folded": folded,
	}).Error
	if err != nil {
		return false, fmt.Errorf("fold the alert: %w", err)
	}
	return true, nil
}

func (a *Auth) beginFold(t *Tx, user *models.User, alert models.SecurityAlert, said mail.Alert) error {
	message, hash, folded, err := a.foldedMail(user, mail.Fold(nil, said))
	if err != nil {
		return err
	}
	mailID, err := a.outbox.EnqueueAt(t.DB, message, t.Now().Add(foldFor))
	if err != nil {
		return fmt.Errorf("write the mail %s: %w", message.Kind, err)
	}
	alert.TokenHash, alert.MailID, alert.Folded = hash, &mailID, &folded
	if err := t.Create(&alert).Error; err != nil {
		return fmt.Errorf("keep the alert: %w", err)
	}
	return nil
}

// foldedMail writes the mail of several alerts with a new link.
func (a *Auth) foldedMail(user *models.User, lines []mail.AlertLine) (m mail.Message, tokenHash []byte, folded string, err error) {
	token, tokenHash := NewToken()
	text, err := json.Marshal(lines)
	if err != nil {
		return m, nil, "", fmt.Errorf("write the folded alerts: %w", err)
	}
	return a.messages.MoreAlerts(user.Email, lines, mail.Incident{Token: token, Life: models.AlertLifetime}), tokenHash, string(text), nil
}
