package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"example.com/gatehouse/auth/limit"
	"example.com/gatehouse/mail"
	"example.com/gatehouse/models"
)

// The events of leaving.
const (
	EventDeletionScheduled = "account.deletion_scheduled"
	EventDeletionUndone    = "account.deletion_undone"
	EventAccountDeleted    = "account.deleted"
)

// LimitDeletion bounds the mails that a user can cause by closing an account and
// bringing it back again and again.
var LimitDeletion = limit.Limit{Name: "deletion", Max: 5, Window: time.Hour}

// deletionsAtOnce is how many deletions are read at a time.
const deletionsAtOnce = 100

// ScheduleDeletion closes the user's account at once and has it deleted after
// models.DeletionDelay, which a mailed link undoes. typed is their
// address, once more: nobody loses an account to a slip of the finger. The error is an Invalid, a Limited, ErrReauthRequired, or ErrChanged where the session
// has ended or the account was closed meanwhile.
func (a *Auth) ScheduleDeletion(ctx context.Context, actor *Actor, typed string) error {
	if err := a.MayClose(ctx, actor, typed); err != nil {
		return err
	}
	return a.InSession(ctx, actor, func(t *Tx, user *models.User) error { return a.CloseAccount(t, actor, user) })
}

// MayClose checks a request to delete the account: a recent login, the address
// typed once more, and the limit. The error is an Invalid, a Limited or
// ErrReauthRequired.
func (a *Auth) MayClose(ctx context.Context, actor *Actor, typed string) error {
	if err := a.RequireRecentLogin(ctx, actor); err != nil {
		return err
	}
	if email, _ := models.NormalizeEmail(typed); email != actor.User.Email {
		return Invalid{"confirmation": "Type your address, " + actor.User.Email + ", to delete the account."}
	}
	return a.Attempt(ctx, actor.Client, LimitDeletion.By(actor.User.ID))
}

// CloseAccount closes the account, schedules its deletion, and mails the owner a
// link that restores it. The caller must have called MayClose before the
// transaction.
func (a *Auth) CloseAccount(t *Tx, actor *Actor, user *models.User) error {
	now := t.Now()
	due := now.Add(models.DeletionDelay)
	if err := t.Model(user).Updates(map[string]any{"disabled_at": now, "updated_at": now}).Error; err != nil {
		return fmt.Errorf("close the account: %w", err)
	}
	token, hash := NewToken()
	err := t.Create(&models.AccountDeletion{ID: NewID(), UserID: user.ID, TokenHash: hash, CreatedAt: now, ExpiresAt: due}).Error
	if err != nil {
		return fmt.Errorf("keep the deletion: %w", err)
	}
	if _, err := a.endSessions(t, "user_id = ?", user.ID); err != nil {
		return err
	}
	if err := endPendingLogins(t, user.ID, ""); err != nil {
		return err
	}
	if err := a.voidEmailChangeAskedIn(t, user.ID, "true"); err != nil {
		return err
	}
	if err := a.Enqueue(t, a.messages.AccountDeletion(user.Email, due, NewIncident(now, actor.Client, token, models.DeletionDelay))); err != nil {
		return err
	}
	return a.Record(t, EventDeletionScheduled, SubjectOf(actor), nil)
}

// DeletionByToken returns whose account a mailed link brings back, and when it would go; ErrInvalidLink where it brings back none.
func (a *Auth) DeletionByToken(ctx context.Context, token string) (*models.User, time.Time, error) {
	deletion, user, err := models.FindDeletion(a.db.WithContext(ctx), HashToken(token), a.now())
	if err = a.InvalidIfNone(a.db.WithContext(ctx), err, "account_deletions", token); err != nil {
		return nil, time.Time{}, fmt.Errorf("find the deletion: %w", err)
	}
	return &user, deletion.ExpiresAt, nil
}

// UndoDeletion brings an account back, once for each link. Nobody is logged in by it. The owner is told by mail, with a link for when it
// was not them who asked: somebody who could ask knew their password. The error is a Limited or ErrInvalidLink.
func (a *Auth) UndoDeletion(ctx context.Context, token string, client Client) error {
	user, err := a.liveDeletion(ctx, token, client)
	if err != nil {
		return err
	}
	return a.Transact(ctx, func(t *Tx) error {
		if _, err := a.useDeletion(t, user, token, client); err != nil {
			return err
		}
		return a.Alert(t, user, client, func(i mail.Incident) mail.Message { return a.messages.AccountRestored(user.Email, i) })
	})
}

// ReportDeletion is UndoDeletion for the owner of an account who did not ask for its end: whoever did is locked out as with ReportCompromise, and
// Login with ByReset goes on. The error is a Limited or ErrInvalidLink.
func (a *Auth) ReportDeletion(ctx context.Context, token string, client Client) (user *models.User, newDevice string, err error) {
	user, err = a.liveDeletion(ctx, token, client)
	if err != nil {
		return nil, "", err
	}
	err = a.Transact(ctx, func(t *Tx) error {
		used, err := a.useDeletion(t, user, token, client)
		if err != nil {
			return err
		}
		if user, err = owner(models.LockUser(t.DB, user.ID)); err != nil {
			return err
		}
		if newDevice, err = a.secureAccount(t, user, used.CreatedAt); err != nil {
			return err
		}
		return a.Record(t, EventCompromiseReported, Subject{UserID: &user.ID, Client: client}, nil)
	})
	return user, newDevice, err
}

// liveDeletion is DeletionByToken that counts dead links.
func (a *Auth) liveDeletion(ctx context.Context, token string, client Client) (*models.User, error) {
	user, _, err := a.DeletionByToken(ctx, token)
	return user, a.CountInvalid(ctx, client, err)
}

// useDeletion uses the link up, where the sweep was not first, and opens the account again.
func (a *Auth) useDeletion(t *Tx, user *models.User, token string, client Client) (used models.AccountDeletion, err error) {
	if _, err := owner(models.LockAnyUser(t.DB, user.ID)); err != nil {
		return used, err
	}
	if used, err = UseLink[models.AccountDeletion](t, "account_deletions", token); err != nil {
		return used, err
	}
	return used, a.reopen(t, user, used, client)
}

// reopen opens the account whose deletion is over. What was closed by somebody else since stays closed.
func (a *Auth) reopen(t *Tx, user *models.User, deletion models.AccountDeletion, client Client) error {
	err := t.Model(user).Where("disabled_at = ?", deletion.CreatedAt).Updates(map[string]any{"disabled_at": nil, "updated_at": t.Now()}).Error
	if err != nil {
		return fmt.Errorf("open the account: %w", err)
	}
	return a.Record(t, EventDeletionUndone, Subject{UserID: &user.ID, Client: client}, nil)
}

// callOffDeletion opens an account again that is to be deleted, for somebody who has shown that it is theirs. Of any other it changes nothing.
func (a *Auth) callOffDeletion(t *Tx, userID string, client Client) error {
	user, err := owner(models.LockAnyUser(t.DB, userID))
	if err != nil {
		return err
	}
	var gone []models.AccountDeletion
	if err := t.Clauses(clause.Returning{}).Where("user_id = ? AND begun_at IS NULL", userID).Delete(&gone).Error; err != nil {
		return fmt.Errorf("call off the deletion: %w", err)
	}
	if len(gone) == 0 {
		return nil
	}
	return a.reopen(t, user, gone[0], client)
}

// closingMessage writes what somebody is answered with who wants the address of an account that is to be deleted; nil where none has it.
func closingMessage(t *Tx, email string, write func(to string, due time.Time) mail.Message) (message func() mail.Message, err error) {
	deletion, err := models.FindDeletionByEmail(t.DB, email)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for a deletion: %w", err)
	}
	return func() mail.Message { return write(email, deletion.ExpiresAt) }, nil
}

// restoreMessage is what somebody gets who asks by mail for a way into an account that is to be deleted: a link that brings it back, in place
// of the one that was mailed before. ok is false, and the same statements are run, where no such account has the address.
func (a *Auth) restoreMessage(t *Tx, email string) (message mail.Message, ok bool, err error) {
	deletion, err := models.FindDeletionByEmail(t.DB, email)
	if err != nil && !errors.Is(err, gorm.ErrRecordNotFound) {
		return message, false, fmt.Errorf("look for a deletion: %w", err)
	}
	token, hash := NewToken()
	renewed := t.Model(&models.AccountDeletion{}).Where("id = ? AND expires_at > ? AND begun_at IS NULL", deletion.ID, t.Now()).Update("token_hash", hash)
	if renewed.Error != nil {
		return message, false, fmt.Errorf("renew the link: %w", renewed.Error)
	}
	return a.messages.RestoreAccount(email, deletion.ExpiresAt, token, deletion.ExpiresAt.Sub(t.Now())), renewed.RowsAffected == 1, nil
}

// finishDeletions deletes the accounts whose time has come. One that fails does not keep the others from it.
func (a *Auth) finishDeletions(ctx context.Context, now time.Time) error {
	var failed error
	for last := ""; ; {
		due, err := models.DeletionsDue(a.db.WithContext(ctx), now, last, deletionsAtOnce)
		if err != nil {
			return errors.Join(failed, fmt.Errorf("list the deletions: %w", err))
		}
		for _, deletion := range due {
			last = deletion.ID
			if err := a.deleteAccount(ctx, deletion); err != nil {
				failed = errors.Join(failed, fmt.Errorf("delete the account %s: %w", deletion.UserID, err))
			}
		}
		if len(due) < deletionsAtOnce {
			return failed
		}
	}
}

// deleteAccount deletes a user and all rows that belong to them. It takes many
// short transactions: the first rules out that the account comes back, and the
// last deletes the user. Where one fails, or the program ends between two, the
// next cleanup goes on. Several servers may do it at once.
func (a *Auth) deleteAccount(ctx context.Context, deletion models.AccountDeletion) error {
	begun, err := a.beginDeletion(ctx, deletion)
	if err != nil || !begun {
		return err
	}
	if err := a.deleteOwned(ctx, deletion.UserID); err != nil {
		return err
	}
	return a.deleteUser(ctx, deletion.UserID)
}

// beginDeletion reports whether the account is to be deleted now. From then on
// no link brings it back.
func (a *Auth) beginDeletion(ctx context.Context, deletion models.AccountDeletion) (begun bool, err error) {
	err = a.Transact(ctx, func(t *Tx) error {
		_, err := models.LockAnyUser(t.DB, deletion.UserID)
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return nil // another server has finished it
		}
		if err != nil {
			return fmt.Errorf("lock the user: %w", err)
		}
		_, voided := NewToken()
		marked := t.Model(&models.AccountDeletion{}).Where("id = ? AND expires_at <= ?", deletion.ID, t.Now()).
			Updates(map[string]any{"begun_at": t.Now(), "token_hash": voided})
		if marked.Error != nil {
			return fmt.Errorf("begin the deletion: %w", marked.Error)
		}
		begun = marked.RowsAffected == 1 // otherwise it was undone at the last moment
		return nil
	})
	return begun, err
}

// deleteOwned deletes the rows that belong to a user. Rows of the security log
// stay and tell what happened and when (ASVS 16.4), but not to whom.
func (a *Auth) deleteOwned(ctx context.Context, userID string) error {
	if err := a.endEachFormerEmail(ctx, "user_id = ?", userID); err != nil {
		return err
	}
	db := models.Unscoped(a.db.WithContext(ctx))
	tables := models.SchemaOf(a.db)
	for table, set := range tables.Anonymized() {
		if _, err := models.InBatches(db, "UPDATE "+table+" SET "+set, table, "user_id = ?", userID); err != nil {
			return fmt.Errorf("remove the user from %s: %w", table, err)
		}
	}
	for _, table := range tables.DeletionOrder() {
		if _, err := models.InBatches(db, "DELETE FROM "+table, table, "user_id = ?", userID); err != nil {
			return fmt.Errorf("delete the user's %s: %w", table, err)
		}
	}
	return nil
}

// deleteUser deletes the user, and what would outlive them because it is stored
// under their address, which the address's next owner must not inherit.
func (a *Auth) deleteUser(ctx context.Context, userID string) error {
	return a.Transact(ctx, func(t *Tx) error {
		user, err := models.LockAnyUser(t.DB, userID)
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return nil // another server was first
		}
		if err != nil {
			return fmt.Errorf("lock the user: %w", err)
		}
		if err := a.freeAddress(t, user.Email); err != nil {
			return err
		}
		// A wrong password may have been entered since deleteOwned, and another
		// server may hold rows that deleteOwned passed over.
		for table, set := range models.SchemaOf(a.db).Anonymized() {
			if err := models.Unscoped(t.DB).Exec("UPDATE "+table+" SET "+set+" WHERE user_id = ?", user.ID).Error; err != nil {
				return fmt.Errorf("remove the user from %s: %w", table, err)
			}
		}
		if err := t.Where("id = ?", user.ID).Delete(&models.User{}).Error; err != nil {
			return fmt.Errorf("delete the user: %w", err)
		}
		return a.Record(t, EventAccountDeleted, Subject{}, nil)
	})
}

// freeAddress removes what is kept under an address and not under its user.
func (a *Auth) freeAddress(t *Tx, email string) error {
	if err := a.outbox.Forget(t.DB, email, t.Now()); err != nil {
		return err
	}
	if err := t.Where("email = ?", email).Delete(&models.Registration{}).Error; err != nil {
		return fmt.Errorf("delete the sign-ups: %w", err)
	}
	return a.forgetCounts(t, email)
}
