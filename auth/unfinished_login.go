package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/mail"
	"example.com/gatehouse/models"
)

// reportEvery is how often the owner of an account is mailed of logins that were not finished: whoever has the password can begin as many
// as they like.
const reportEvery = 24 * time.Hour

// stopPendingLogin is what follows on wrong answers to a second factor: the login is over, or, where only the factor is paused, it waits for
// another one. Either way its owner hears of it.
func (a *Auth) stopPendingLogin(ctx context.Context, p *PendingLogin, paused bool) error {
	return a.Transact(ctx, func(t *Tx) error {
		user, err := models.LockUser(t.DB, p.User.ID)
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return nil
		} else if err != nil {
			return fmt.Errorf("lock the user: %w", err)
		}
		if !paused {
			if err := t.Where("id = ?", p.ID).Delete(&models.PendingLogin{}).Error; err != nil {
				return fmt.Errorf("end the login: %w", err)
			}
		}
		return a.report(t, &user, p.authn.began)
	})
}

// report mails the owner that the right password was entered on a device that they have not used before, and not what comes after it (ASVS
// 6.3.5). A mailed link is none of it: whoever opens it holds the mailbox. A password that is no more tells nobody anything.
func (a *Auth) report(t *Tx, user *models.User, s *models.PendingLogin) error {
	if s.ReportAt == nil || firstOf(s.Method) != MethodPassword || !bytes.Equal(s.CredentialVersion, user.CredentialVersion()) {
		return nil
	}
	told, err := models.HasEvent(t.DB, user.ID, EventLoginReported, t.Now().Add(-reportEvery), t.Now())
	if err != nil {
		return fmt.Errorf("look whether the owner is told: %w", err)
	}
	if told {
		return nil
	}
	where := mail.Incident{At: s.CreatedAt, IP: s.IP, Device: s.Device}
	err = a.alertOf(t, user, where, where.At, func(i mail.Incident) mail.Message { return a.messages.UnfinishedLogIn(user.Email, i) })
	if err != nil {
		return err
	}
	event := newEvent(t.Now(), EventLoginReported, Subject{UserID: &user.ID}, Detail{"method": s.Method})
	event.IP, event.Device = s.IP, s.Device
	return a.write(t, event)
}

// reportUnfinishedLogin tells the owner of what was not finished, once.
func (a *Auth) reportUnfinishedLogin(ctx context.Context, s *models.PendingLogin) error {
	return a.Transact(ctx, func(t *Tx) error {
		user, err := models.LockUser(t.DB, s.UserID)
		gone := errors.Is(err, gorm.ErrRecordNotFound)
		if err != nil && !gone {
			return fmt.Errorf("lock the user: %w", err)
		}
		told := t.Model(&models.PendingLogin{}).Where("id = ? AND report_at IS NOT NULL", s.ID).Update("report_at", nil)
		if told.Error != nil {
			return fmt.Errorf("note that the owner is told: %w", told.Error)
		}
		if gone || told.RowsAffected == 0 { // another server has told
			return nil
		}
		return a.report(t, &user, s)
	})
}
