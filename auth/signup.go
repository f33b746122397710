package auth

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"example.com/gatehouse/models"
)

// Register starts a sign-up and mails the address its link. It returns the token that tells this browser from others.
// Whether the address has an account shows in the mail alone: the rows, the statements and the hash are the same.
func (a *Auth) Register(ctx context.Context, name, address, password string, client Client) (browser string, err error) {
	name, email, err := a.checkPerson(name, address, password)
	if err != nil {
		return "", err
	}
	if err := a.take(ctx, client, hitBy(limitSignupIP, network(client.IP)), hitBy(limitSignupMail, email)); err != nil {
		return "", err
	}
	hash, err := a.hasher.Hash(ctx, password)
	if err != nil {
		return "", err
	}
	browser, browserHash := newToken()
	signup := models.Signup{ID: newID(), Name: name, Email: email, PasswordHash: hash, BrowserHash: browserHash, CreatedAt: a.now()}
	err = a.transact(ctx, func(t *tx) error {
		token := a.renewSignup(&signup)
		if err := t.Create(&signup).Error; err != nil {
			return fmt.Errorf("keep the sign-up: %w", err)
		}
		if err := a.mailSignup(t, signup, token); err != nil {
			return err
		}
		return a.record(t, EventSignupRequested, nil, "", client, Detail{"signup": signup.ID})
	})
	return browser, err
}

// renewSignup gives the sign-up a new token, which voids the link mailed before, and its full life.
func (a *Auth) renewSignup(signup *models.Signup) (token string) {
	token, signup.TokenHash = newToken()
	signup.ExpiresAt = a.now().Add(a.config.ConfirmTTL)
	return token
}

// mailSignup mails the link, or tells the owner of a taken address that somebody tried.
func (a *Auth) mailSignup(t *tx, signup models.Signup, token string) error {
	message := a.letters.ConfirmAddress(signup.Email, signup.Name, token, a.config.ConfirmTTL)
	switch _, err := models.FindUserByEmail(t.DB, signup.Email); {
	case err == nil:
		message = a.letters.AddressTaken(signup.Email)
	case !errors.Is(err, gorm.ErrRecordNotFound):
		return fmt.Errorf("look for the address: %w", err)
	}
	return a.post(t, message)
}

// PendingSignup returns the sign-up that this browser started and nobody has confirmed; ErrDeadLink where there is none.
func (a *Auth) PendingSignup(ctx context.Context, browser string) (*models.Signup, error) {
	if browser == "" {
		return nil, ErrDeadLink
	}
	return a.findSignup(ctx, "browser_hash = ?", hashToken(browser))
}

// SignupByToken returns the sign-up that a mailed link confirms; ErrDeadLink where there is none.
func (a *Auth) SignupByToken(ctx context.Context, token string) (*models.Signup, error) {
	return a.findSignup(ctx, "token_hash = ?", hashToken(token))
}

func (a *Auth) findSignup(ctx context.Context, where string, hash []byte) (*models.Signup, error) {
	var signup models.Signup
	err := a.db.WithContext(ctx).Where(where+" AND expires_at > ?", hash, a.now()).Take(&signup).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, ErrDeadLink
	}
	if err != nil {
		return nil, fmt.Errorf("find the sign-up: %w", err)
	}
	return &signup, nil
}

// ResendSignup mails the browser's sign-up a new link; older ones stop working.
func (a *Auth) ResendSignup(ctx context.Context, browser string, client Client) error {
	signup, err := a.PendingSignup(ctx, browser)
	if err != nil {
		return err
	}
	return a.remail(ctx, signup, signup.Email, EventSignupResent, client)
}

// CorrectSignup moves the browser's sign-up to another address and mails that; the link mailed to the first stops working.
func (a *Auth) CorrectSignup(ctx context.Context, browser, address string, client Client) error {
	email, problem := NormalizeEmail(address)
	if err := (Invalid{"email": problem}).errIfAny(); err != nil {
		return err
	}
	signup, err := a.PendingSignup(ctx, browser)
	if err != nil {
		return err
	}
	return a.remail(ctx, signup, email, EventSignupCorrected, client)
}

func (a *Auth) remail(ctx context.Context, signup *models.Signup, email, event string, client Client) error {
	if err := a.take(ctx, client, hitBy(limitSignupIP, network(client.IP)), hitBy(limitSignupMail, email)); err != nil {
		return err
	}
	former := signup.TokenHash
	return a.transact(ctx, func(t *tx) error {
		token := a.renewSignup(signup)
		signup.Email = email
		// The former token in the condition: a sign-up that was just confirmed, or just mailed anew, is not brought back.
		renewed := t.Model(&models.Signup{}).Where("id = ? AND token_hash = ?", signup.ID, former).
			Updates(map[string]any{"email": email, "token_hash": signup.TokenHash, "expires_at": signup.ExpiresAt})
		if renewed.Error != nil {
			return fmt.Errorf("renew the sign-up: %w", renewed.Error)
		}
		if renewed.RowsAffected == 0 {
			return ErrDeadLink
		}
		if err := a.mailSignup(t, *signup, token); err != nil {
			return err
		}
		return a.record(t, event, nil, "", client, Detail{"signup": signup.ID})
	})
}

// StartedHere says whether the sign-up was started in the browser that carries this token.
func StartedHere(signup *models.Signup, browser string) bool {
	return browser != "" && subtle.ConstantTimeCompare(signup.BrowserHash, hashToken(browser)) == 1
}

// ConfirmSignup makes the account. In a browser other than the one that signed up the account's password is asked for as
// well: otherwise the owner of an address could be led to confirm an account whose password a stranger knows. Everything
// else that was started for the address is void from then on. The error is an Invalid, a Limited, ErrBusy or ErrDeadLink.
func (a *Auth) ConfirmSignup(ctx context.Context, token, browser, password string, client Client) (*models.User, error) {
	signup, err := a.SignupByToken(ctx, token)
	if err != nil {
		return nil, err
	}
	if !StartedHere(signup, browser) {
		if err := a.proveSignup(ctx, signup, password, client); err != nil {
			return nil, err
		}
	}
	now := a.now()
	user := models.User{ID: newID(), Name: signup.Name, Email: signup.Email, PasswordHash: signup.PasswordHash, CreatedAt: now, UpdatedAt: now}
	err = a.transact(ctx, func(t *tx) error {
		if err := useSignup(t, signup); err != nil {
			return err
		}
		if err := t.Create(&user).Error; errors.Is(err, gorm.ErrDuplicatedKey) {
			return ErrDeadLink // somebody confirmed another sign-up for the address in this very moment
		} else if err != nil {
			return fmt.Errorf("make the account: %w", err)
		}
		return a.record(t, EventEmailConfirmed, &user.ID, "", client, Detail{"signup": signup.ID})
	})
	if err != nil {
		return nil, err
	}
	return &user, nil
}

// useSignup uses the link up, and voids those of all other sign-ups for the address. Their rows stay until they expire: the
// browsers they were started in must not learn that the address has an account now (ASVS 6.3.8).
func useSignup(t *tx, signup *models.Signup) error {
	waiting, err := models.LockSignups(t.DB, signup.Email)
	if err != nil {
		return fmt.Errorf("lock the sign-ups: %w", err)
	}
	used := false
	for _, w := range waiting {
		if w.ID == signup.ID && bytes.Equal(w.TokenHash, signup.TokenHash) {
			used = true
			err = t.Delete(&w).Error
		} else {
			_, void := newToken()
			err = t.Model(&w).Update("token_hash", void).Error
		}
		if err != nil {
			return fmt.Errorf("use or void a sign-up: %w", err)
		}
	}
	if !used {
		return ErrDeadLink
	}
	return nil
}

func (a *Auth) proveSignup(ctx context.Context, signup *models.Signup, password string, client Client) error {
	if password == "" {
		return Invalid{"password": "Enter the password you chose when you signed up."}
	}
	ok, err := a.guess(ctx, client, []hit{hitBy(limitConfirm, signup.ID)},
		func() (bool, error) {
			ok, _, err := a.hasher.Verify(ctx, password, signup.PasswordHash)
			return ok, err
		},
		func(t *tx) error {
			return a.record(t, EventConfirmationFailed, nil, "", client, Detail{"signup": signup.ID})
		})
	if err == nil && !ok {
		return Invalid{"password": "That is not the password this account was signed up with."}
	}
	return err
}
