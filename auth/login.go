package auth

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"example.com/gatehouse/auth/hash"
	"example.com/gatehouse/auth/limit"
	"example.com/gatehouse/models"
)

// wrongLogin is said of unknown addresses, wrong passwords and unconfirmed sign-ups alike (ASVS 6.3.8).
const wrongLogin = "That address and password don’t match. If you have just signed up, open the link in our mail first."

// Authenticate returns the user with this address and password. The error is an Invalid, a Limited or hash.ErrBusy; it never
// tells whether the address has an account, and takes the same time either way, but for an import that VerifyEvenly cannot cover.
func (a *Auth) Authenticate(ctx context.Context, address, password string, browser Browser, client Client) (*models.User, error) {
	email, problem := models.NormalizeEmail(address)
	if err := (Invalid{"email": problem, "password": required(password, "Enter your password.")}).Err(); err != nil {
		return nil, err
	}
	known, err := a.IsKnownDevice(ctx, email, browser.Device)
	if err != nil {
		return nil, err
	}
	hasher := a.hasher
	if known {
		hasher = hasher.For(email)
	}
	var user *models.User
	ok, err := a.AttemptSecret(ctx, client, a.loginCounters(email, known, browser.Device, client),
		func() (ok bool, err error) {
			user, ok, err = a.checkLogin(ctx, hasher, email, password)
			return ok, err
		},
		func(t *Tx) error {
			var userID *string
			if user != nil {
				userID = &user.ID
			}
			return a.Record(t, EventLoginFailed, Subject{UserID: userID, Client: client}, nil)
		})
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, Invalid{"": wrongLogin}
	}
	if err := a.countLogin(ctx, user.ID, known, browser.Device, client); err != nil {
		return nil, err
	}
	return user, a.notePassword(ctx, user, password)
}

// loginCounters is where a try at an address counts. A known device has a count of its own and no other: whatever strangers use up,
// from wherever, they cannot keep the owner out there.
func (a *Auth) loginCounters(email string, known bool, device string, client Client) []limit.Counter {
	if known {
		return []limit.Counter{limitLoginAccount.By(email, device)}
	}
	counters := append([]limit.Counter{limitLoginPair.By(email, limit.Network(client.IP))}, limitLoginIP.From(client.IP)...)
	return limit.Shared(append(counters, limitLoginAccount.By(email)))
}

// IsKnownDevice reports whether the browser with this device token, "" for
// none, has logged in with this address before. A known device should have
// limits of its own, so that strangers cannot keep the owner out.
func (a *Auth) IsKnownDevice(ctx context.Context, email, device string) (bool, error) {
	if device == "" {
		return false, nil
	}
	known, err := models.IsKnownDevice(a.db.WithContext(ctx), email, HashToken(device))
	if err != nil {
		return false, fmt.Errorf("look for a known device: %w", err)
	}
	return known, nil
}

// checkLogin does one hash's work whether or not there is such a user. A matching hash with old parameters is replaced.
func (a *Auth) checkLogin(ctx context.Context, hasher *hash.Hasher, email, password string) (user *models.User, ok bool, err error) {
	found, err := models.FindUserByEmail(a.db.WithContext(ctx), email)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, false, hasher.VerifyUnknown(ctx, password)
	}
	if err != nil {
		return nil, false, fmt.Errorf("find the user: %w", err)
	}
	ok, outdated, err := hasher.VerifyEvenly(ctx, password, found.PasswordHash)
	if errors.Is(err, hash.ErrUnreadable) {
		// An error page would tell that the address has an account.
		a.log.ErrorContext(ctx, "a stored password hash cannot be read", "user", found.ID, "error", err)
		return &found, false, nil
	}
	if err != nil || !ok || !outdated {
		return &found, ok, err
	}
	if overtaken, err := a.rehash(ctx, hasher, &found, password); err != nil || !overtaken {
		return &found, true, err
	}
	return a.checkLogin(ctx, hasher, email, password)
}

// rehash replaces the hash of the user, whose password this is. overtaken says that it was replaced meanwhile: by another login, which has
// done the same, or with another password.
func (a *Auth) rehash(ctx context.Context, hasher *hash.Hasher, user *models.User, password string) (overtaken bool, err error) {
	encoded, err := hasher.Hash(ctx, password)
	if errors.Is(err, hash.ErrBusy) {
		return false, nil // the next login will do it
	}
	if err != nil {
		return false, err
	}
	replaced := a.db.WithContext(ctx).Exec("UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?", encoded, user.ID, user.PasswordHash)
	if replaced.Error != nil {
		return false, fmt.Errorf("replace the hash: %w", replaced.Error)
	}
	user.PasswordHash = encoded
	return replaced.RowsAffected == 0, nil
}

// Logout ends the user's session at once, on the server (ASVS 7.4.1).
func (a *Auth) Logout(ctx context.Context, actor *Actor) error {
	return a.Transact(ctx, func(t *Tx) error {
		if err := t.Where("id = ?", actor.Session.ID).Delete(&models.Session{}).Error; err != nil {
			return fmt.Errorf("end the session: %w", err)
		}
		return a.Record(t, EventSessionEnded, SubjectOf(actor), Detail{"ended": actor.Session.ID})
	})
}

// required returns message where value is empty.
func required(value, message string) string {
	if value == "" {
		return message
	}
	return ""
}
