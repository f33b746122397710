package auth

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/auth/limit"
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

// emailChanges is the table of changes that wait for a mailbox.
const emailChanges = "email_changes"

// limitEmailChange bounds what one person has mailed; registrationMail bounds what a mailbox gets, whoever asks.
var limitEmailChange = limit.Limit{Name: "email-change", Max: 5, Window: time.Hour}

// EmailChangeLimits are the limits on asking for a change of address.
var EmailChangeLimits = []limit.Limit{limitEmailChange, limitRegistrationMail}

// errEmailTaken says that somebody else got the address before both mailboxes had agreed.
var errEmailTaken = errors.New("the address is somebody else's")

// RequestEmailChange begins a change of the user's address: both mailboxes get a link, and the address changes when both were used. An
// older request is void. Whether the new address has an account shows in the mail to it alone; the rows and the statements are the same.
// The error is an Invalid, a Limited, ErrReauthRequired or ErrChanged.
func (a *Auth) RequestEmailChange(ctx context.Context, actor *Actor, address string) error {
	email, problem := models.NormalizeEmail(address)
	if problem == "" && email == actor.User.Email {
		problem = "That is your address already."
	}
	if err := (Invalid{"email": problem}).Err(); err != nil {
		return err
	}
	if err := a.RequireRecentLogin(ctx, actor); err != nil {
		return err
	}
	if err := a.Attempt(ctx, actor.Client, limitEmailChange.By(actor.User.ID), limitRegistrationMail.By(email)); err != nil {
		return err
	}
	return a.InSession(ctx, actor, func(t *Tx, user *models.User) error {
		change := models.EmailChange{UserID: user.ID, Email: email, SessionID: actor.Session.ID, IP: actor.Client.Address(), Device: actor.Client.Device()}
		approve, err := a.beginEmailChange(t, &change)
		if err != nil {
			return err
		}
		if err := a.Enqueue(t, a.messages.ApproveEmailChange(user.Email, asked(change, approve, a.config.ConfirmTTL))); err != nil {
			return err
		}
		return a.Record(t, EventEmailChangeRequested, SubjectOf(actor), nil)
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
	present, problem := models.NormalizeEmail(from)
	next, nextProblem := models.NormalizeEmail(to)
	if err := (Invalid{"from": problem, "to": nextProblem}).Err(); err != nil {
		return err
	}
	return a.forOperator(ctx, present, func(t *Tx, user *models.User) error {
		if taken, err := a.emailTaken(t.DB, next, user.ID); err != nil {
			return err
		} else if taken {
			return ErrOthersEmail
		}
		now := t.Now()
		if _, err := a.beginEmailChange(t, &models.EmailChange{UserID: user.ID, Email: next, OldProvenAt: &now}); err != nil {
			return err
		}
		return a.Record(t, EventEmailChangeOffered, Subject{UserID: &user.ID}, nil)
	})
}

// beginEmailChange keeps the change in place of an older one and mails the new mailbox. It returns the token for the present one.
func (a *Auth) beginEmailChange(t *Tx, change *models.EmailChange) (approve string, err error) {
	if err := voidEmailChanges(t, change.UserID); err != nil {
		return "", err
	}
	confirm, confirmHash := NewToken()
	approve, approveHash := NewToken()
	change.ID, change.NewTokenHash, change.OldTokenHash = NewID(), confirmHash, approveHash
	change.CreatedAt, change.ExpiresAt = t.Now(), t.Now().Add(a.config.ConfirmTTL)
	if err := t.Create(change).Error; err != nil {
		return "", fmt.Errorf("keep the change of the address: %w", err)
	}
	taken, err := a.emailTaken(t.DB, change.Email, change.UserID)
	if err != nil {
		return "", err
	}
	if closing, err := closingMessage(t, change.Email, a.messages.EmailChangeClosing); err != nil {
		return "", err
	} else if closing != nil {
		return approve, a.Enqueue(t, closing())
	}
	if taken {
		return approve, a.Enqueue(t, a.messages.EmailChangeTaken(change.Email))
	}
	return approve, a.Enqueue(t, a.messages.ConfirmEmailChange(change.Email, confirm, a.config.ConfirmTTL))
}

// emailTaken says whether an address has an account, open or closed, or is kept for somebody else than this user.
func (a *Auth) emailTaken(db *gorm.DB, email, userID string) (bool, error) {
	has, err := models.HasAccount(db, email)
	if err != nil {
		return false, fmt.Errorf("look for the address: %w", err)
	}
	kept, err := a.emailReserved(db, email, userID)
	return has || kept, err
}

// emailReserved says whether an address is kept for somebody else than this user.
func (a *Auth) emailReserved(db *gorm.DB, email, userID string) (bool, error) {
	kept, err := models.IsEmailReserved(db, email, userID, a.now())
	if err != nil {
		return false, fmt.Errorf("look for the former address: %w", err)
	}
	return kept, nil
}

// releaseReserved returns ErrInvalidLink where the address of a user who was just made is kept for somebody else. It looks after the row is written:
// the two of them met in the index, so that whoever came second sees what the first did.
func (a *Auth) releaseReserved(t *Tx, user *models.User) error {
	kept, err := a.emailReserved(t.DB, user.Email, user.ID)
	if err == nil && kept {
		return ErrInvalidLink
	}
	return err
}

func voidEmailChanges(t *Tx, userID string) error {
	if err := t.Where("user_id = ?", userID).Delete(&models.EmailChange{}).Error; err != nil {
		return fmt.Errorf("void the older change of the address: %w", err)
	}
	return nil
}

// voidEmailChangeAskedIn voids a change of the user's address that was asked for in a session, given by a condition on session_id. Its links
// would otherwise still move the account after the owner has ended that session. A change that the operator offered was asked for in none, and
// stays.
func (a *Auth) voidEmailChangeAskedIn(t *Tx, userID, session string, args ...any) error {
	voided := t.Where("user_id = ? AND session_id <> ''", userID).Where(session, args...).Delete(&models.EmailChange{})
	if voided.Error != nil {
		return fmt.Errorf("void the change of the address: %w", voided.Error)
	}
	if voided.RowsAffected == 0 {
		return nil
	}
	return a.Record(t, EventEmailChangeCanceled, Subject{UserID: &userID}, nil)
}

// EmailChange returns what the user is waiting for; nil for nothing.
func (a *Auth) EmailChange(ctx context.Context, actor *Actor) (*models.EmailChange, error) {
	change, err := models.EmailChangeOf(a.db.WithContext(ctx), actor.User.ID, a.now())
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find the change of the address: %w", err)
	}
	return &change, nil
}

// CancelEmailChange ends what the user is waiting for. The error is ErrReauthRequired, so that no stolen session keeps its owner from leaving a
// mailbox that others read, or ErrChanged.
func (a *Auth) CancelEmailChange(ctx context.Context, actor *Actor) error {
	if err := a.RequireRecentLogin(ctx, actor); err != nil {
		return err
	}
	return a.InSession(ctx, actor, func(t *Tx, _ *models.User) error {
		waiting := t.Where("user_id = ?", actor.User.ID).Delete(&models.EmailChange{})
		if waiting.Error != nil {
			return fmt.Errorf("cancel the change of the address: %w", waiting.Error)
		}
		if waiting.RowsAffected == 0 {
			return nil
		}
		return a.Record(t, EventEmailChangeCanceled, SubjectOf(actor), nil)
	})
}

// EmailLink is what a mailed link about a change of the address stands for.
type EmailLink struct {
	User    models.User
	Change  models.EmailChange
	Present bool // it was mailed to the present mailbox, not to the new one
}

// EmailLinkByToken returns what a mailed link approves or confirms; ErrInvalidLink where there is nothing.
func (a *Auth) EmailLinkByToken(ctx context.Context, token string) (*EmailLink, error) {
	db := a.db.WithContext(ctx)
	link := &EmailLink{}
	var err error
	if link.Change, err = models.FindEmailChange(db, HashToken(token), a.now()); err == nil {
		link.User, err = models.FindUser(db, link.Change.UserID)
	}
	if err = a.InvalidIfNone(db, err, emailChanges, token); err != nil {
		return nil, fmt.Errorf("find the change of the address: %w", err)
	}
	link.Present = bytes.Equal(link.Change.OldTokenHash, HashToken(token))
	if link.Present && link.Change.OldProvenAt != nil || !link.Present && link.Change.NewProvenAt != nil {
		return nil, invalidLink(db, emailChanges, HashToken(token), a.now())
	}
	return link, nil
}

// liveEmailLink is EmailLinkByToken that counts dead links.
func (a *Auth) liveEmailLink(ctx context.Context, token string, client Client) (*EmailLink, error) {
	link, err := a.EmailLinkByToken(ctx, token)
	return link, a.CountInvalid(ctx, client, err)
}

// ProveEmailChange takes the word of one of the mailboxes, once, and changes the address when it is the second of them: changed says so.
// The error is a Limited, or ErrInvalidLink also where the address was taken meanwhile.
func (a *Auth) ProveEmailChange(ctx context.Context, token string, client Client) (link *EmailLink, changed bool, err error) {
	link, err = a.liveEmailLink(ctx, token, client)
	if err != nil {
		return nil, false, err
	}
	err = a.Transact(ctx, func(t *Tx) error {
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
		return a.Record(t, EventEmailChangeApproved, Subject{UserID: &user.ID, Client: client}, nil)
	})
	if errors.Is(err, errEmailTaken) {
		voided := a.Transact(ctx, func(t *Tx) error { return voidEmailChanges(t, link.User.ID) })
		return nil, false, cmp.Or(voided, ErrInvalidLink)
	}
	return link, changed, err
}

// useEmailLink notes that the link's mailbox agrees, and returns the change as it is then. One statement decides which of several
// submissions wins.
func (a *Auth) useEmailLink(t *Tx, link *EmailLink) (change models.EmailChange, err error) {
	proven, token, hash := "new_proven_at", "new_token_hash", link.Change.NewTokenHash
	if link.Present {
		proven, token, hash = "old_proven_at", "old_token_hash", link.Change.OldTokenHash
	}
	used := t.Model(&models.EmailChange{}).Where(token+" = ? AND "+proven+" IS NULL AND expires_at > ?", hash, t.Now()).Update(proven, t.Now())
	if used.Error != nil {
		return change, fmt.Errorf("use the link: %w", used.Error)
	}
	if used.RowsAffected == 0 {
		return change, invalidLink(t.DB, emailChanges, hash, t.Now())
	}
	if err := RememberUsed(t, emailChanges, hash); err != nil {
		return change, err
	}
	if err := t.Where("id = ?", link.Change.ID).Take(&change).Error; err != nil {
		return change, fmt.Errorf("read the change of the address: %w", err)
	}
	return change, nil
}

// changeEmail gives the user the new address. Every session but the one that asked ends, and whatever was mailed to the former address
// opens nothing any more but the way back.
func (a *Auth) changeEmail(t *Tx, user *models.User, change models.EmailChange, client Client) error {
	former := user.Email
	if err := a.setEmail(t, user, change.Email); err != nil {
		return err
	}
	since, err := othersSince(t, user, t.Now())
	if err != nil {
		return err
	}
	kept, err := formerEmails(t, user.ID)
	if err != nil {
		return err
	}
	if err := endPendingLogins(t, user.ID, ""); err != nil {
		return err
	}
	if err := a.voidMailed(t, user.ID); err != nil {
		return err
	}
	if err := voidAlerts(t, user.ID); err != nil {
		return err
	}
	if _, err := a.endSessions(t, "user_id = ? AND id <> ?", user.ID, change.SessionID); err != nil {
		return err
	}
	if change.SessionID == "" { // whoever runs the application asked for it, from nowhere that tells anything
		change.CreatedAt, change.IP, change.Device = t.Now(), client.Address(), client.Device()
	}
	if back := slices.IndexFunc(kept, func(f models.FormerEmail) bool { return f.Email == user.Email }); back >= 0 {
		since = earlier(since, kept[back].Since())
		err = a.goBack(t, user, kept[back], former)
	} else {
		err = a.keepWayBack(t, user, former, change, since, kept)
	}
	if err != nil {
		return err
	}
	err = a.alertSince(t, user, client, since, func(i mail.Incident) mail.Message {
		return a.messages.EmailChanged(user.Email, asked(change, i.Token, i.Life))
	})
	if err != nil {
		return err
	}
	return a.Record(t, EventEmailChanged, Subject{UserID: &user.ID, Client: client}, nil)
}

// setEmail gives the user another address; errEmailTaken where it is somebody else's, or kept for them.
func (a *Auth) setEmail(t *Tx, user *models.User, email string) error {
	err := t.Model(&models.User{}).Where("id = ?", user.ID).Updates(map[string]any{"email": email, "updated_at": t.Now()}).Error
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return errEmailTaken
	}
	if err != nil {
		return fmt.Errorf("set the address: %w", err)
	}
	user.Email = email
	if err := a.releaseReserved(t, user); errors.Is(err, ErrInvalidLink) {
		return errEmailTaken
	} else if err != nil {
		return err
	}
	return nil
}

// DeclineEmailChange takes the word of the present mailbox's owner that the change was not asked for by them. As with ReportCompromise, whoever asked
// for it is locked out, and Login with ByReset goes on. The error is a Limited or ErrInvalidLink.
func (a *Auth) DeclineEmailChange(ctx context.Context, token string, client Client) (user *models.User, newDevice string, err error) {
	link, err := a.liveEmailLink(ctx, token, client)
	if err == nil && !link.Present {
		err = ErrInvalidLink // the new mailbox may be a stranger's
	}
	if err != nil {
		return nil, "", err
	}
	err = a.Transact(ctx, func(t *Tx) error {
		if user, err = owner(models.LockUser(t.DB, link.User.ID)); err != nil {
			return err
		}
		if _, err := a.useEmailLink(t, link); err != nil {
			return err
		}
		if newDevice, err = a.secureAccount(t, user, link.Change.CreatedAt); err != nil {
			return err
		}
		return a.Record(t, EventCompromiseReported, Subject{UserID: &user.ID, Client: client}, nil)
	})
	return user, newDevice, err
}
