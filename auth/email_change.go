package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"example.com/gatehouse/config"
	"example.com/gatehouse/mail"
	"example.com/gatehouse/models"
)

// The events of an address that changes.
const (
	EventEmailChangeRequested = "email.change_requested"
	EventEmailChangeOffered   = "email.change_offered"
	EventEmailChangeCanceled  = "email.change_canceled"
	EventEmailChangeApproved  = "email.change_approved"
	EventEmailChanged         = "email.changed"
	EventEmailChangeUndone    = "email.change_undone"
)

// undoFor is how long a change of the address can be undone from the former mailbox, and that address is nobody else's.
const undoFor = 7 * 24 * time.Hour

// limitEmailChange bounds what one person has mailed; registrationMail bounds what a mailbox gets, whoever asks.
var limitEmailChange = models.LimitRule{Name: "email-change", Free: 5, Window: time.Hour}

// EmailChangeLimits are the rules that asking for another address counts under.
func EmailChangeLimits(c config.Config) []models.LimitRule {
	return []models.LimitRule{limitEmailChange, registrationMail(c)}
}

// errEmailTaken says that somebody else got the address before both mailboxes had agreed.
var errEmailTaken = errors.New("the address is somebody else's")

// RequestEmailChange begins a change of the viewer's address: both mailboxes get a link, and the address changes when both were used. An
// older request is void. Whether the new address has an account shows in the mail to it alone; the rows and the statements are the same.
// The error is an Invalid, a Limited or ErrProofDue.
func (a *Auth) RequestEmailChange(ctx context.Context, viewer *Viewer, address string, client Client) error {
	email, problem := NormalizeEmail(address)
	if problem == "" && email == viewer.User.Email {
		problem = "That is your address already."
	}
	if err := (Invalid{"email": problem}).Err(); err != nil {
		return err
	}
	if err := a.Fresh(ctx, viewer); err != nil {
		return err
	}
	if err := a.take(ctx, client, hitBy(limitEmailChange, viewer.User.ID), hitBy(registrationMail(a.config), email)); err != nil {
		return err
	}
	return a.inSession(ctx, viewer, func(t *tx, user *models.User) error {
		change := models.EmailChange{UserID: user.ID, Email: email, SessionID: viewer.Session.ID, IP: client.IP.String(), Device: client.Device()}
		approve, err := a.beginEmailChange(t, &change)
		if err != nil {
			return err
		}
		if err := a.post(t, a.letters.ApproveEmailChange(user.Email, asked(change, approve, a.config.ConfirmTTL))); err != nil {
			return err
		}
		return a.record(t, EventEmailChangeRequested, &user.ID, viewer.Session.ID, client, nil)
	})
}

// asked is what a mail tells of a change of the address: when and where it was asked for, which is where a thief would be seen, and not
// where a mailbox agreed to it.
func asked(change models.EmailChange, token string, life time.Duration) mail.Incident {
	return mail.Incident{At: change.CreatedAt, IP: change.IP, Device: change.Device, Token: token, Life: life}
}

// ErrOthersEmail is for whoever runs the application, who may know.
var ErrOthersEmail = errors.New("the new address is somebody else's")

// OfferEmailChange mails the new address of somebody who has lost their present mailbox a link that gives it to their account. Whoever runs
// the application calls it once they are sure who is asking, in place of the present mailbox; that one is told of the change when it
// comes about, and can undo it. The error is an Invalid, ErrNoAccount or ErrOthersEmail.
func (a *Auth) OfferEmailChange(ctx context.Context, from, to string) error {
	present, problem := NormalizeEmail(from)
	next, nextProblem := NormalizeEmail(to)
	if err := (Invalid{"from": problem, "to": nextProblem}).Err(); err != nil {
		return err
	}
	return a.transact(ctx, func(t *tx) error {
		user, err := models.LockUserByEmail(t.DB, present)
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return ErrNoAccount
		}
		if err != nil {
			return fmt.Errorf("find the user: %w", err)
		}
		if taken, err := a.emailTaken(t.DB, next, user.ID); err != nil {
			return err
		} else if taken {
			return ErrOthersEmail
		}
		now := t.now()
		if _, err := a.beginEmailChange(t, &models.EmailChange{UserID: user.ID, Email: next, OldProvenAt: &now}); err != nil {
			return err
		}
		return a.record(t, EventEmailChangeOffered, &user.ID, "", Client{}, nil)
	})
}

// beginEmailChange keeps the change in place of an older one and mails the new mailbox. It returns the token for the present one.
func (a *Auth) beginEmailChange(t *tx, change *models.EmailChange) (approve string, err error) {
	if err := voidEmailChanges(t, change.UserID); err != nil {
		return "", err
	}
	confirm, confirmHash := newToken()
	approve, approveHash := newToken()
	change.ID, change.NewTokenHash, change.OldTokenHash = newID(), confirmHash, approveHash
	change.CreatedAt, change.ExpiresAt = t.now(), t.now().Add(a.config.ConfirmTTL)
	if err := t.Create(change).Error; err != nil {
		return "", fmt.Errorf("keep the change of the address: %w", err)
	}
	taken, err := a.emailTaken(t.DB, change.Email, change.UserID)
	if err != nil {
		return "", err
	}
	if closing, err := closingLetter(t, change.Email, a.letters.EmailChangeClosing); err != nil { // feature:account_deletion
		return "", err // feature:account_deletion
	} else if closing != nil { // feature:account_deletion
		return approve, a.post(t, closing()) // feature:account_deletion
	} // feature:account_deletion
	if taken {
		return approve, a.post(t, a.letters.EmailChangeTaken(change.Email))
	}
	return approve, a.post(t, a.letters.ConfirmEmailChange(change.Email, confirm, a.config.ConfirmTTL))
}

// emailTaken says whether an address has an account, open or closed, or is kept for somebody else than this user.
func (a *Auth) emailTaken(db *gorm.DB, email, userID string) (bool, error) {
	has, err := models.HasAccount(db, email)
	if err != nil {
		return false, fmt.Errorf("look for the address: %w", err)
	}
	kept, err := a.emailKept(db, email, userID)
	return has || kept, err
}

// emailKept says whether an address is kept for somebody else than this user.
func (a *Auth) emailKept(db *gorm.DB, email, userID string) (bool, error) {
	kept, err := models.IsEmailKept(db, email, userID, a.now())
	if err != nil {
		return false, fmt.Errorf("look for the former address: %w", err)
	}
	return kept, nil
}

// holdKept returns ErrDeadLink where the address of a user who was just made is kept for somebody else. It looks after the row is written:
// the two of them met in the index, so that whoever came second sees what the first did.
func (a *Auth) holdKept(t *tx, user *models.User) error {
	kept, err := a.emailKept(t.DB, user.Email, user.ID)
	if err == nil && kept {
		return ErrDeadLink
	}
	return err
}

func voidEmailChanges(t *tx, userID string) error {
	if err := t.Where("user_id = ?", userID).Delete(&models.EmailChange{}).Error; err != nil {
		return fmt.Errorf("void the older change of the address: %w", err)
	}
	return nil
}

// EmailChange returns what the viewer is waiting for; nil for nothing.
func (a *Auth) EmailChange(ctx context.Context, viewer *Viewer) (*models.EmailChange, error) {
	change, err := models.EmailChangeOf(a.db.WithContext(ctx), viewer.User.ID, a.now())
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find the change of the address: %w", err)
	}
	return &change, nil
}

// CancelEmailChange ends what the viewer is waiting for. The error is ErrProofDue, so that no stolen session keeps its owner from leaving a
// mailbox that others read, or ErrChanged.
func (a *Auth) CancelEmailChange(ctx context.Context, viewer *Viewer, client Client) error {
	if err := a.Fresh(ctx, viewer); err != nil {
		return err
	}
	return a.inSession(ctx, viewer, func(t *tx, _ *models.User) error {
		if err := voidEmailChanges(t, viewer.User.ID); err != nil {
			return err
		}
		return a.record(t, EventEmailChangeCanceled, &viewer.User.ID, viewer.Session.ID, client, nil)
	})
}

// EmailLink is what a mailed link about a change of the address stands for.
type EmailLink struct {
	User    models.User
	Change  models.EmailChange
	Present bool // it was mailed to the present mailbox, not to the new one
}

// EmailLinkByToken returns what a mailed link approves or confirms; ErrDeadLink where there is nothing.
func (a *Auth) EmailLinkByToken(ctx context.Context, token string) (*EmailLink, error) {
	db := a.db.WithContext(ctx)
	link := &EmailLink{}
	var err error
	if link.Change, err = models.FindEmailChange(db, hashToken(token), a.now()); err == nil {
		err = db.Where("id = ? AND disabled_at IS NULL", link.Change.UserID).Take(&link.User).Error
	}
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, ErrDeadLink
	}
	if err != nil {
		return nil, fmt.Errorf("find the change of the address: %w", err)
	}
	link.Present = bytes.Equal(link.Change.OldTokenHash, hashToken(token))
	return link, nil
}

// liveEmailLink is EmailLinkByToken that counts dead links.
func (a *Auth) liveEmailLink(ctx context.Context, token string, client Client) (*EmailLink, error) {
	link, err := a.EmailLinkByToken(ctx, token)
	return link, a.countDead(ctx, client, err)
}

// ProveEmailChange takes the word of one of the mailboxes, once, and changes the address when it is the second of them: changed says so.
// The error is a Limited, or ErrDeadLink also where the address was taken meanwhile.
func (a *Auth) ProveEmailChange(ctx context.Context, token string, client Client) (link *EmailLink, changed bool, err error) {
	link, err = a.liveEmailLink(ctx, token, client)
	if err != nil {
		return nil, false, err
	}
	err = a.transact(ctx, func(t *tx) error {
		user, err := owner(models.LockUser(t.DB, link.User.ID))
		if err != nil {
			return err
		}
		change, err := a.useEmailLink(t, link)
		if err != nil {
			return err
		}
		if changed = change.NewProvenAt != nil && change.OldProvenAt != nil; changed {
			return a.changeEmail(t, user, change, client)
		}
		return a.record(t, EventEmailChangeApproved, &user.ID, "", client, nil)
	})
	if errors.Is(err, errEmailTaken) {
		voided := a.transact(ctx, func(t *tx) error { return voidEmailChanges(t, link.User.ID) })
		return nil, false, errors.Join(ErrDeadLink, voided)
	}
	return link, changed, err
}

// useEmailLink notes that the link's mailbox agrees, and returns the change as it is then. One statement decides which of several
// submissions wins.
func (a *Auth) useEmailLink(t *tx, link *EmailLink) (change models.EmailChange, err error) {
	proven, token, hash := "new_proven_at", "new_token_hash", link.Change.NewTokenHash
	if link.Present {
		proven, token, hash = "old_proven_at", "old_token_hash", link.Change.OldTokenHash
	}
	used := t.Model(&models.EmailChange{}).Where(token+" = ? AND "+proven+" IS NULL AND expires_at > ?", hash, t.now()).Update(proven, t.now())
	if used.Error != nil {
		return change, fmt.Errorf("use the link: %w", used.Error)
	}
	if used.RowsAffected == 0 {
		return change, ErrDeadLink
	}
	if err := t.Where("id = ?", link.Change.ID).Take(&change).Error; err != nil {
		return change, fmt.Errorf("read the change of the address: %w", err)
	}
	return change, nil
}

// changeEmail gives the user the new address. Every session but the one that asked ends, and whatever was mailed to the former address
// opens nothing any more but the way back.
func (a *Auth) changeEmail(t *tx, user *models.User, change models.EmailChange, client Client) error {
	former := user.Email
	if err := a.setEmail(t, user, change.Email); err != nil {
		return err
	}
	others, err := othersSince(t, user, t.now())
	if err != nil {
		return err
	}
	if err := errors.Join(endSignIns(t, user.ID, ""), voidMailed(t, user.ID), voidAlerts(t, user.ID)); err != nil {
		return err
	}
	if _, err := a.endSessions(t, "user_id = ? AND id <> ?", user.ID, change.SessionID); err != nil {
		return err
	}
	if change.SessionID == "" { // whoever runs the application asked for it, from nowhere that tells anything
		change.CreatedAt, change.IP, change.Device = t.now(), client.IP.String(), client.Device()
	}
	if others, err = a.leaveEmail(t, user, former, change, others); err != nil {
		return err
	}
	err = a.alertSince(t, user, client, others, func(i mail.Incident) mail.Message {
		return a.letters.EmailChanged(user.Email, asked(change, i.Token, i.Life))
	})
	if err != nil {
		return err
	}
	return a.record(t, EventEmailChanged, &user.ID, "", client, nil)
}

// leaveEmail tells the mailbox of the address that was left, with a link that is the way back to it for a while. Where the user has gone
// back to an address that still has such a link, that one stays and there is none to those that they had since: otherwise a thief who moves
// the account to an address of theirs, and back again, would take the owner's way back and have one. It returns since when the account may have
// been somebody else's, which was others, or before the address was left that is back.
func (a *Auth) leaveEmail(t *tx, user *models.User, left string, change models.EmailChange, others time.Time) (since time.Time, err error) {
	var kept []models.FormerEmail
	if err := t.Where("user_id = ? AND expires_at > ?", user.ID, t.now()).Order("created_at").Find(&kept).Error; err != nil {
		return others, fmt.Errorf("look for former addresses: %w", err)
	}
	if back := slices.IndexFunc(kept, func(f models.FormerEmail) bool { return f.Email == user.Email }); back >= 0 {
		if err := a.endFormerEmails(t, "user_id = ? AND created_at > ? AND email <> ?", user.ID, kept[back].CreatedAt, user.Email); err != nil {
			return others, err
		}
		if since = kept[back].Since(); others.Before(since) {
			since = others
		}
		return since, a.leaveForGood(t, left)
	}
	undo, hash := newToken()
	former := models.FormerEmail{ID: newID(), UserID: user.ID, Email: left, TokenHash: hash, OthersSince: &others, CreatedAt: t.now(), ExpiresAt: t.now().Add(undoFor)}
	// They are undone in the order of their times, whichever server's clock these are from.
	if n := len(kept); n > 0 && !kept[n-1].CreatedAt.Before(former.CreatedAt) {
		former.CreatedAt = kept[n-1].CreatedAt.Add(time.Microsecond)
	}
	if err := t.Create(&former).Error; err != nil {
		return others, fmt.Errorf("keep the former address: %w", err)
	}
	return others, a.post(t, a.letters.UndoEmailChange(left, asked(change, undo, undoFor)))
}

// leaveForGood tells the mailbox of an address that the account has the one before again.
func (a *Auth) leaveForGood(t *tx, left string) error {
	if err := a.leave(t, left, t.now()); err != nil {
		return err
	}
	return a.post(t, a.letters.EmailChangeUndone(left))
}

// setEmail gives the user another address; errEmailTaken where it is somebody else's, or kept for them.
func (a *Auth) setEmail(t *tx, user *models.User, email string) error {
	err := t.Model(&models.User{}).Where("id = ?", user.ID).Updates(map[string]any{"email": email, "updated_at": t.now()}).Error
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return errEmailTaken
	}
	if err != nil {
		return fmt.Errorf("set the address: %w", err)
	}
	user.Email = email
	if err := a.holdKept(t, user); errors.Is(err, ErrDeadLink) {
		return errEmailTaken
	} else if err != nil {
		return err
	}
	return nil
}

// DeclineEmailChange takes the word of the present mailbox's owner that the change was not asked for by them. As with Disown, whoever asked
// for it is locked out, and SignIn with ByReset goes on. The error is a Limited or ErrDeadLink.
func (a *Auth) DeclineEmailChange(ctx context.Context, token, device string, client Client) (user *models.User, newDevice string, err error) {
	link, err := a.liveEmailLink(ctx, token, client)
	if err == nil && !link.Present {
		err = ErrDeadLink // the new mailbox may be a stranger's
	}
	if err != nil {
		return nil, "", err
	}
	err = a.transact(ctx, func(t *tx) error {
		if user, err = owner(models.LockUser(t.DB, link.User.ID)); err != nil {
			return err
		}
		if _, err := a.useEmailLink(t, link); err != nil {
			return err
		}
		if newDevice, err = a.lockOut(t, user, link.Change.CreatedAt, device); err != nil {
			return err
		}
		return a.record(t, EventDisowned, &user.ID, "", client, nil)
	})
	return user, newDevice, err
}

// FormerEmailByToken returns the account whose address a link in its former mailbox changes back, and to what; ErrDeadLink where there is
// none. Whoever closed the account, to have it deleted, does not close that way.
func (a *Auth) FormerEmailByToken(ctx context.Context, token string) (user *models.User, former string, err error) {
	db := a.db.WithContext(ctx)
	var row models.FormerEmail
	err = db.Where("token_hash = ? AND expires_at > ?", hashToken(token), a.now()).Take(&row).Error
	if err == nil {
		err = db.Where("id = ?", row.UserID).Where(comesBack()).Take(&user).Error
	}
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, "", ErrDeadLink
	}
	if err != nil {
		return nil, "", fmt.Errorf("find the former address: %w", err)
	}
	return user, row.Email, nil
}

// UndoEmailChange puts the address back that a user had before, once for each link, and voids what the change allowed: whoever made it is
// locked out as with Disown, and SignIn with ByReset goes on for the owner of the former mailbox. Changes after this one are undone with it.
// The error is a Limited or ErrDeadLink.
func (a *Auth) UndoEmailChange(ctx context.Context, token, device string, client Client) (user *models.User, newDevice string, err error) {
	user, _, err = a.FormerEmailByToken(ctx, token)
	if err != nil {
		return nil, "", a.countDead(ctx, client, err)
	}
	err = a.transact(ctx, func(t *tx) error {
		if err := a.callOffDeletion(t, user.ID, client); err != nil { // feature:account_deletion
			return err // feature:account_deletion
		} // feature:account_deletion
		if user, err = owner(models.LockUser(t.DB, user.ID)); err != nil {
			return err
		}
		undone := user.Email
		since, err := a.useFormerEmail(t, user, token)
		if err != nil {
			return err
		}
		if newDevice, err = a.lockOut(t, user, since, device); err != nil {
			return err
		}
		if undone != user.Email {
			if err := a.leaveForGood(t, undone); err != nil {
				return err
			}
		}
		return a.record(t, EventEmailChangeUndone, &user.ID, "", client, nil)
	})
	return user, newDevice, err
}

// useFormerEmail puts the former address back with the way to it and to those after it used up, and returns since when the account may have
// been somebody else's.
func (a *Auth) useFormerEmail(t *tx, user *models.User, token string) (since time.Time, err error) {
	var former models.FormerEmail
	err = t.Where("token_hash = ? AND user_id = ? AND expires_at > ?", hashToken(token), user.ID, t.now()).Take(&former).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return since, ErrDeadLink // of several at once, the first one that had the user has used it
	}
	if err != nil {
		return since, fmt.Errorf("read the former address: %w", err)
	}
	if err := t.Delete(&former).Error; err != nil {
		return since, fmt.Errorf("use the way back: %w", err)
	}
	if err := a.endFormerEmails(t, "user_id = ? AND created_at > ?", user.ID, former.CreatedAt); err != nil {
		return since, err
	}
	if err := a.setEmail(t, user, former.Email); errors.Is(err, errEmailTaken) {
		return since, ErrDeadLink
	} else if err != nil {
		return since, err
	}
	return former.Since(), nil
}

// endFormerEmails ends the time in which these former addresses were kept, and leaves them to whoever has them next.
func (a *Auth) endFormerEmails(t *tx, where string, args ...any) error {
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

// leave removes what is kept under an address that an account had until a time. The counts go when the address is free and not before: one
// that ended with the change would tell strangers of it.
func (a *Auth) leave(t *tx, email string, until time.Time) error {
	if err := a.outbox.Forget(t.DB, email, until); err != nil {
		return err
	}
	return a.forgetCounts(t, email)
}

// sweepFormerEmails ends the former addresses whose time is over, each in a transaction of its own.
func (a *Auth) sweepFormerEmails(ctx context.Context) error {
	var over []string
	err := a.db.WithContext(ctx).Model(&models.FormerEmail{}).Where("expires_at <= ?", a.now()).Order("expires_at, id").Pluck("id", &over).Error
	if err != nil {
		return fmt.Errorf("list the former addresses: %w", err)
	}
	var failed error
	for _, id := range over {
		failed = errors.Join(failed, a.transact(ctx, func(t *tx) error { return a.endFormerEmails(t, "id = ?", id) }))
	}
	return failed
}
