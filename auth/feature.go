package auth

import (
	"context"
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/auth/limit"
	"example.com/gatehouse/models"
)

// Feature is what an optional part of the product adds to authentication. A
// zero field adds nothing.
type Feature struct {
	Factors []Factor
	Steps   []LoginStep
	// Credentials report whether the user has something to begin a login with.
	Credentials []func(db *gorm.DB, user *models.User) (bool, error)
	// MailboxMethods are the login methods that prove that the user reads the
	// account's mail.
	MailboxMethods []string
	// Options are what a user may tick while they log in, by the names of the
	// inputs. LoggedIn finds them in the Authentication.
	Options []string
	Hooks
}

// Hooks run at named moments of an account's life. Those that take a
// transaction run in the one in which the moment happens, and an error undoes
// both.
type Hooks struct {
	// Registered runs after a sign-up is written.
	Registered func(t *Tx, registration *models.Registration) error
	// UserCreated runs after a confirmed sign-up has become a user.
	UserCreated func(t *Tx, user *models.User, registration *models.Registration, client Client) error
	// SkipSecondFactor reports whether the browser replaces the second factor.
	SkipSecondFactor func(db *gorm.DB, user *models.User, authn Authentication, browser Browser) (bool, error)
	// LoggedIn runs after a login has started a session.
	LoggedIn func(t *Tx, login *CompletedLogin) error
	// CredentialsChanged runs when the password was replaced, or a second
	// factor was added or removed.
	CredentialsChanged func(t *Tx, userID string) error
	// VoidMailed voids what was mailed to the user and opens the account.
	VoidMailed func(t *Tx, userID string) error
	// AddressReleased returns the attempts that are counted under an address.
	// Its next owner must not inherit them.
	AddressReleased func(email string) ([]limit.Counter, error)
	// Cleanup runs with the cleanup of expired rows.
	Cleanup func(ctx context.Context) error
}

// LoginStep is something that a login may need before the session starts, such
// as a form that has to be filled in. Needed is asked in the transaction of
// each login. The step's handler does its work in InPendingLogin and then calls
// web.Login again.
type LoginStep struct {
	Name   Step
	Needed func(db *gorm.DB, user *models.User) (bool, error)
}

// CompletedLogin is a login that has just started a session.
type CompletedLogin struct {
	User           *models.User
	Authentication Authentication
	Browser        Browser // as it was before
	Client         Client
	Tokens         map[string]BrowserToken // for the browser, by cookie
}

// BrowserToken is what a browser carries in a cookie, and for how long.
type BrowserToken struct {
	Token string
	Life  time.Duration
}

// optional lists the optional parts of the product. Of factors and steps, the
// first is asked for first.
func (a *Auth) optional() []Feature {
	return []Feature{
		a.passkeys(),       // feature:passkeys
		a.totp(),           // feature:totp
		a.recoveryCodes(),  // feature:recovery_codes
		a.trustedDevices(), // feature:trusted_devices
		a.mailLogin(),      // feature:mail_login
		a.terms(),          // feature:terms
	}
}

// LoginOptions returns the names of what a user may tick while they log in.
func (a *Auth) LoginOptions() (names []string) {
	for _, f := range a.installed {
		names = append(names, f.Options...)
	}
	return names
}

func (a *Auth) registered(t *Tx, registration *models.Registration) error {
	for _, f := range a.installed {
		if f.Registered == nil {
			continue
		}
		if err := f.Registered(t, registration); err != nil {
			return err
		}
	}
	return nil
}

func (a *Auth) userCreated(t *Tx, user *models.User, registration *models.Registration, client Client) error {
	for _, f := range a.installed {
		if f.UserCreated == nil {
			continue
		}
		if err := f.UserCreated(t, user, registration, client); err != nil {
			return err
		}
	}
	return nil
}

func (a *Auth) skipsSecondFactor(db *gorm.DB, user *models.User, authn Authentication, browser Browser) (bool, error) {
	for _, f := range a.installed {
		if f.SkipSecondFactor == nil {
			continue
		}
		if skips, err := f.SkipSecondFactor(db, user, authn, browser); skips || err != nil {
			return skips, err
		}
	}
	return false, nil
}

func (a *Auth) loggedIn(t *Tx, login *CompletedLogin) error {
	for _, f := range a.installed {
		if f.LoggedIn == nil {
			continue
		}
		if err := f.LoggedIn(t, login); err != nil {
			return err
		}
	}
	return nil
}

func (a *Auth) credentialsChanged(t *Tx, userID string) error {
	for _, f := range a.installed {
		if f.CredentialsChanged == nil {
			continue
		}
		if err := f.CredentialsChanged(t, userID); err != nil {
			return err
		}
	}
	return nil
}

func (a *Auth) addressReleased(email string) (attempts []limit.Counter, err error) {
	for _, f := range a.installed {
		if f.AddressReleased == nil {
			continue
		}
		more, err := f.AddressReleased(email)
		if err != nil {
			return nil, err
		}
		attempts = append(attempts, more...)
	}
	return attempts, nil
}
