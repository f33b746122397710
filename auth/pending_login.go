package auth

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"example.com/gatehouse/models"
)

// The login methods of the core. A login method of a feature has a name of its
// own. The second factor is added to it: "password totp".
const (
	MethodPassword = "password"
	MethodSignUp   = "registration"
	MethodReset    = "reset"
)

// Authentication is how a person showed who they are.
type Authentication struct {
	Method   string
	Second   bool     // a second factor was part of it
	Remember bool     // the session outlives the browser's closing
	Options  []string // what the user has ticked, see Feature

	at     time.Time            // when something was last proven; zero for now
	factor string               // the row of the second factor, "" where none was proven by one
	began  *models.PendingLogin // the login that it is part of; nil where it has just begun
}

// AAL counts the factors, as the authenticator assurance levels of NIST SP 800-63B-4 do: 1 or 2.
func (p Authentication) AAL() int {
	if p.Second {
		return 2
	}
	return 1
}

// With is the proof with a second factor added.
func (p Authentication) With(factor string) Authentication {
	p.Method, p.Second = strings.TrimSpace(p.Method+" "+factor), true
	return p
}

// ByPassword is the proof of who knows the password.
func ByPassword(remember bool) Authentication {
	return Authentication{Method: MethodPassword, Remember: remember}
}

// First returns the method that the login began with.
func (p Authentication) First() string { return firstOf(p.Method) }

func firstOf(method string) string {
	first, _, _ := strings.Cut(method, " ")
	return first
}

// byMailbox reports whether the login began with a mail that the user received.
func (a *Auth) byMailbox(authn Authentication) bool {
	return authn.Resets() || slices.ContainsFunc(a.installed, func(f Feature) bool {
		return slices.Contains(f.MailboxMethods, authn.First())
	})
}

// Step is what a login still needs before the session starts.
type Step string

// The steps of the core.
const (
	NoStep       Step = ""
	FactorStep   Step = "second_factor"
	PasswordStep Step = "new_password"
)

// nextStep returns the first step that the login still needs. Another one, such
// as a profile to be completed, is a step of a Feature.
func (a *Auth) nextStep(db *gorm.DB, user *models.User, authn Authentication, browser Browser) (Step, error) {
	if second, err := a.needsSecondFactor(db, user, authn, browser); err != nil {
		return NoStep, err
	} else if second {
		return FactorStep, nil
	}
	if authn.Resets() || user.PasswordHash == "" || user.PasswordDueAt != nil {
		return PasswordStep, nil
	}
	for _, f := range a.installed {
		for _, step := range f.Steps {
			if needed, err := step.Needed(db, user); err != nil {
				return NoStep, err
			} else if needed {
				return step.Name, nil
			}
		}
	}
	return NoStep, nil
}

func (a *Auth) needsSecondFactor(db *gorm.DB, user *models.User, authn Authentication, browser Browser) (bool, error) {
	if authn.Second {
		return false, nil
	}
	if skips, err := a.skipsSecondFactor(db, user, authn, browser); skips || err != nil {
		return false, err
	}
	return a.Enrolled(db, user.ID)
}

// LoginResult is the browser's new tokens: of a session, or of a login that
// still needs a step.
type LoginResult struct {
	Browser
	PendingLogin *PendingLogin           // that login; nil if the session has started
	NewTokens    map[string]BrowserToken // more for the browser, by cookie
}

// Login lets user in who has proven who they are; where something is owed it begins a login that waits for it instead (item 49 of
// the security model). user is as it was when the proof was checked; the error is ErrChanged when the password has changed
// since, ErrLoginEnded when what was begun has ended, or ErrAccountLocked.
func (a *Auth) Login(ctx context.Context, user *models.User, authn Authentication, browser Browser, client Client) (entry LoginResult, err error) {
	err = a.Transact(ctx, func(t *Tx) error {
		// A login that was checked just before a password reset must not outlive it.
		user, err := LockUnchanged(t, user)
		if err != nil {
			return err
		}
		// What a thief has added, such as a passkey, must not let them back in: the new password is for whoever holds the mailbox to choose.
		if IsLocked(user) && !a.byMailbox(authn) {
			return ErrAccountLocked
		}
		if err := usePendingLogin(t, authn); err != nil {
			return err
		}
		former, err := a.endPendingLogin(t, user, browser.PendingLogin)
		if err != nil {
			return err
		}
		step, err := a.nextStep(t.DB, user, authn, browser)
		if err != nil {
			return err
		}
		if step != NoStep {
			entry, err = a.beginPendingLogin(t, user, authn, step, former, browser, client)
			return err
		}
		if entry.Browser, err = a.startSession(t, user, authn, browser, client); err != nil {
			return err
		}
		done := CompletedLogin{User: user, Authentication: authn, Browser: browser, Client: client, Tokens: map[string]BrowserToken{}}
		err = a.loggedIn(t, &done)
		entry.NewTokens = done.Tokens
		return err
	})
	if errors.Is(err, ErrAccountLocked) {
		refused := a.Transact(ctx, func(t *Tx) error {
			return a.Record(t, EventLoginRefused, Subject{UserID: &user.ID, Client: client}, Detail{"method": authn.Method})
		})
		return entry, cmp.Or(refused, err)
	}
	return entry, err
}

// LockUnchanged locks a user that was read before the transaction and returns it as
// it is now. The error is ErrChanged if the user is gone or has another password or
// address: what was checked against the old ones proves nothing.
func LockUnchanged(t *Tx, user *models.User) (*models.User, error) {
	current, err := models.LockUser(t.DB, user.ID)
	if errors.Is(err, gorm.ErrRecordNotFound) || err == nil && (current.PasswordHash != user.PasswordHash || current.Email != user.Email) {
		return nil, ErrChanged
	}
	if err != nil {
		return nil, fmt.Errorf("lock the user: %w", err)
	}
	return &current, nil
}

// beginPendingLogin keeps what was proven until the rest is. However many steps there are, the time runs from the first. Whoever begins anew, former is
// what they had not finished in the browser, does not put off that its owner is told.
func (a *Auth) beginPendingLogin(t *Tx, user *models.User, authn Authentication, step Step, former models.PendingLogin, browser Browser, client Client) (LoginResult, error) {
	token, hash := NewToken()
	event, first := EventLoginContinued, authn.began
	if first == nil {
		known, _, err := deviceOf(t.DB, user.ID, browser.Device)
		if err != nil {
			return LoginResult{}, err
		}
		event, first = EventLoginBegun, &models.PendingLogin{IP: client.Address(), Device: client.Device(), CreatedAt: t.Now(), ReportAt: former.ReportAt}
		if due := t.Now().Add(models.PendingLoginLifetime); !known && former.ReportAt == nil {
			first.ReportAt = &due
		}
	}
	pendingLogin := models.PendingLogin{
		ID: NewID(), UserID: user.ID, TokenHash: hash, Method: authn.Method, AAL: authn.AAL(), Remember: authn.Remember, FactorID: authn.factor,
		CredentialVersion: user.CredentialVersion(), IP: first.IP, Device: first.Device, ReportAt: first.ReportAt,
		CreatedAt: first.CreatedAt, AuthenticatedAt: cmp.Or(authn.at, t.Now()), ExpiresAt: first.CreatedAt.Add(models.PendingLoginLifetime),
		Options: new(strings.Join(authn.Options, " ")),
	}
	if err := t.Create(&pendingLogin).Error; err != nil {
		return LoginResult{}, fmt.Errorf("begin a login: %w", err)
	}
	entry := LoginResult{Browser: Browser{PendingLogin: token}, PendingLogin: newPendingLogin(&pendingLogin, *user, step, browser, client)}
	return entry, a.Record(t, event, Subject{UserID: &user.ID, Client: client}, Detail{"method": authn.Method, "step": string(step)})
}

// endPendingLogin ends what the user has not finished in this browser, and returns it. What somebody else has not finished there runs out, and is
// told of: a thief shall not keep that from its owner by logging in as themselves.
func (a *Auth) endPendingLogin(t *Tx, user *models.User, token string) (former models.PendingLogin, err error) {
	if token == "" {
		return former, nil
	}
	var ended []models.PendingLogin
	err = t.Clauses(clause.Returning{}).Where("token_hash = ? AND user_id = ?", HashToken(token), user.ID).Delete(&ended).Error
	if err != nil {
		return former, fmt.Errorf("end the browser's former login: %w", err)
	}
	if len(ended) > 0 {
		return ended[0], nil
	}
	if err := t.Model(&models.PendingLogin{}).Where("token_hash = ?", HashToken(token)).Update("expires_at", longPast).Error; err != nil {
		return former, fmt.Errorf("end the login of somebody else: %w", err)
	}
	return former, nil
}

// endPendingLogins ends what the user has not finished anywhere, but for the login whose id is kept. What their owner is to be told of is told all
// the same.
func endPendingLogins(t *Tx, userID, keep string) error {
	ended := t.Model(&models.PendingLogin{}).Where("user_id = ? AND id <> ?", userID, keep).Update("expires_at", longPast)
	if ended.Error != nil {
		return fmt.Errorf("end the unfinished logins: %w", ended.Error)
	}
	return nil
}

// PendingLogin is a login that still owes something.
type PendingLogin struct {
	User   models.User
	Step   Step
	Client Client

	authn Authentication
	ID    string

	device string // the browser's token, "" for none
}

// Authentication is what was proven so far.
func (p *PendingLogin) Authentication() Authentication { return p.authn }

// FindPendingLogin finds what the browser has not finished; nil where there is nothing, or it was begun with a password that is no more.
func (a *Auth) FindPendingLogin(ctx context.Context, browser Browser, client Client) (*PendingLogin, error) {
	if browser.PendingLogin == "" {
		return nil, nil
	}
	db := a.db.WithContext(ctx)
	pendingLogin, user, err := models.FindPendingLogin(db, HashToken(browser.PendingLogin), a.now())
	if errors.Is(err, gorm.ErrRecordNotFound) || err == nil && !bytes.Equal(pendingLogin.CredentialVersion, user.CredentialVersion()) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find the login: %w", err)
	}
	p := newPendingLogin(&pendingLogin, user, NoStep, browser, client)
	p.Step, err = a.nextStep(db, &user, p.authn, browser)
	return p, err
}

func newPendingLogin(pendingLogin *models.PendingLogin, user models.User, step Step, browser Browser, client Client) *PendingLogin {
	p := &PendingLogin{User: user, Step: step, Client: client, ID: pendingLogin.ID, device: browser.Device}
	p.authn = Authentication{Method: pendingLogin.Method, Second: pendingLogin.AAL > 1, Remember: pendingLogin.Remember, at: pendingLogin.AuthenticatedAt, factor: pendingLogin.FactorID, began: pendingLogin}
	if pendingLogin.Options != nil {
		p.authn.Options = strings.Fields(*pendingLogin.Options)
	}
	return p
}

// ErrLoginEnded says that a login was finished, or ended, while somebody was finishing it.
var ErrLoginEnded = errors.New("the login is over")

// InPendingLogin is InSession for a user who is still logging in. The error is that
// of work, ErrLoginEnded if the login was completed or ended in the meantime, or
// ErrChanged if the password or the address was replaced.
func (a *Auth) InPendingLogin(ctx context.Context, p *PendingLogin, work func(t *Tx, user *models.User) error) error {
	return a.Transact(ctx, func(t *Tx) error {
		user, err := LockUnchanged(t, &p.User)
		if err != nil {
			return err
		}
		var going int64
		if err := t.Model(&models.PendingLogin{}).Where("id = ? AND expires_at > ?", p.ID, t.Now()).Count(&going).Error; err != nil {
			return fmt.Errorf("look for the login: %w", err)
		}
		if going == 0 {
			return ErrLoginEnded
		}
		return work(t, user)
	})
}

// usePendingLogin uses up the login that a proof is part of, so that of all that answer what it owes, at once or from a form that was under way
// while the account was locked, one goes on. The error may be ErrLoginEnded.
func usePendingLogin(t *Tx, authn Authentication) error {
	if authn.began == nil {
		return nil
	}
	used := t.Where("id = ? AND expires_at > ?", authn.began.ID, t.Now()).Delete(&models.PendingLogin{})
	if used.Error != nil {
		return fmt.Errorf("use the login up: %w", used.Error)
	}
	if used.RowsAffected == 0 {
		return ErrLoginEnded
	}
	return nil
}

// CompleteFactor checks the second factor that a login owes, and returns the proof that includes it. The error is an Invalid, a Limited,
// ErrTriesUsed, ErrLoginEnded or ErrChanged.
func (a *Auth) CompleteFactor(ctx context.Context, p *PendingLogin, name, answer string) (Authentication, error) {
	of := Challenge{ID: p.ID, Client: p.Client, Device: p.device, while: func(ctx context.Context, work func(*Tx, *models.User) error) error {
		return a.InPendingLogin(ctx, p, work)
	}}
	proven, err := a.checkFactor(ctx, &p.User, name, answer, of)
	_, limited := errors.AsType[Limited](err)
	if errors.Is(err, ErrTriesUsed) || limited {
		return Authentication{}, cmp.Or(a.stopPendingLogin(ctx, p, limited), err)
	}
	if err != nil {
		return Authentication{}, err
	}
	authn := p.authn.With(proven.Name)
	authn.at, authn.factor = a.now(), proven.row
	return authn, nil
}
