package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"example.com/gatehouse/auth/limit"
	"example.com/gatehouse/models"
)

// Factor is one way to prove who the user is, after the password or to
// reauthenticate. The core counts the answers, locks the user and records
// failures; a Factor only checks.
type Factor struct {
	// Name is the value of the form field "factor", and is added to the Method
	// of the Authentication.
	Name string
	// Second means that it is a second factor. A user who has one is asked for
	// it at each login.
	Second bool
	// Backup means that it replaces other second factors when they are lost. It
	// counts only for a user who has one of them, and is deleted with the last.
	Backup bool
	// Guessable means that answers have less than 64 bits (NIST SP 800-63B-4
	// 3.2.2). Attempts then count for the account wherever they come from.
	Guessable bool
	Words     AnswerWords
	// Read returns a typed answer as Check takes it, or the problem of one that
	// can't be right. It is not counted as an attempt. A nil Read takes all.
	Read func(typed string) (answer, problem string)
	// Has reports whether the user has set up the factor.
	Has func(db *gorm.DB, userID string) (bool, error)
	// Rows is an empty row of the factor's table, which has a column user_id:
	// account recovery deletes the user's rows. Only second factors need it.
	Rows any
	// Check verifies an answer and writes nothing. It returns nil for a wrong
	// answer. A right one counts only after UseAnswer has accepted it.
	Check func(ctx context.Context, user *models.User, answer string, of Challenge) (UseAnswer, error)
}

// UseAnswer uses up a right answer in the transaction that accepts it. user is
// as it is now. row is the id of the credential that made the answer, "" for
// none. right is false if another request was first: an answer that is accepted
// twice can be replayed by an attacker who has seen it (RFC 6238 5.2).
type UseAnswer func(t *Tx, user *models.User) (row string, right bool, err error)

// AnswerWords are the messages for an answer that is missing or wrong.
type AnswerWords struct{ Empty, Wrong string }

// CodeWords are the messages for a code that the user types.
var CodeWords = AnswerWords{"Enter the code.", "That code is not right, or was used already."}

// factors lists the factors in the order in which they are offered.
func (a *Auth) factors() (all []Factor) {
	for _, f := range a.installed {
		all = append(all, f.Factors...)
	}
	return append(all, Factor{
		Name: "password", Guessable: true, Words: AnswerWords{"Enter your password.", "That is not your password."},
		Has: models.HasPassword, Check: a.checkPassword,
	})
}

// FactorsOf lists the ways of proving at the level that the account has: the second factors of who has one, the password of who has none.
func (a *Auth) FactorsOf(ctx context.Context, user *models.User) ([]string, error) {
	return a.factorsOf(a.db.WithContext(ctx), user.ID)
}

func (a *Auth) factorsOf(db *gorm.DB, userID string) (names []string, err error) {
	second := false
	for _, f := range a.factors() {
		if second && !f.Second || f.Backup && !second {
			continue
		}
		has, err := f.Has(db, userID)
		if err != nil {
			return nil, fmt.Errorf("look for the factor %s: %w", f.Name, err)
		}
		if has {
			names = append(names, f.Name)
			second = second || f.Second
		}
	}
	return names, nil
}

// HasSecondFactor says whether more than the password protects the user's
// account.
func (a *Auth) HasSecondFactor(ctx context.Context, user *models.User) (bool, error) {
	return a.Enrolled(a.db.WithContext(ctx), user.ID)
}

// Enrolled is HasSecondFactor inside a transaction.
func (a *Auth) Enrolled(db *gorm.DB, userID string) (bool, error) {
	for _, f := range a.factors() {
		if !f.Second || f.Backup {
			continue
		}
		if has, err := f.Has(db, userID); err != nil {
			return false, fmt.Errorf("look for the factor %s: %w", f.Name, err)
		} else if has {
			return true, nil
		}
	}
	return false, nil
}

// ErrTriesUsed says that a challenge was answered wrongly too often, and takes no more answers.
var ErrTriesUsed = errors.New("too many wrong answers")

// Challenge is what a factor's answer belongs to: a pending login, or a session
// whose user reauthenticates. A factor that asks a question, as passkeys do,
// must bind it to the ID, so that an answer fits one challenge alone.
type Challenge struct {
	ID        string
	Client    Client
	SessionID string // "" at a login
	Device    string // the browser's token at a login, "" for none
	// while runs work unless the challenge is over: an answer that was held
	// back until the owner locked the account proves nothing.
	while func(ctx context.Context, work func(t *Tx, user *models.User) error) error
}

// proven is a factor that was proven, and the id of the row that did, "" where none did.
type proven struct {
	Factor
	row string
}

// checkFactor counts the answer before it looks at it, so that fifty at once are fifty. The error is an Invalid, a Limited, ErrTriesUsed, or
// what the challenge says where it is over.
func (a *Auth) checkFactor(ctx context.Context, user *models.User, name, answer string, of Challenge) (proven, error) {
	f, err := a.factorNamed(ctx, user, name)
	if err != nil {
		return proven{}, err
	}
	if answer == "" {
		return proven{}, Invalid{"answer": f.Words.Empty}
	}
	if f.Read != nil {
		var problem string
		if answer, problem = f.Read(answer); problem != "" {
			return proven{}, Invalid{"answer": problem}
		}
	}
	counters, err := a.factorCounters(ctx, user, f, of)
	if err != nil {
		return proven{}, err
	}
	var row string
	right, err := a.AttemptSecret(ctx, of.Client, counters,
		func() (right bool, err error) {
			use, err := f.Check(ctx, user, answer, of)
			if err != nil {
				return false, err
			}
			err = of.while(ctx, func(t *Tx, user *models.User) error {
				if use == nil {
					return nil
				}
				row, right, err = use(t, user)
				return err
			})
			return right, err
		},
		func(t *Tx) error {
			return a.Record(t, EventFactorFailed, Subject{UserID: &user.ID, SessionID: of.SessionID, Client: of.Client}, Detail{"method": name})
		})
	limited, _ := errors.AsType[Limited](err)
	switch {
	case limited.Rule == LimitChallenge.Name:
		return proven{}, ErrTriesUsed
	case err != nil:
		return proven{}, err
	case !right:
		return proven{}, Invalid{"answer": f.Words.Wrong}
	}
	// The guesses of strangers end here as well: they are no longer failures in a row.
	strangers := limitFactor.By(user.ID, name)
	return proven{f, row}, strangers.Forget(a.db.WithContext(ctx))
}

// factorNamed is the user's factor of that name; an Invalid where they have
// none.
func (a *Auth) factorNamed(ctx context.Context, user *models.User, name string) (Factor, error) {
	names, err := a.FactorsOf(ctx, user)
	if err != nil {
		return Factor{}, err
	}
	all := a.factors()
	i := slices.IndexFunc(all, func(f Factor) bool { return f.Name == name && slices.Contains(names, name) })
	if i < 0 {
		return Factor{}, Invalid{"": "That is not a way to prove who you are here. Choose another."}
	}
	return all[i], nil
}

// factorCounters is where an answer counts. A session, and a device that the account knows, have a count of their own: somebody who has come by
// the password, which is all that it takes to be asked here, cannot keep the owner out there. Together these are bounded too, since whoever
// had the password before there was a second factor may have made any number of them. Of what cannot be guessed each address has a count:
// no try elsewhere keeps the owner from a recovery code on a new device.
func (a *Auth) factorCounters(ctx context.Context, user *models.User, f Factor, of Challenge) ([]limit.Counter, error) {
	known, err := a.IsKnownDevice(ctx, user.Email, of.Device)
	if err != nil {
		return nil, err
	}
	counters := []limit.Counter{LimitChallenge.By(of.ID)}
	switch {
	case of.SessionID != "":
		return append(counters, limitFactor.By(user.ID, f.Name, of.SessionID), limitFactorKnown.By(user.ID, f.Name)), nil
	case known:
		return append(counters, limitFactor.By(user.ID, f.Name, of.Device), limitFactorKnown.By(user.ID, f.Name)), nil
	case !f.Guessable:
		return append(counters, limitFactor.By(user.ID, f.Name, limit.Network(of.Client.IP))), nil
	}
	return append(counters, limitFactor.By(user.ID, f.Name)), nil
}

func (a *Auth) checkPassword(ctx context.Context, user *models.User, password string, _ Challenge) (UseAnswer, error) {
	right, _, err := a.hasher.For(user.ID).Verify(ctx, password, user.PasswordHash)
	if err != nil || !right {
		return nil, err
	}
	checked := user.PasswordHash
	return func(_ *Tx, user *models.User) (string, bool, error) { return "", user.PasswordHash == checked, nil }, nil
}

// forgetBackups lets go of what stands in for factors, where there are none any
// more.
func (a *Auth) forgetBackups(t *Tx, userID string) error {
	if enrolled, err := a.Enrolled(t.DB, userID); err != nil || enrolled {
		return err
	}
	for _, f := range a.factors() {
		if !f.Backup {
			continue
		}
		if err := f.forget(t.Where("user_id = ?", userID)); err != nil {
			return err
		}
	}
	return nil
}

// forget removes the rows of a second factor that these conditions meet.
func (f Factor) forget(rows *gorm.DB) error {
	if err := rows.Delete(f.Rows).Error; err != nil {
		return fmt.Errorf("forget the factor %s: %w", f.Name, err)
	}
	return nil
}
