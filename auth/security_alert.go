package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"example.com/gatehouse/mail"
	"example.com/gatehouse/models"
)

// Alert mails the owner what was done to the account, in the transaction that does
// it. Every added, changed or removed credential must send one. compose writes the
// mail; its Incident carries the token of a link with which the owner reports a
// compromise. Alerts in quick succession are sent as one mail.
func (a *Auth) Alert(t *Tx, user *models.User, client Client, compose func(mail.Incident) mail.Message) error {
	return a.alertSince(t, user, client, t.Now(), compose)
}

// alertSince is alert in place of those since a time, which are void: somebody else may have been in the account from then on.
func (a *Auth) alertSince(t *Tx, user *models.User, client Client, since time.Time, compose func(mail.Incident) mail.Message) error {
	return a.alertOf(t, user, NewIncident(t.Now(), client, "", 0), since, compose)
}

// alertOf is alertSince for what was done at another time, or from elsewhere.
// Every alert passes through here, and here their number is bounded.
func (a *Auth) alertOf(t *Tx, user *models.User, i mail.Incident, since time.Time, compose func(mail.Incident) mail.Message) error {
	token, hash := NewToken()
	i.Token, i.Life = token, models.AlertLifetime
	message := compose(i)
	alert := models.SecurityAlert{ID: NewID(), UserID: user.ID, TokenHash: hash, OthersSince: &since, CreatedAt: i.At, ExpiresAt: t.Now().Add(models.AlertLifetime)}
	if atOnce, err := a.alertsAtOnce(t, user, message); err != nil {
		return err
	} else if !atOnce {
		return a.foldAlert(t, user, alert, *message.Alert)
	}
	if err := t.Create(&alert).Error; err != nil {
		return fmt.Errorf("keep the alert: %w", err)
	}
	return a.Enqueue(t, message)
}

// alertNewDevice tells the owner of a login where they have not logged in before. Whoever has just signed up was there to see it.
func (a *Auth) alertNewDevice(t *Tx, user *models.User, authn Authentication, client Client) error {
	if authn.First() == MethodSignUp {
		return nil
	}
	return a.Alert(t, user, client, func(i mail.Incident) mail.Message { return a.messages.NewDevice(user.Email, i) })
}

// AlertByToken returns whose account the link in an alert is about; ErrInvalidLink where it is about none.
// Whoever closed the account, to have it deleted, does not close that way.
func (a *Auth) AlertByToken(ctx context.Context, token string) (*models.User, error) {
	return a.linkOwner(ctx, "security_alerts", token, comesBack())
}

// ReportCompromise takes the owner's word that what an alert told of was not them, once for each link. Whoever it was is out: every session ends,
// every known device, mailed link and other alert is void, and the password is none any more, so that knowing it leads nowhere. The owner
// holds the mailbox, so they are as good as somebody who has opened a link to reset: with ByReset, Login asks for what is owed. The error
// is a Limited or ErrInvalidLink.
// An account that was closed, to have it deleted, is open again.
func (a *Auth) ReportCompromise(ctx context.Context, token string, client Client) (user *models.User, newDevice string, err error) {
	user, err = a.AlertByToken(ctx, token)
	if err != nil {
		return nil, "", a.CountInvalid(ctx, client, err)
	}
	err = a.Transact(ctx, func(t *Tx) (err error) {
		if err := a.callOffDeletion(t, user.ID, client); err != nil {
			return err
		}
		if user, err = owner(models.LockUser(t.DB, user.ID)); err != nil {
			return err
		}
		used, err := UseLink[models.SecurityAlert](t, "security_alerts", token)
		if err != nil {
			return err
		}
		if newDevice, err = a.secureAccount(t, user, used.Since()); err != nil {
			return err
		}
		return a.Record(t, EventCompromiseReported, Subject{UserID: &user.ID, Client: client}, nil)
	})
	return user, newDevice, err
}

// ErrAccountLocked is the answer to a login to an account that its owner has locked, other than by its mailbox.
var ErrAccountLocked = errors.New("the account's owner has locked everybody out")

// IsLocked reports whether the owner has locked the account, so that only a new
// password, chosen through a mailed link, opens it.
func IsLocked(user *models.User) bool { return user.PasswordHash == "" && user.PasswordDueAt != nil }

// secureAccount leaves an account to whoever holds its mailbox: without a password, a session, a known device but the one that asks, and
// anything mailed that opens it. disowned is when somebody else did what the owner speaks of.
func (a *Auth) secureAccount(t *Tx, user *models.User, disowned time.Time) (newDevice string, err error) {
	since, newDevice, err := a.replaceCredentials(t, user, disowned, "")
	if err != nil {
		return "", err
	}
	return newDevice, locked(t, user, since)
}

// locked notes that an account without a password waits for a new one of whoever holds its mailbox, and since when it may have been somebody
// else's.
func locked(t *Tx, user *models.User, since time.Time) error {
	user.PasswordDueAt = &since
	if err := t.Model(user).Update("password_due_at", since).Error; err != nil {
		return fmt.Errorf("lock the account: %w", err)
	}
	return nil
}

// replaceCredentials gives an account to whoever holds its mailbox, with the hash of this password, "" for none. Older links and alerts are void:
// whoever comes upon an old mail has nothing in it. It returns since when the account may have been somebody else's.
func (a *Auth) replaceCredentials(t *Tx, user *models.User, disowned time.Time, hash string) (since time.Time, newDevice string, err error) {
	if since, err = othersSince(t, user, disowned); err != nil {
		return since, "", err
	}
	if err := a.setPassword(t, user, hash, ""); err != nil {
		return since, "", err
	}
	if err := voidAlerts(t, user.ID); err != nil {
		return since, "", err
	}
	newDevice, err = a.knowOnly(t, user.ID)
	return since, newDevice, err
}

// othersSince is since when the account may have been somebody else's: since what was disowned, or since the first of the alerts before it
// whose link still works. Of several mails people answer any, and often the last, and what a thief added before it goes as well.
func othersSince(t *Tx, user *models.User, disowned time.Time) (time.Time, error) {
	since := disowned
	if IsLocked(user) {
		since = earlier(since, *user.PasswordDueAt)
	}
	var alerts []models.SecurityAlert
	if err := t.Where("user_id = ? AND expires_at > ?", user.ID, t.Now()).Find(&alerts).Error; err != nil {
		return since, fmt.Errorf("look for earlier alerts: %w", err)
	}
	for _, alert := range alerts {
		since = earlier(since, alert.Since())
	}
	return since, nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// voidAlerts makes the links in all alerts so far lead nowhere. What was folded
// and isn't mailed yet stays: an attacker must not silence it by a reset.
func voidAlerts(t *Tx, userID string) error {
	if err := models.DeleteSentAlerts(t.DB, userID); err != nil {
		return fmt.Errorf("void the alerts: %w", err)
	}
	return nil
}
