package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"example.com/gatehouse/mail"
	"example.com/gatehouse/models"
)

// The events of trusted devices.
const (
	EventTrustedDeviceAdded   = "trusted_device.added"
	EventTrustedDeviceUsed    = "trusted_device.used"
	EventTrustedDeviceRemoved = "trusted_device.removed"
)

const (
	// MaxTrustedDevices is how many devices a user trusts.
	MaxTrustedDevices = 100
	// maxTrusting is how many people may trust one browser.
	maxTrusting = 5
)

// trustedDevice is the cookie with the tokens of a browser that is trusted.
const trustedDevice = "trusted_device"

// trustOption is what a user ticks to have the browser trusted.
const trustOption = "trust"

// trustedDevices replace the second factor after a password login.
func (a *Auth) trustedDevices() Feature {
	return Feature{
		Options: []string{trustOption},
		Hooks: Hooks{
			SkipSecondFactor: func(db *gorm.DB, user *models.User, authn Authentication, browser Browser) (bool, error) {
				device, err := a.trustOf(db, user, authn, browser)
				return device != nil, err
			},
			LoggedIn:           a.recordTrust,
			CredentialsChanged: distrust,
		},
	}
}

// trustOf is the trust in the browser that stands in for the second factor, nil for none. It does beside the password alone: whoever has
// the device often has its mailbox as well, and both together must not be enough (items 25 and 46 of the security model). Nor does it where
// a new password is due: that is for whoever has the factor to choose.
func (a *Auth) trustOf(db *gorm.DB, user *models.User, authn Authentication, browser Browser) (*models.TrustedDevice, error) {
	tokens := trustTokens(browser)
	if len(tokens) == 0 || authn.Second || authn.First() != MethodPassword || user.PasswordDueAt != nil {
		return nil, nil
	}
	device, err := models.FindTrustedDevice(db, user, tokens.hashes(), a.now())
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for a trusted device: %w", err)
	}
	return &device, nil
}

// recordTrust updates trust after a login: it issues a token if the user asked
// to trust this browser, and otherwise records the use of an existing one.
func (a *Auth) recordTrust(t *Tx, login *CompletedLogin) error {
	user, authn := login.User, login.Authentication
	if slices.Contains(authn.Options, trustOption) && authn.Second {
		token, err := a.trust(t, user, login.Browser, login.Client)
		login.Tokens[trustedDevice] = BrowserToken{token, models.TrustLifetime}
		return err
	}
	device, err := a.trustOf(t.DB, user, authn, login.Browser)
	if err != nil || device == nil {
		return err
	}
	if err := t.Model(device).Updates(map[string]any{"last_used_at": t.Now(), "ip": login.Client.Address()}).Error; err != nil {
		return fmt.Errorf("mark the trusted device as used: %w", err)
	}
	return a.Record(t, EventTrustedDeviceUsed, Subject{UserID: &user.ID, Client: login.Client}, Detail{"trusted_device": device.ID})
}

// trust makes the browser one of the user's trusted devices, and returns what it carries from then on. The token is new: nobody can have
// planted it. The owner is told by mail, since from now on their password is enough here.
func (a *Auth) trust(t *Tx, user *models.User, browser Browser, client Client) (trusted string, err error) {
	tokens := trustTokens(browser)
	if len(tokens) > 0 {
		err := t.Where("user_id = ? AND token_hash IN ?", user.ID, tokens.hashes()).Delete(&models.TrustedDevice{}).Error
		if err != nil {
			return "", fmt.Errorf("replace the browser's former trust: %w", err)
		}
	}
	token, hash := NewToken()
	now := t.Now()
	device := models.TrustedDevice{ID: NewID(), UserID: user.ID, TokenHash: hash, CredentialVersion: user.CredentialVersion(), IP: client.Address(), Device: client.Device(),
		CreatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(models.TrustLifetime)}
	if err := t.Create(&device).Error; err != nil {
		return "", fmt.Errorf("trust the device: %w", err)
	}
	if err := models.DeleteExcessTrustedDevices(t.DB, user.ID, MaxTrustedDevices); err != nil {
		return "", fmt.Errorf("forget excess trusted devices: %w", err)
	}
	err = a.Alert(t, user, client, func(i mail.Incident) mail.Message {
		return a.messages.FactorChanged(user.Email, "A device was trusted: for 30 days your second factor is not asked for there, only your password.", i)
	})
	if err != nil {
		return "", err
	}
	return tokens.with(token), a.Record(t, EventTrustedDeviceAdded, Subject{UserID: &user.ID, Client: client}, Detail{"trusted_device": device.ID})
}

// tokenList is what the browser's cookie carries: a token for each person who trusts it, the newest first.
type tokenList []string

func trustTokens(browser Browser) tokenList {
	tokens := strings.Fields(browser.Token(trustedDevice))
	return tokens[:min(len(tokens), maxTrusting)]
}

func (l tokenList) with(token string) string {
	return strings.Join(append([]string{token}, l[:min(len(l), maxTrusting-1)]...), " ")
}

func (l tokenList) hashes() (hashes [][]byte) {
	for _, token := range l {
		hashes = append(hashes, HashToken(token))
	}
	return hashes
}

// distrust makes no device of the user's stand in for the second factor any more.
func distrust(t *Tx, userID string) error {
	if err := models.ForgetTrustedDevices(t.DB, userID); err != nil {
		return fmt.Errorf("forget the trusted devices: %w", err)
	}
	return nil
}

// TrustedDevices lists the user's.
func (a *Auth) TrustedDevices(ctx context.Context, actor *Actor) ([]models.TrustedDevice, error) {
	list, err := models.TrustedDevicesOf(a.db.WithContext(ctx), &actor.User, a.now())
	if err != nil {
		return nil, fmt.Errorf("list the trusted devices: %w", err)
	}
	return list, nil
}

// EndTrust ends the trust in one of the user's devices. The error is gorm.ErrRecordNotFound where the id is none of theirs, ErrReauthRequired or
// ErrChanged.
func (a *Auth) EndTrust(ctx context.Context, actor *Actor, id string) error {
	if err := a.RequireRecentLogin(ctx, actor); err != nil {
		return err
	}
	return a.InSession(ctx, actor, func(t *Tx, _ *models.User) error {
		ended := t.Where("id = ? AND user_id = ?", id, actor.User.ID).Delete(&models.TrustedDevice{})
		if ended.Error != nil {
			return fmt.Errorf("end the trust: %w", ended.Error)
		}
		if ended.RowsAffected == 0 {
			return gorm.ErrRecordNotFound
		}
		return a.Record(t, EventTrustedDeviceRemoved, SubjectOf(actor), Detail{"trusted_device": id})
	})
}

// EndAllTrust ends the trust in all of them. The error may be ErrReauthRequired or ErrChanged.
func (a *Auth) EndAllTrust(ctx context.Context, actor *Actor) error {
	if err := a.RequireRecentLogin(ctx, actor); err != nil {
		return err
	}
	return a.InSession(ctx, actor, func(t *Tx, user *models.User) error {
		if devices, err := models.TrustedDevicesOf(t.DB, user, t.Now()); err != nil || len(devices) == 0 {
			return err
		}
		if err := distrust(t, user.ID); err != nil {
			return err
		}
		return a.Record(t, EventTrustedDeviceRemoved, SubjectOf(actor), Detail{"trusted_device": "all"})
	})
}
