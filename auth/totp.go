package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/boombuler/barcode/qr"
	"github.com/pquerna/otp/totp"
	"gorm.io/gorm"

	"example.com/gatehouse/models"
	"example.com/gatehouse/seal"
)

// The events of authenticators.
const (
	EventAuthenticatorAdded   = "authenticator.added"
	EventAuthenticatorRenamed = "authenticator.renamed"
	EventAuthenticatorRemoved = "authenticator.removed"
)

const (
	totpSecret = 20 // bytes: the length of SHA-1's output, as RFC 4226 section 4, R6 recommends
	totpStep   = 30 // seconds (RFC 6238 section 5.2)
	totpDigits = 6
	// maxAuthenticators bounds what checking a code costs.
	maxAuthenticators = 10
	resealRows        = 100 // at a time, so that nobody waits for the writer
)

// totp is a second factor whose codes are short enough to be guessed.
func (a *Auth) totp() Feature {
	return Feature{
		Factors: []Factor{{
			Name: "totp", Second: true, Guessable: true, Words: CodeWords, Read: readTOTP, Has: models.HasTOTP, Check: a.checkTOTP,
			Rows: &models.Authenticator{},
		}},
		Hooks: Hooks{Cleanup: a.resealTOTP},
	}
}

// Enrollment is an authenticator that is not proven yet. Nothing of it is stored: the form carries it, sealed.
type Enrollment struct {
	Key    string // for who cannot scan, in groups of four
	URL    string // otpauth://…
	QRSize int    // of a square of modules that shows the URL
	QRPath string // of an SVG: the dark modules
	Sealed string // for AddTOTP
}

// NewTOTP makes a secret for an authenticator of the user's. The error may be ErrReauthRequired.
func (a *Auth) NewTOTP(ctx context.Context, actor *Actor) (Enrollment, error) {
	if err := a.RequireRecentLogin(ctx, actor); err != nil {
		return Enrollment{}, err
	}
	secret := make([]byte, totpSecret)
	rand.Read(secret)
	sealed, err := a.SealForSession(actor, enrollment, append(secret, NewID()...))
	if err != nil {
		return Enrollment{}, err
	}
	return a.describe(actor, secret, sealed)
}

// TOTPEnrollment opens what NewTOTP sealed; ok is false for an old one and for junk.
func (a *Auth) TOTPEnrollment(actor *Actor, sealed string) (e Enrollment, ok bool) {
	secret, _, ok := a.openEnrollment(actor, sealed)
	if !ok {
		return e, false
	}
	e, err := a.describe(actor, secret, sealed)
	return e, err == nil
}

// openEnrollment returns the secret, and the id that its authenticator will have: sent twice, a form adds one authenticator. Two with the
// same secret would accept each code twice.
func (a *Auth) openEnrollment(actor *Actor, sealed string) (secret []byte, id string, ok bool) {
	plain, ok := a.OpenForSession(actor, enrollment, sealed)
	if !ok || len(plain) <= totpSecret {
		return nil, "", false
	}
	return plain[:totpSecret], string(plain[totpSecret:]), true
}

// enrollment is the purpose of what is sealed here.
const enrollment = "totp"

func (a *Auth) describe(actor *Actor, secret []byte, sealed string) (Enrollment, error) {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: a.config.AppName, AccountName: actor.User.Email, Secret: secret})
	if err != nil {
		return Enrollment{}, fmt.Errorf("make the address of the authenticator: %w", err)
	}
	size, path, err := qrCode(key.URL())
	return Enrollment{Key: InGroups(key.Secret()), URL: key.URL(), QRSize: size, QRPath: path, Sealed: sealed}, err
}

func qrCode(content string) (size int, svgPath string, err error) {
	code, err := qr.Encode(content, qr.M, qr.Auto)
	if err != nil {
		return 0, "", fmt.Errorf("make the QR code: %w", err)
	}
	size = code.Bounds().Dx()
	var path strings.Builder
	for y := range size {
		for x := range size {
			if r, _, _, _ := code.At(x, y).RGBA(); r == 0 {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x, y)
			}
		}
	}
	return size, path.String(), nil
}

// AddTOTP adds the authenticator once it has proven that it makes the right codes, and returns a new token for the session, which
// has proven a second factor with it. The owner is told by mail. The error is an Invalid, a Limited, ErrReauthRequired, ErrInvalidLink for an
// enrollment that is too old or was used, or ErrChanged.
func (a *Auth) AddTOTP(ctx context.Context, actor *Actor, sealed, name, code string) (token string, err error) {
	if err := a.RequireRecentLogin(ctx, actor); err != nil {
		return "", err
	}
	secret, id, ok := a.openEnrollment(actor, sealed)
	if !ok {
		return "", ErrInvalidLink
	}
	name, problem := NormalizeLabel(name)
	code, codeProblem := readTOTP(code)
	if err := (Invalid{"name": problem, "code": codeProblem}).Err(); err != nil {
		return "", err
	}
	if err := a.Attempt(ctx, actor.Client, LimitChallenge.By(inSession(actor, enrollment))); err != nil {
		return "", err
	}
	step, ok := matchingStep(secret, code, a.now())
	if !ok {
		return "", Invalid{"code": "That code is not right. Is the clock of your device right? Enter the code that it shows now."}
	}
	keys, err := a.totpKeys()
	if err != nil {
		return "", err
	}
	err = a.InSession(ctx, actor, func(t *Tx, _ *models.User) (err error) {
		made := models.Authenticator{ID: id, UserID: actor.User.ID, Name: name, Secret: keys.Seal(id, secret), LastStep: step, CreatedAt: t.Now(), LastUsedAt: t.Now()}
		if err := insertTOTP(t, &made); err != nil {
			return err
		}
		if token, err = a.RenewSession(t, actor, 2); err != nil {
			return err
		}
		return a.FactorChanged(t, actor, EventAuthenticatorAdded, "An authenticator app was added.", Detail{"authenticator": id})
	})
	return token, err
}

func insertTOTP(t *Tx, made *models.Authenticator) error {
	list, err := models.AuthenticatorsOf(t.DB, made.UserID)
	if err != nil {
		return fmt.Errorf("list the authenticators: %w", err)
	}
	if len(list) >= maxAuthenticators {
		return Invalid{"": fmt.Sprintf("%d authenticators are the most. Remove one first.", maxAuthenticators)}
	}
	err = t.Create(made).Error
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return ErrInvalidLink
	}
	if err != nil {
		return fmt.Errorf("add the authenticator: %w", err)
	}
	return nil
}

// Authenticators lists the user's.
func (a *Auth) Authenticators(ctx context.Context, actor *Actor) ([]models.Authenticator, error) {
	list, err := models.AuthenticatorsOf(a.db.WithContext(ctx), actor.User.ID)
	if err != nil {
		return nil, fmt.Errorf("list the authenticators: %w", err)
	}
	return list, nil
}

// RenameTOTP names one of the user's authenticators. The error is an Invalid, or gorm.ErrRecordNotFound.
func (a *Auth) RenameTOTP(ctx context.Context, actor *Actor, id, name string) error {
	return a.RenameItem(ctx, actor, Item{&models.Authenticator{}, id}, name, func(t *Tx) error {
		return a.Record(t, EventAuthenticatorRenamed, SubjectOf(actor), Detail{"authenticator": id})
	})
}

// RemoveTOTP removes one of the user's authenticators, and tells the owner by mail. The error is
// gorm.ErrRecordNotFound, ErrReauthRequired or ErrChanged.
func (a *Auth) RemoveTOTP(ctx context.Context, actor *Actor, id string) error {
	if err := a.RequireRecentLogin(ctx, actor); err != nil {
		return err
	}
	return a.InSession(ctx, actor, func(t *Tx, _ *models.User) error {
		var gone models.Authenticator
		if err := t.Where("id = ? AND user_id = ?", id, actor.User.ID).Take(&gone).Error; err != nil {
			return err
		}
		if err := t.Delete(&gone).Error; err != nil {
			return fmt.Errorf("remove the authenticator: %w", err)
		}
		return a.FactorChanged(t, actor, EventAuthenticatorRemoved, "An authenticator app was removed.", Detail{"authenticator": id})
	})
}

// checkTOTP looks which of the user's authenticators show this code. It is used up with the first of them that had it not: no code is accepted
// twice (RFC 6238 section 5.2).
func (a *Auth) checkTOTP(ctx context.Context, user *models.User, code string, _ Challenge) (UseAnswer, error) {
	list, err := models.AuthenticatorsOf(a.db.WithContext(ctx), user.ID)
	if err != nil {
		return nil, fmt.Errorf("list the authenticators: %w", err)
	}
	keys, err := a.totpKeys()
	if err != nil {
		return nil, err
	}
	steps := map[string]int64{} // by authenticator
	for _, authenticator := range list {
		secret, err := keys.Open(authenticator.ID, authenticator.Secret)
		if err != nil {
			a.log.ErrorContext(ctx, "the secret of an authenticator cannot be read", "authenticator", authenticator.ID, "error", err)
			continue
		}
		if step, ok := matchingStep(secret, code, a.now()); ok {
			steps[authenticator.ID] = step
		}
	}
	if len(steps) == 0 {
		return nil, nil
	}
	return func(t *Tx, _ *models.User) (string, bool, error) {
		for id, step := range steps {
			if first, err := models.UseStep(t.DB, id, step, t.Now()); err != nil {
				return "", false, fmt.Errorf("use the code: %w", err)
			} else if first {
				return id, true, nil
			}
		}
		return "", false, nil
	}, nil
}

func (a *Auth) totpKeys() (seal.Keys, error) { return seal.New(a.config.SecretKeys, "authenticator") }

// resealTOTP seals what an older key has sealed with the first one, so that the older can leave SECRET_KEY: the secrets of authenticators
// are all that stays sealed for good. Several servers may do it at once.
func (a *Auth) resealTOTP(ctx context.Context) error {
	keys, err := a.totpKeys()
	if err != nil {
		return err
	}
	var resealed, closed int
	for behind := ""; ; {
		list, err := models.AuthenticatorsSealedOtherwise(a.db.WithContext(ctx), keys.FirstID(), behind, resealRows)
		if err != nil {
			return fmt.Errorf("find what an older key has sealed: %w", err)
		}
		if len(list) == 0 {
			break
		}
		behind = list[len(list)-1].ID
		err = a.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
			for _, authenticator := range list {
				secret, err := keys.Open(authenticator.ID, authenticator.Secret)
				if err != nil {
					closed++
				} else if err := authenticator.Reseal(tx, keys.Seal(authenticator.ID, secret)); err != nil {
					return err
				} else {
					resealed++
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("seal the secrets of authenticators anew: %w", err)
		}
	}
	if resealed > 0 {
		a.log.InfoContext(ctx, "secrets of authenticators were sealed anew with the first key of SECRET_KEY", "count", resealed)
	}
	if closed > 0 {
		a.log.ErrorContext(ctx, "secrets of authenticators cannot be read: their key is not in SECRET_KEY", "count", closed)
	}
	return nil
}

// readTOTP returns the digits of a typed code.
func readTOTP(typed string) (code, problem string) {
	code = PlainCode(typed)
	if len(code) != totpDigits || strings.ContainsFunc(code, unicode.IsLetter) {
		return "", "Enter the six digits that the app shows."
	}
	return code, ""
}

// matchingStep returns the step whose code this is: now's, or for clocks that differ and people who type slowly one of its two
// neighbors (RFC 6238 section 5.2). All three are looked at, so that the time tells nothing.
func matchingStep(secret []byte, code string, now time.Time) (step int64, ok bool) {
	encoded := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
	for _, offset := range []int64{-1, 0, 1} {
		at := now.Unix()/totpStep + offset
		expected, err := totp.GenerateCode(encoded, time.Unix(at*totpStep, 0))
		if err == nil && subtle.ConstantTimeCompare([]byte(expected), []byte(code)) == 1 {
			step, ok = at, true
		}
	}
	return step, ok
}
