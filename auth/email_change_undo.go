package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm/clause"

	"example.com/gatehouse/models"
)

// formerEmails are the addresses that the user had and can still have back, the first first.
func formerEmails(t *Tx, userID string) (list []models.FormerEmail, err error) {
	if err := t.Where("user_id = ? AND expires_at > ?", userID, t.Now()).Order("created_at").Find(&list).Error; err != nil {
		return nil, fmt.Errorf("look for former addresses: %w", err)
	}
	return list, nil
}

// keepWayBack tells the mailbox of the address that was left, with a link that is the way back to it for a while. The account may have been
// somebody else's since a time; kept are the ways back that there are.
func (a *Auth) keepWayBack(t *Tx, user *models.User, left string, change models.EmailChange, since time.Time, kept []models.FormerEmail) error {
	undo, hash := NewToken()
	former := models.FormerEmail{ID: NewID(), UserID: user.ID, Email: left, TokenHash: hash, OthersSince: &since, CreatedAt: t.Now(), ExpiresAt: t.Now().Add(models.UndoLifetime)}
	// They are undone in the order of their times, whichever server's clock these are from.
	if n := len(kept); n > 0 && !kept[n-1].CreatedAt.Before(former.CreatedAt) {
		former.CreatedAt = kept[n-1].CreatedAt.Add(time.Microsecond)
	}
	if err := t.Create(&former).Error; err != nil {
		return fmt.Errorf("keep the former address: %w", err)
	}
	return a.Enqueue(t, a.messages.UndoEmailChange(left, asked(change, undo, models.UndoLifetime)))
}

// goBack ends the ways back to what the user had since an address that they have again, and tells the mailbox of the last. The way back to the
// address itself stays: otherwise a thief who moves the account to an address of theirs, and back again, would take the owner's way back and
// have one.
func (a *Auth) goBack(t *Tx, user *models.User, to models.FormerEmail, left string) error {
	if err := a.endFormerEmails(t, "user_id = ? AND created_at > ? AND email <> ?", user.ID, to.CreatedAt, user.Email); err != nil {
		return err
	}
	return a.leaveForGood(t, user, left)
}

// leaveForGood tells the mailbox of an address that the account has the one before again. What waits to be mailed there opens nothing: voidAlerts
// spares alerts that wait for more, for the owner's sake, and this mailbox may be a thief's.
func (a *Auth) leaveForGood(t *Tx, user *models.User, left string) error {
	if err := t.Where("user_id = ?", user.ID).Delete(&models.SecurityAlert{}).Error; err != nil {
		return fmt.Errorf("void the alerts that wait: %w", err)
	}
	if err := a.leave(t, left, t.Now()); err != nil {
		return err
	}
	return a.Enqueue(t, a.messages.EmailChangeUndone(left))
}

// FormerEmailByToken returns the account whose address a link in its former mailbox changes back, and to what; ErrInvalidLink where there is
// none. Whoever closed the account, to have it deleted, does not close that way.
func (a *Auth) FormerEmailByToken(ctx context.Context, token string) (user *models.User, former string, err error) {
	db := a.db.WithContext(ctx)
	var row models.FormerEmail
	err = db.Where("token_hash = ? AND expires_at > ?", HashToken(token), a.now()).Take(&row).Error
	if err == nil {
		err = db.Where("id = ?", row.UserID).Where(comesBack()).Take(&user).Error
	}
	if err = a.InvalidIfNone(db, err, "former_emails", token); err != nil {
		return nil, "", fmt.Errorf("find the former address: %w", err)
	}
	return user, row.Email, nil
}

// UndoEmailChange puts the address back that a user had before, once for each link, and voids what the change allowed: whoever made it is
// locked out as with ReportCompromise, and Login with ByReset goes on for the owner of the former mailbox. Changes after this one are undone with it.
// The error is a Limited or ErrInvalidLink.
func (a *Auth) UndoEmailChange(ctx context.Context, token string, client Client) (user *models.User, newDevice string, err error) {
	user, _, err = a.FormerEmailByToken(ctx, token)
	if err != nil {
		return nil, "", a.CountInvalid(ctx, client, err)
	}
	err = a.Transact(ctx, func(t *Tx) error {
		if err := a.callOffDeletion(t, user.ID, client); err != nil {
			return err
		}
		if user, err = owner(models.LockUser(t.DB, user.ID)); err != nil {
			return err
		}
		undone := user.Email
		since, err := a.useFormerEmail(t, user, token)
		if err != nil {
			return err
		}
		if newDevice, err = a.secureAccount(t, user, since); err != nil {
			return err
		}
		if undone != user.Email {
			if err := a.leaveForGood(t, user, undone); err != nil {
				return err
			}
		}
		return a.Record(t, EventEmailChangeUndone, Subject{UserID: &user.ID, Client: client}, nil)
	})
	return user, newDevice, err
}

// useFormerEmail puts the former address back with the way to it and to those after it used up, and returns since when the account may have
// been somebody else's.
func (a *Auth) useFormerEmail(t *Tx, user *models.User, token string) (since time.Time, err error) {
	former, err := UseLink[models.FormerEmail](t, "former_emails", token)
	if err != nil {
		return since, err
	}
	if err := a.endFormerEmails(t, "user_id = ? AND created_at > ?", user.ID, former.CreatedAt); err != nil {
		return since, err
	}
	if err := a.setEmail(t, user, former.Email); errors.Is(err, errEmailTaken) {
		return since, ErrInvalidLink
	} else if err != nil {
		return since, err
	}
	return former.Since(), nil
}

// endFormerEmails ends the time in which these former addresses were kept, and leaves them to whoever has them next.
func (a *Auth) endFormerEmails(t *Tx, where string, args ...any) error {
	var ended []models.FormerEmail
	if err := t.Clauses(clause.Returning{}).Where(where, args...).Delete(&ended).Error; err != nil {
		return fmt.Errorf("end what was kept of former addresses: %w", err)
	}
	for _, former := range ended {
		if err := a.leave(t, former.Email, former.ExpiresAt); err != nil {
			return err
		}
	}
	return nil
}

// leave removes what is kept under an address that an account had until a time, and has no more. The counts go when the address is free and
// not before: one that ended with the change would tell strangers of it.
func (a *Auth) leave(t *Tx, email string, until time.Time) error {
	if taken, err := a.emailTaken(t.DB, email, ""); err != nil || taken {
		return err
	}
	if err := a.outbox.Forget(t.DB, email, until); err != nil {
		return err
	}
	return a.forgetCounts(t, email)
}

// expireFormerEmails ends the former addresses whose time is over.
func (a *Auth) expireFormerEmails(ctx context.Context, now time.Time) error {
	return a.endEachFormerEmail(ctx, "expires_at <= ?", now)
}

// endEachFormerEmail is endFormerEmails with a transaction for each address.
func (a *Auth) endEachFormerEmail(ctx context.Context, where string, args ...any) error {
	var over []string
	err := a.db.WithContext(ctx).Model(&models.FormerEmail{}).Where(where, args...).Order("expires_at, id").Pluck("id", &over).Error
	if err != nil {
		return fmt.Errorf("list the former addresses: %w", err)
	}
	var failed error
	for _, id := range over {
		failed = errors.Join(failed, a.Transact(ctx, func(t *Tx) error { return a.endFormerEmails(t, "id = ?", id) }))
	}
	return failed
}
