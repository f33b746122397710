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

// factor is one way to prove once more who one is.
type factor struct {
	name   string // the word of its feature
	second bool   // it is a second factor, and not the password's equal
	// backup says that it stands in for other factors: who has nothing else does not have it.
	backup bool
	// guessable says that its answers are short enough to be found by trying (NIST SP 800-63B-4 3.2.2 draws the line at 64 bits).
	guessable bool
	words     answerWords
	// read returns what was typed as check takes it, or the problem of an answer that can't be right in any case: it is not counted as a try.
	read func(typed string) (answer, problem string)
	has  func(db *gorm.DB, userID string) (bool, error)
	rows any // of a second factor: an empty one of its rows
	// check looks at an answer without using it up; nil is a wrong one.
	check func(ctx context.Context, user *models.User, answer string, of challenge) (useAnswer, error)
}

// useAnswer uses a right answer up, for the user as they are now. row is the id of what has made the answer, "" where that is no row; right is
// false where another use was first.
type useAnswer func(t *tx, user *models.User) (row string, right bool, err error)

// answerWords are what is said of an answer that is missing or wrong.
type answerWords struct{ empty, wrong string }

var codeWords = answerWords{"Enter the code.", "That code is not right, or was used already."}

// factors lists the factors in the order in which they are offered.
func (a *Auth) factors() (all []factor) {
	for _, f := range a.installed {
		all = append(all, f.Factors...)
	}
	return append(all, factor{
		name: "password", guessable: true, words: answerWords{"Enter your password.", "That is not your password."},
		has: models.HasPassword, check: a.checkPassword,
	})
}

// FactorsOf lists the ways of proving at the level that the account has: the second factors of who has one, the password of who has none.
func (a *Auth) FactorsOf(ctx context.Context, user *models.User) ([]string, error) {
	return a.factorsOf(a.db.WithContext(ctx), user.ID)
}

func (a *Auth) factorsOf(db *gorm.DB, userID string) (names []string, err error) {
	second := false
	for _, f := range a.factors() {
		if second && !f.second || f.backup && !second {
			continue
		}
		has, err := f.has(db, userID)
		if err != nil {
			return nil, fmt.Errorf("look for the factor %s: %w", f.name, err)
		}
		if has {
			names = append(names, f.name)
			second = second || f.second
		}
	}
	return names, nil
}

// HasSecondFactor says whether more than the password protects the user's account.
func (a *Auth) HasSecondFactor(ctx context.Context, user *models.User) (bool, error) {
	return a.hasSecondFactor(a.db.WithContext(ctx), user.ID)
}

func (a *Auth) hasSecondFactor(db *gorm.DB, userID string) (bool, error) {
	for _, f := range a.factors() {
		if !f.second || f.backup {
			continue
		}
		if has, err := f.has(db, userID); err != nil {
			return false, fmt.Errorf("look for the factor %s: %w", f.name, err)
		} else if has {
			return true, nil
		}
	}
	return false, nil
}

// ErrTriesUsed says that a challenge was answered wrongly too often, and takes no more answers.
var ErrTriesUsed = errors.New("too many wrong answers")

// challenge is what a factor's answer belongs to: a login, or a session whose person proves once more who they are.
type challenge struct {
	id        string
	client    Client
	sessionID string // "" at a login
	device    string // the browser's token at a login, "" for none
	// while does work where that is not over: an answer that was held back until its owner had locked everybody out proves nothing.
	while func(ctx context.Context, work func(t *tx, user *models.User) error) error
}

// proven is a factor that was proven, and the id of the row that did, "" where none did.
type proven struct {
	factor
	row string
}

// checkFactor counts the answer before it looks at it, so that fifty at once are fifty. The error is an Invalid, a Limited, ErrTriesUsed, or
// what the challenge says where it is over.
func (a *Auth) checkFactor(ctx context.Context, user *models.User, name, answer string, of challenge) (proven, error) {
	f, err := a.factorNamed(ctx, user, name)
	if err != nil {
		return proven{}, err
	}
	if answer == "" {
		return proven{}, Invalid{"answer": f.words.empty}
	}
	if f.read != nil {
		var problem string
		if answer, problem = f.read(answer); problem != "" {
			return proven{}, Invalid{"answer": problem}
		}
	}
	counters, err := a.factorCounters(ctx, user, f, of)
	if err != nil {
		return proven{}, err
	}
	var row string
	right, err := a.AttemptSecret(ctx, of.client, counters,
		func() (right bool, err error) {
			use, err := f.check(ctx, user, answer, of)
			if err != nil {
				return false, err
			}
			err = of.while(ctx, func(t *tx, user *models.User) error {
				if use == nil {
					return nil
				}
				row, right, err = use(t, user)
				return err
			})
			return right, err
		},
		func(t *tx) error {
			return a.record(t, EventFactorFailed, &user.ID, of.sessionID, of.client, Detail{"method": name})
		})
	limited, _ := errors.AsType[Limited](err)
	switch {
	case limited.Rule == LimitChallenge.Name:
		return proven{}, ErrTriesUsed
	case err != nil:
		return proven{}, err
	case !right:
		return proven{}, Invalid{"answer": f.words.wrong}
	}
	// The guesses of strangers end here as well: they are no longer failures in a row.
	strangers := limitFactor.By(user.ID, name)
	return proven{f, row}, strangers.Forget(a.db.WithContext(ctx))
}

// factorNamed is the user's factor of that name; an Invalid where they have none.
func (a *Auth) factorNamed(ctx context.Context, user *models.User, name string) (factor, error) {
	names, err := a.FactorsOf(ctx, user)
	if err != nil {
		return factor{}, err
	}
	all := a.factors()
	i := slices.IndexFunc(all, func(f factor) bool { return f.name == name && slices.Contains(names, name) })
	if i < 0 {
		return factor{}, Invalid{"": "That is not a way to prove who you are here. Choose another."}
	}
	return all[i], nil
}

// factorCounters is where an answer counts. A session, and a device that the account knows, have a count of their own: somebody who has come by
// the password, which is all that it takes to be asked here, cannot keep the owner out there. Together these are bounded too, since whoever
// had the password before there was a second factor may have made any number of them. Of what cannot be guessed each address has a count:
// no try elsewhere keeps the owner from a recovery code on a new device.
func (a *Auth) factorCounters(ctx context.Context, user *models.User, f factor, of challenge) ([]limit.Counter, error) {
	known, err := a.knownDevice(ctx, user.Email, of.device)
	if err != nil {
		return nil, err
	}
	counters := []limit.Counter{LimitChallenge.By(of.id)}
	switch {
	case of.sessionID != "":
		return append(counters, limitFactor.By(user.ID, f.name, of.sessionID), limitFactorKnown.By(user.ID, f.name)), nil
	case known:
		return append(counters, limitFactor.By(user.ID, f.name, of.device), limitFactorKnown.By(user.ID, f.name)), nil
	case !f.guessable:
		return append(counters, limitFactor.By(user.ID, f.name, limit.Network(of.client.IP))), nil
	}
	return append(counters, limitFactor.By(user.ID, f.name)), nil
}

func (a *Auth) checkPassword(ctx context.Context, user *models.User, password string, _ challenge) (useAnswer, error) {
	right, _, err := a.hasher.For(user.ID).Verify(ctx, password, user.PasswordHash)
	if err != nil || !right {
		return nil, err
	}
	checked := user.PasswordHash
	return func(_ *tx, user *models.User) (string, bool, error) { return "", user.PasswordHash == checked, nil }, nil
}

// forgetBackups lets go of what stands in for factors, where there are none any more.
func (a *Auth) forgetBackups(t *tx, userID string) error {
	if enrolled, err := a.hasSecondFactor(t.DB, userID); err != nil || enrolled {
		return err
	}
	for _, f := range a.factors() {
		if !f.backup {
			continue
		}
		if err := f.forget(t.Where("user_id = ?", userID)); err != nil {
			return err
		}
	}
	return nil
}

// forget removes the rows of a second factor that these conditions meet.
func (f factor) forget(rows *gorm.DB) error {
	if err := rows.Delete(f.rows).Error; err != nil {
		return fmt.Errorf("forget the factor %s: %w", f.name, err)
	}
	return nil
}
