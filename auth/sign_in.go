package auth

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"example.com/gatehouse/models"
)

// signInFor is how long a sign-in may take, from its first step to the last.
const signInFor = 10 * time.Minute

// The methods that a sign-in begins with. What it ends with is added: "password totp".
const (
	byPassword = "password"
	bySignUp   = "registration"
	byReset    = "reset"
)

// Proof is how a person showed who they are.
type Proof struct {
	Method   string
	Second   bool // a second factor was part of it
	Remember bool // the session outlives the browser's closing
	Trust    bool // this browser is to stand in for the second factor from now on // feature:trusted_devices

	at     time.Time      // when something was last proven; zero for now
	factor string         // the row of the second factor, "" where none was proven by one
	began  *models.SignIn // the sign-in that it is part of; nil where it has just begun
}

// Level counts the factors, as the authenticator assurance levels of NIST SP 800-63B-4 do: 1 or 2.
func (p Proof) Level() int {
	if p.Second {
		return 2
	}
	return 1
}

// With is the proof with a second factor added.
func (p Proof) With(factor string) Proof {
	p.Method, p.Second = strings.TrimSpace(p.Method+" "+factor), true
	return p
}

// ByPassword is the proof of who knows the password.
func ByPassword(remember bool) Proof { return Proof{Method: byPassword, Remember: remember} }

// first is what was proven first.
func (p Proof) first() string { return firstOf(p.Method) }

func firstOf(method string) string {
	first, _, _ := strings.Cut(method, " ")
	return first
}

// byMailbox says whether it began with a mail that was received.
func (p Proof) byMailbox() bool {
	if p.first() == byMail { // feature:mail_login
		return true // feature:mail_login
	} // feature:mail_login
	return p.Resets()
}

// Duty is what a person still owes when they have shown who they are, before they are in.
type Duty string

// The duties that there are.
const (
	NoDuty           Duty = ""
	DutySecondFactor Duty = "second_factor"
	DutyNewPassword  Duty = "new_password"
	DutyTerms        Duty = "terms" // feature:terms
)

// owed is the first duty that the person still owes. Another one, such as a profile to be completed, is a case here, its constant, its
// page in handlers.Handlers.duties, and the page's routes behind the guard of the duty.
func (a *Auth) owed(db *gorm.DB, user *models.User, proof Proof, browser Browser) (Duty, error) {
	if second, err := a.owesSecond(db, user, proof, browser); err != nil {
		return NoDuty, err
	} else if second {
		return DutySecondFactor, nil
	}
	if proof.Resets() || user.PasswordHash == "" || user.PasswordDueAt != nil {
		return DutyNewPassword, nil
	}
	if terms, err := a.owesTerms(db, user); err != nil { // feature:terms
		return NoDuty, err // feature:terms
	} else if terms { // feature:terms
		return DutyTerms, nil // feature:terms
	} // feature:terms
	return NoDuty, nil
}

func (a *Auth) owesSecond(db *gorm.DB, user *models.User, proof Proof, browser Browser) (bool, error) {
	if proof.Second {
		return false, nil
	}
	if trust, err := a.trustOf(db, user, proof, browser); err != nil || trust != nil { // feature:trusted_devices
		return false, err // feature:trusted_devices
	} // feature:trusted_devices
	return a.hasSecondFactor(db, user.ID)
}

// Entry is what SignIn answers: the browser's new tokens of a session, or of a sign-in that still owes something.
type Entry struct {
	Browser
	Pending *Pending // that sign-in; nil for who is in
}

// SignIn lets user in who has proven who they are; where something is owed it begins a sign-in that waits for it instead (item 49 of
// the security model). user is as it was when the proof was checked; the error is ErrChanged when the password has changed
// since, ErrSignInOver when what was begun has ended, or ErrLockedOut.
func (a *Auth) SignIn(ctx context.Context, user *models.User, proof Proof, browser Browser, client Client) (entry Entry, err error) {
	err = a.transact(ctx, func(t *tx) error {
		// A log-in that was checked just before a password reset must not outlive it.
		user, err := lockUnchanged(t, user)
		if err != nil {
			return err
		}
		// What a thief has added, such as a passkey, must not let them back in: the new password is for whoever holds the mailbox to choose.
		if lockedOut(user) && !proof.byMailbox() {
			return ErrLockedOut
		}
		if err := useSignIn(t, proof); err != nil {
			return err
		}
		former, err := a.endSignIn(t, user, browser.SignIn)
		if err != nil {
			return err
		}
		owes, err := a.owed(t.DB, user, proof, browser)
		if err != nil {
			return err
		}
		if owes != NoDuty {
			entry, err = a.beginSignIn(t, user, proof, owes, former, browser, client)
			return err
		}
		if entry.Browser, err = a.startSession(t, user, proof, browser, client); err != nil {
			return err
		}
		entry.Trusted, err = a.noteTrust(t, user, proof, browser, client) // feature:trusted_devices
		return err
	})
	if errors.Is(err, ErrLockedOut) {
		refused := a.transact(ctx, func(t *tx) error {
			return a.record(t, EventSignInRefused, &user.ID, "", client, Detail{"method": proof.Method})
		})
		return entry, cmp.Or(refused, err)
	}
	return entry, err
}

// lockUnchanged locks the user that was read before the transaction, and returns them as they are now; ErrChanged where they are gone, or have
// another password or another mailbox.
func lockUnchanged(t *tx, user *models.User) (*models.User, error) {
	current, err := models.LockUser(t.DB, user.ID)
	if errors.Is(err, gorm.ErrRecordNotFound) || err == nil && (current.PasswordHash != user.PasswordHash || current.Email != user.Email) {
		return nil, ErrChanged
	}
	if err != nil {
		return nil, fmt.Errorf("lock the user: %w", err)
	}
	return &current, nil
}

// beginSignIn keeps what was proven until the rest is. However many steps there are, the time runs from the first. Whoever begins anew, former is
// what they had not finished in the browser, does not put off that its owner is told.
func (a *Auth) beginSignIn(t *tx, user *models.User, proof Proof, owes Duty, former models.SignIn, browser Browser, client Client) (Entry, error) {
	token, hash := newToken()
	event, first := EventSignInContinued, proof.began
	if first == nil {
		known, _, err := deviceOf(t.DB, user.ID, browser.Device)
		if err != nil {
			return Entry{}, err
		}
		event, first = EventSignInBegun, &models.SignIn{IP: client.Address(), Device: client.Device(), CreatedAt: t.now(), ReportAt: former.ReportAt}
		if due := t.now().Add(signInFor); !known && former.ReportAt == nil {
			first.ReportAt = &due
		}
	}
	signIn := models.SignIn{
		ID: newID(), UserID: user.ID, TokenHash: hash, Method: proof.Method, Level: proof.Level(), Remember: proof.Remember, FactorID: proof.factor,
		Generation: user.Generation(), IP: first.IP, Device: first.Device, ReportAt: first.ReportAt,
		CreatedAt: first.CreatedAt, ProvedAt: cmp.Or(proof.at, t.now()), ExpiresAt: first.CreatedAt.Add(signInFor),
		Trust: &proof.Trust, // feature:trusted_devices
	}
	if err := t.Create(&signIn).Error; err != nil {
		return Entry{}, fmt.Errorf("begin a sign-in: %w", err)
	}
	entry := Entry{Browser: Browser{SignIn: token}, Pending: pending(&signIn, *user, owes, browser)}
	return entry, a.record(t, event, &user.ID, "", client, Detail{"method": proof.Method, "owes": string(owes)})
}

// endSignIn ends what the user has not finished in this browser, and returns it. What somebody else has not finished there runs out, and is
// told of: a thief shall not keep that from its owner by signing in as themselves.
func (a *Auth) endSignIn(t *tx, user *models.User, token string) (former models.SignIn, err error) {
	if token == "" {
		return former, nil
	}
	var ended []models.SignIn
	err = t.Clauses(clause.Returning{}).Where("token_hash = ? AND user_id = ?", hashToken(token), user.ID).Delete(&ended).Error
	if err != nil {
		return former, fmt.Errorf("end the browser's former sign-in: %w", err)
	}
	if len(ended) > 0 {
		return ended[0], nil
	}
	if err := t.Model(&models.SignIn{}).Where("token_hash = ?", hashToken(token)).Update("expires_at", longPast).Error; err != nil {
		return former, fmt.Errorf("end the sign-in of somebody else: %w", err)
	}
	return former, nil
}

// endSignIns ends what the user has not finished anywhere, but for the sign-in whose id is kept. What their owner is to be told of is told all
// the same.
func endSignIns(t *tx, userID, keep string) error {
	ended := t.Model(&models.SignIn{}).Where("user_id = ? AND id <> ?", userID, keep).Update("expires_at", longPast)
	if ended.Error != nil {
		return fmt.Errorf("end the unfinished sign-ins: %w", ended.Error)
	}
	return nil
}

// Pending is a sign-in that still owes something.
type Pending struct {
	User  models.User
	Owes  Duty
	proof Proof
	id    string

	device string // the browser's token, "" for none
}

// Proof is what was proven so far.
func (p *Pending) Proof() Proof { return p.proof }

// PendingSignIn finds what the browser has not finished; nil where there is nothing, or it was begun with a password that is no more.
func (a *Auth) PendingSignIn(ctx context.Context, browser Browser) (*Pending, error) {
	if browser.SignIn == "" {
		return nil, nil
	}
	db := a.db.WithContext(ctx)
	signIn, user, err := models.FindSignIn(db, hashToken(browser.SignIn), a.now())
	if errors.Is(err, gorm.ErrRecordNotFound) || err == nil && !bytes.Equal(signIn.Generation, user.Generation()) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find the sign-in: %w", err)
	}
	p := pending(&signIn, user, NoDuty, browser)
	p.Owes, err = a.owed(db, &user, p.proof, browser)
	return p, err
}

func pending(signIn *models.SignIn, user models.User, owes Duty, browser Browser) *Pending {
	p := &Pending{User: user, Owes: owes, id: signIn.ID, device: browser.Device}
	p.proof = Proof{Method: signIn.Method, Second: signIn.Level > 1, Remember: signIn.Remember, at: signIn.ProvedAt, factor: signIn.FactorID, began: signIn}
	p.proof.Trust = signIn.Trust != nil && *signIn.Trust // feature:trusted_devices
	return p
}

// ErrSignInOver says that a sign-in was finished, or ended, while somebody was finishing it.
var ErrSignInOver = errors.New("the sign-in is over")

// inSignIn does work for somebody who has not finished signing in, as they are once nobody else changes the account any more. The error is
// ErrSignInOver where the sign-in was finished or ended meanwhile, or ErrChanged where the password was replaced.
func (a *Auth) inSignIn(ctx context.Context, p *Pending, work func(t *tx, user *models.User) error) error {
	return a.transact(ctx, func(t *tx) error {
		user, err := lockUnchanged(t, &p.User)
		if err != nil {
			return err
		}
		var going int64
		if err := t.Model(&models.SignIn{}).Where("id = ? AND expires_at > ?", p.id, t.now()).Count(&going).Error; err != nil {
			return fmt.Errorf("look for the sign-in: %w", err)
		}
		if going == 0 {
			return ErrSignInOver
		}
		return work(t, user)
	})
}

// useSignIn uses up the sign-in that a proof is part of, so that of all that answer what it owes, at once or from a form that was under way
// while the account was locked, one goes on. The error may be ErrSignInOver.
func useSignIn(t *tx, proof Proof) error {
	if proof.began == nil {
		return nil
	}
	used := t.Where("id = ? AND expires_at > ?", proof.began.ID, t.now()).Delete(&models.SignIn{})
	if used.Error != nil {
		return fmt.Errorf("use the sign-in up: %w", used.Error)
	}
	if used.RowsAffected == 0 {
		return ErrSignInOver
	}
	return nil
}

// CompleteFactor checks the second factor that a sign-in owes, and returns the proof that includes it. The error is an Invalid, a Limited,
// ErrTriesUsed, ErrSignInOver or ErrChanged.
func (a *Auth) CompleteFactor(ctx context.Context, p *Pending, name, answer string, client Client) (Proof, error) {
	of := challenge{id: p.id, device: p.device, while: func(ctx context.Context, work func(*tx, *models.User) error) error { return a.inSignIn(ctx, p, work) }}
	proven, err := a.checkFactor(ctx, &p.User, name, answer, of, client)
	_, limited := errors.AsType[Limited](err)
	if errors.Is(err, ErrTriesUsed) || limited {
		return Proof{}, cmp.Or(a.stopSignIn(ctx, p, limited), err)
	}
	if err != nil {
		return Proof{}, err
	}
	proof := p.proof.With(proven.name)
	proof.at, proof.factor = a.now(), proven.row
	return proof, nil
}
