package auth

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"

	"example.com/gatehouse/mail"
	"example.com/gatehouse/models"
)

// The events of recovery codes.
const (
	EventRecoveryCodesMade = "recovery_codes.made"
	EventRecoveryCodeUsed  = "recovery_code.used"
)

const (
	recoveryCodes = 10
	// recoveryBits is enough for SHA-256 to keep a code: ASVS 6.5.2 asks for a password hash below 112.
	recoveryBits = 120
	// FewRecoveryCodes is how many are so few that the person is told to make new ones.
	FewRecoveryCodes = 3
)

// recoveryCodes replace a second factor that is lost.
func (a *Auth) recoveryCodes() Feature {
	return Feature{Factors: []Factor{{
		Name: "recovery_codes", Second: true, Backup: true, Words: CodeWords, Read: readRecoveryCode, Has: models.HasRecoveryCodes,
		Check: a.checkRecoveryCode, Rows: &models.RecoveryCode{},
	}}}
}

// MakeRecoveryCodes returns ten new codes, each good for one login; those before are void. Only now can they be seen: the database
// keeps their SHA-256. The error is ErrReauthRequired, ErrChanged, or an Invalid where there is no factor that they could stand in for.
func (a *Auth) MakeRecoveryCodes(ctx context.Context, actor *Actor) (codes []string, err error) {
	if err := a.RequireRecentLogin(ctx, actor); err != nil {
		return nil, err
	}
	user := &actor.User
	err = a.InSession(ctx, actor, func(t *Tx, _ *models.User) error {
		if enrolled, err := a.Enrolled(t.DB, user.ID); err != nil {
			return err
		} else if !enrolled {
			return Invalid{"": "Set up a second factor first: recovery codes stand in for it."}
		}
		if err := t.Where("user_id = ?", user.ID).Delete(&models.RecoveryCode{}).Error; err != nil {
			return fmt.Errorf("void the older codes: %w", err)
		}
		rows := make([]models.RecoveryCode, recoveryCodes)
		for i := range rows {
			code := newRecoveryCode()
			codes = append(codes, code)
			rows[i] = models.RecoveryCode{ID: NewID(), UserID: user.ID, CodeHash: HashToken(PlainCode(code)), CreatedAt: t.Now()}
		}
		if err := t.Create(&rows).Error; err != nil {
			return fmt.Errorf("keep the recovery codes: %w", err)
		}
		return a.FactorChanged(t, actor, EventRecoveryCodesMade, "New recovery codes were made. Older ones no longer work.", nil)
	})
	return codes, err
}

func newRecoveryCode() string {
	random := make([]byte, recoveryBits/8)
	rand.Read(random)
	return strings.ReplaceAll(InGroups(Crockford.EncodeToString(random)), " ", "-")
}

// readRecoveryCode returns a typed code as it is hashed.
func readRecoveryCode(typed string) (code, problem string) {
	code = PlainCode(typed)
	if !Encodes(code, recoveryBits/8) {
		return "", "Enter all 24 letters and digits of one recovery code."
	}
	return code, ""
}

// RecoveryCodesLeft says how many the user has.
func (a *Auth) RecoveryCodesLeft(ctx context.Context, actor *Actor) (int, error) {
	n, err := models.CountRecoveryCodes(a.db.WithContext(ctx), actor.User.ID)
	if err != nil {
		return 0, fmt.Errorf("count the recovery codes: %w", err)
	}
	return int(n), nil
}

// checkRecoveryCode leaves it to its use whether there is such a code: one statement has one winner. Each use is mailed: it is what a thief of
// the paper does.
func (a *Auth) checkRecoveryCode(_ context.Context, _ *models.User, code string, of Challenge) (UseAnswer, error) {
	return func(t *Tx, user *models.User) (string, bool, error) {
		used := t.Where("user_id = ? AND code_hash = ?", user.ID, HashToken(code)).Delete(&models.RecoveryCode{})
		if used.Error != nil {
			return "", false, fmt.Errorf("use the recovery code: %w", used.Error)
		}
		if used.RowsAffected == 0 {
			return "", false, nil
		}
		left, err := models.CountRecoveryCodes(t.DB, user.ID)
		if err != nil {
			return "", false, fmt.Errorf("count the recovery codes: %w", err)
		}
		err = a.Alert(t, user, of.Client, func(i mail.Incident) mail.Message { return a.messages.RecoveryCodeUsed(user.Email, int(left), i) })
		if err != nil {
			return "", false, err
		}
		return "", true, a.Record(t, EventRecoveryCodeUsed, Subject{UserID: &user.ID, Client: of.Client}, Detail{"left": fmt.Sprint(left)})
	}, nil
}
