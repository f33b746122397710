package auth

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"example.com/gatehouse/auth/limit"
	"example.com/gatehouse/mail"
	"example.com/gatehouse/models"
)

// registrations is the table of sign-ups.
const registrations = "registrations"

// Register starts a sign-up and mails the address its link. It returns the token that tells this browser from others.
// Whether the address has an account shows in the mail alone: the rows, the statements and the hash are the same.
func (a *Auth) Register(ctx context.Context, name, address, password string, client Client) (browser string, err error) {
	// Counted before anything is checked: an invalid form costs work as well.
	if err := a.Attempt(ctx, client, limitRegistrationForm.From(client.IP)...); err != nil {
		return "", err
	}
	name, email, err := a.checkPerson(name, address, password)
	if err != nil {
		return "", err
	}
	asked := limitRegistrationIP.From(client.IP)
	if err := a.Attempt(ctx, client, asked...); err != nil {
		return "", err
	}
	hash, err := a.hasher.Hash(ctx, password)
	if err != nil {
		return "", cmp.Or(a.Refund(ctx, asked...), err)
	}
	mailed, err := a.mayMailRegistration(ctx, email, client)
	if err != nil {
		return "", err
	}
	browser, browserHash := NewToken()
	registration := models.Registration{ID: NewID(), Name: name, Email: email, PasswordHash: hash, BrowserHash: browserHash, CreatedAt: a.now()}
	err = a.Transact(ctx, func(t *Tx) error {
		token := a.renewRegistration(&registration)
		if err := t.Create(&registration).Error; err != nil {
			return fmt.Errorf("keep the sign-up: %w", err)
		}
		if err := a.registered(t, &registration); err != nil {
			return err
		}
		if mailed {
			if err := a.mailRegistration(t, registration, token); err != nil {
				return err
			}
		}
		return a.Record(t, EventRegistrationRequested, Subject{Client: client}, Detail{"registration": registration.ID})
	})
	return browser, err
}

// mayMailRegistration counts a mail under its recipient, and says whether it may go out. Strangers who use the share up keep nobody from
// signing up: each link that was mailed meanwhile confirms what its reader's browser has begun (see RegistrationByLink).
func (a *Auth) mayMailRegistration(ctx context.Context, email string, client Client) (bool, error) {
	err := a.Attempt(ctx, client, limitRegistrationMail.By(email))
	if _, used := errors.AsType[Limited](err); used {
		return false, nil
	}
	return err == nil, err
}

// renewRegistration gives the sign-up a new token, which voids the link mailed before, and its full life.
func (a *Auth) renewRegistration(registration *models.Registration) (token string) {
	token, registration.TokenHash = NewToken()
	registration.ExpiresAt = a.now().Add(a.config.ConfirmTTL)
	return token
}

// mailRegistration mails the link, or tells the owner of a taken address that somebody tried. One letter is written, whichever it is: a
// second would show by the time (ASVS 6.3.8).
func (a *Auth) mailRegistration(t *Tx, registration models.Registration, token string) error {
	message := func() mail.Message {
		return a.messages.ConfirmAddress(registration.Email, token, a.config.ConfirmTTL)
	}
	switch _, err := models.FindUserByEmail(t.DB, registration.Email); {
	case err == nil:
		message = func() mail.Message { return a.messages.AddressTaken(registration.Email) }
	case !errors.Is(err, gorm.ErrRecordNotFound):
		return fmt.Errorf("look for the address: %w", err)
	}
	if closing, err := closingMessage(t, registration.Email, a.messages.AccountClosing); err != nil {
		return err
	} else if closing != nil {
		message = closing
	}
	if kept, err := a.emailReserved(t.DB, registration.Email, ""); err != nil {
		return err
	} else if kept {
		message = func() mail.Message { return a.messages.EmailReserved(registration.Email) }
	}
	return a.Enqueue(t, message())
}

// PendingRegistration returns the sign-up that this browser started and nobody has confirmed; ErrInvalidLink where there is none.
func (a *Auth) PendingRegistration(ctx context.Context, browser string) (*models.Registration, error) {
	if browser == "" {
		return nil, ErrInvalidLink
	}
	return a.findRegistration(ctx, "browser_hash = ?", HashToken(browser))
}

// RegistrationByLink returns the sign-up that a mailed link confirms in this browser; ErrInvalidLink where there is none. It is the one that
// was started here, if that is for the same address, whichever the link was mailed for: who has it holds the mailbox. Otherwise it is that
// for which it was mailed, and here is false.
func (a *Auth) RegistrationByLink(ctx context.Context, token, browser string) (registration *models.Registration, here bool, err error) {
	mailed, err := a.findRegistration(ctx, "token_hash = ?", HashToken(token))
	if errors.Is(err, ErrInvalidLink) {
		return nil, false, invalidLink(a.db.WithContext(ctx), registrations, HashToken(token), a.now())
	}
	if err != nil {
		return nil, false, err
	}
	own, err := a.PendingRegistration(ctx, browser)
	switch {
	case err == nil && own.Email == mailed.Email:
		return own, true, nil
	case err != nil && !errors.Is(err, ErrInvalidLink):
		return nil, false, err
	case mailed.PasswordHash == "":
		return nil, false, ErrInvalidLink // a correction has left it behind
	}
	return mailed, false, nil
}

func (a *Auth) findRegistration(ctx context.Context, where string, hash []byte) (*models.Registration, error) {
	var registration models.Registration
	err := a.db.WithContext(ctx).Where(where+" AND expires_at > ?", hash, a.now()).Take(&registration).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, ErrInvalidLink
	}
	if err != nil {
		return nil, fmt.Errorf("find the sign-up: %w", err)
	}
	return &registration, nil
}

// ErrMailedEnough says that an address has had so many links that it gets no more for now. The newest of them works.
var ErrMailedEnough = errors.New("the address has had its share of mail")

// ResendRegistration mails the browser's sign-up a new link; older ones stop working. The error is a Limited, ErrInvalidLink or
// ErrMailedEnough, which changes nothing.
func (a *Auth) ResendRegistration(ctx context.Context, browser string, client Client) error {
	registration, err := a.PendingRegistration(ctx, browser)
	if err != nil {
		return err
	}
	return a.remail(ctx, *registration, registration.Email, EventRegistrationResent, client)
}

// CorrectRegistration moves the browser's sign-up to another address and mails that; the link mailed to the first stops working.
// The error is an Invalid, a Limited, ErrInvalidLink or ErrMailedEnough, with which it is moved all the same.
func (a *Auth) CorrectRegistration(ctx context.Context, browser, address string, client Client) error {
	email, problem := models.NormalizeEmail(address)
	if err := (Invalid{"email": problem}).Err(); err != nil {
		return err
	}
	registration, err := a.PendingRegistration(ctx, browser)
	if err != nil {
		return err
	}
	return a.remail(ctx, *registration, email, EventRegistrationCorrected, client)
}

// remail gives a sign-up a new link and mails it to an address, which may be another than the former.
func (a *Auth) remail(ctx context.Context, former models.Registration, email, event string, client Client) error {
	if err := a.Attempt(ctx, client, limitRegistrationIP.From(client.IP)...); err != nil {
		return err
	}
	mailed, err := a.mayMailRegistration(ctx, email, client)
	if err != nil {
		return err
	}
	if !mailed && email == former.Email {
		return ErrMailedEnough
	}
	next := former
	next.Email = email
	err = a.Transact(ctx, func(t *Tx) error {
		token := a.renewRegistration(&next)
		if err := replaceRegistration(t, former, next); err != nil {
			return err
		}
		if mailed {
			if err := a.mailRegistration(t, next, token); err != nil {
				return err
			}
		}
		return a.Record(t, event, Subject{Client: client}, Detail{"registration": next.ID})
	})
	if err == nil && !mailed {
		return ErrMailedEnough // though the sign-up has moved
	}
	return err
}

// replaceRegistration puts next in a sign-up's place. The former token in the condition: one that was just confirmed, or just mailed anew, is
// not brought back. The error may be ErrInvalidLink.
func replaceRegistration(t *Tx, former, next models.Registration) error {
	renewed := t.Model(&models.Registration{}).Where("id = ? AND token_hash = ?", former.ID, former.TokenHash).
		Updates(map[string]any{"email": next.Email, "token_hash": next.TokenHash, "expires_at": next.ExpiresAt})
	if renewed.Error != nil {
		return fmt.Errorf("renew the sign-up: %w", renewed.Error)
	}
	if renewed.RowsAffected == 0 {
		return ErrInvalidLink
	}
	if next.Email == former.Email {
		return nil
	}
	return leaveBehind(t, former)
}

// leaveBehind keeps the link of a sign-up that was corrected. It confirms nothing any more, but still shows to whom it was mailed:
// otherwise a stranger could use the share of an address up and take all links back.
func leaveBehind(t *Tx, registration models.Registration) error {
	registration.ID, registration.Name, registration.PasswordHash = NewID(), "", ""
	_, registration.BrowserHash = NewToken()
	if err := t.Create(&registration).Error; err != nil {
		return fmt.Errorf("keep the link to the former address: %w", err)
	}
	return nil
}

// BySignUp is the proof of who has just confirmed their sign-up.
func BySignUp() Authentication { return Authentication{Method: MethodSignUp} }

// ConfirmRegistration makes the account. In a browser other than the one that signed up the account's password is asked for as
// well: otherwise the owner of an address could be led to confirm an account whose password a stranger knows. Everything
// else that was started for the address is void from then on. The error is an Invalid, a Limited, hash.ErrBusy or ErrInvalidLink.
func (a *Auth) ConfirmRegistration(ctx context.Context, token, browser, password string, client Client) (*models.User, error) {
	registration, here, err := a.RegistrationByLink(ctx, token, browser)
	if err != nil {
		return nil, err
	}
	if !here {
		if err := a.checkRegistrationPassword(ctx, registration, password, client); err != nil {
			return nil, err
		}
	}
	now := a.now()
	user := models.User{ID: NewID(), Name: registration.Name, Email: registration.Email, PasswordHash: registration.PasswordHash, CreatedAt: now, UpdatedAt: now}
	err = a.Transact(ctx, func(t *Tx) error {
		if err := useRegistration(t, registration, HashToken(token)); err != nil {
			return err
		}
		if err := t.Create(&user).Error; errors.Is(err, gorm.ErrDuplicatedKey) {
			return ErrInvalidLink // somebody confirmed another sign-up for the address in this very moment
		} else if err != nil {
			return fmt.Errorf("make the account: %w", err)
		}
		if err := a.releaseReserved(t, &user); err != nil {
			return err
		}
		if err := a.userCreated(t, &user, registration, client); err != nil {
			return err
		}
		if err := t.Where("id = ?", registration.ID).Delete(&models.Registration{}).Error; err != nil {
			return fmt.Errorf("use the sign-up: %w", err)
		}
		return a.Record(t, EventEmailConfirmed, Subject{UserID: &user.ID, Client: client}, Detail{"registration": registration.ID})
	})
	if err != nil {
		return nil, err
	}
	return &user, nil
}

// useRegistration uses the link up, and voids those of all other sign-ups for the address. Their rows stay until they expire: the
// browsers they were started in must not learn that the address has an account now (ASVS 6.3.8).
func useRegistration(t *Tx, registration *models.Registration, tokenHash []byte) error {
	waiting, err := models.LockRegistrations(t.DB, registration.Email)
	if err != nil {
		return fmt.Errorf("lock the sign-ups: %w", err)
	}
	used, living := false, false
	for _, w := range waiting {
		living = living || bytes.Equal(w.TokenHash, tokenHash)
		if w.ID == registration.ID {
			used = true
			continue
		}
		_, void := NewToken()
		if err := t.Model(&w).Update("token_hash", void).Error; err != nil {
			return fmt.Errorf("void a sign-up: %w", err)
		}
	}
	if !used || !living {
		return invalidLink(t.DB, registrations, tokenHash, t.Now())
	}
	return RememberUsed(t, registrations, tokenHash)
}

func (a *Auth) checkRegistrationPassword(ctx context.Context, registration *models.Registration, password string, client Client) error {
	if password == "" {
		return Invalid{"password": "Enter the password you chose when you signed up."}
	}
	ok, err := a.AttemptSecret(ctx, client, []limit.Counter{LimitConfirm.By(registration.ID)},
		func() (bool, error) {
			ok, _, err := a.hasher.Verify(ctx, password, registration.PasswordHash)
			return ok, err
		},
		func(t *Tx) error {
			return a.Record(t, EventConfirmationFailed, Subject{Client: client}, Detail{"registration": registration.ID})
		})
	if err == nil && !ok {
		return Invalid{"password": "That is not the password this account was signed up with."}
	}
	return err
}
