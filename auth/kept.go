package auth

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/models"
)

const (
	keptFor = time.Hour
	// MaxKept is the most that is kept of a form, in bytes before sealing.
	MaxKept = 64 << 10
	// MaxSealed is the longest that KeepForm returns.
	MaxSealed = (MaxKept + 100) * 4 / 3
)

// ErrTooMuch says that a form is larger than MaxKept.
var ErrTooMuch = errors.New("the form is too large to be kept")

// KeepForm seals a form that could not be carried out, because its sender has to prove first who they are. The browser carries
// it, since what is not sent is not the server's to store, and web storage would outlive the logout (ASVS 14.3.3). It opens for
// this user alone, for an hour. The error is ErrTooMuch.
func (a *Auth) KeepForm(userID string, form []byte) (sealed string, err error) {
	return a.sealFor(userID, form)
}

// KeepForReauth is KeepForm for who only has to prove once more who they are. It opens in the user's session alone, and its form is
// carried out unseen, so that it may hold passwords: the page that carries it tells no more of them than it does of a random token.
func (a *Auth) KeepForReauth(actor *Actor, form []byte) (sealed string, err error) {
	return a.sealFor(reauthIn(actor), form)
}

func (a *Auth) sealFor(place string, plain []byte) (sealed string, err error) {
	if len(plain) > MaxKept {
		return "", ErrTooMuch
	}
	until := binary.BigEndian.AppendUint64(nil, uint64(a.now().Add(keptFor).Unix()))
	return base64.RawURLEncoding.EncodeToString(a.kept.Seal(place, append(until, plain...))), nil
}

// KeptForm opens what KeepForm sealed for user. ok is false for somebody else's form, an old one, and junk.
func (a *Auth) KeptForm(user *models.User, sealed string) (form []byte, ok bool) {
	return a.openFor(user.ID, sealed)
}

// KeptForReauth opens what KeepForReauth sealed in the user's session.
func (a *Auth) KeptForReauth(actor *Actor, sealed string) (form []byte, ok bool) {
	return a.openFor(reauthIn(actor), sealed)
}

// reauthIn is not the user's id: a form with passwords must never open where it would be shown.
func reauthIn(actor *Actor) string { return "proof " + actor.Session.ID }

func (a *Auth) openFor(place, sealed string) ([]byte, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || len(sealed) > MaxSealed {
		return nil, false
	}
	plain, err := a.kept.Open(place, raw)
	if err != nil || len(plain) < 8 {
		return nil, false
	}
	// What lives longer than anything that is sealed was sealed by a clock that ran ahead.
	left := time.Unix(int64(binary.BigEndian.Uint64(plain)), 0).Sub(a.now())
	return plain[8:], left > 0 && left <= keptFor+models.ClockSlack
}

// EndedSessionOwner returns the id of the user whom a session's token belonged to, while its row still tells; "" otherwise. It
// opens nothing: it tells for whom to keep a form.
func (a *Auth) EndedSessionOwner(ctx context.Context, token string) (userID string, err error) {
	if token == "" {
		return "", nil
	}
	userID, err = models.FindSessionOwner(a.db.WithContext(ctx), HashToken(token))
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("find the session's owner: %w", err)
	}
	return userID, nil
}

// NeverKept says whether a field, by its name, holds what proves who somebody is, or opens something. It is generous: a field
// too many has to be typed again, one too few is a password in a page.
func NeverKept(field string) bool {
	name := strings.ToLower(strings.NewReplacer("-", "", "_", "", ".", "", " ", "").Replace(field))
	switch name {
	case "code", "codes", "pin", "key", "answer":
		return true
	}
	for _, part := range []string{"passw", "passphrase", "passkey", "pwd", "secret", "token", "otp", "onetime", "recovery", "backupcode",
		"securitycode", "verificationcode", "apikey", "privatekey", "credential", "assertion", "cardnumber", "cvc", "cvv"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}
