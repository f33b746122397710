package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"example.com/gatehouse/auth/limit"
	"example.com/gatehouse/config"
)

// The limits (ASVS 6.1.1). Guessing is slowed per account and address together,
// per address, and per account wherever the guesses come from. The last cannot
// lock an owner out: a known device has a count of its own, and resetting the
// password by mail makes the browser a known device. NIST SP 800-63B-4 3.2.2
// allows 100 failures in a row.
//
// Strangers' counts end by time alone: one that ended when its owner logs in
// would tell strangers that there is an owner. Where an answer to a factor
// counts is in factorCounters: a visitor who gets there knows that there is an
// account.
var (
	limitLoginPair    = limit.Limit{Name: "login-pair", Max: 10, Window: 15 * time.Minute}
	limitLoginIP      = limit.Limit{Name: "login-ip", Window: 15 * time.Minute, Settings: PerLoginFailure(1)}
	limitLoginAccount = limit.Limit{Name: "login-account", Max: 5, Window: 30 * 24 * time.Hour, FromFirst: true,
		Backoff: limit.Backoff{Max: time.Hour}, LockAfter: 100}
	limitLogins = limit.Limit{Name: "logins", Max: 100, Window: 10 * time.Minute}

	limitRegistrationForm = limit.Limit{Name: "registration-form-ip", Window: time.Hour,
		Settings: perSignUp(formsPerSignUp)}
	limitRegistrationIP = limit.Limit{Name: "registration-ip", Window: time.Hour, Settings: perSignUp(1)}
	// A limit on the mails to one address ends with the link that was mailed
	// last: a stranger who uses it up leaves the owner a link that works until
	// more may be mailed.
	limitRegistrationMail = limit.Limit{Name: "registration-mail", Max: 5, Window: time.Hour,
		Settings: func(l *limit.Limit, c config.Config) { l.Window = min(l.Window, c.ConfirmTTL) }}
	limitForgotIP   = limit.Limit{Name: "forgot-ip", Window: time.Hour, Settings: PerMail}
	limitForgotMail = limit.Limit{Name: "forgot-mail", Max: 5, Window: time.Hour,
		Settings: func(l *limit.Limit, c config.Config) { l.Window = min(l.Window, c.ResetTTL) }}

	limitFactor = limit.Limit{Name: "factor", Max: 10, Window: 24 * time.Hour,
		Backoff: limit.Backoff{Min: 15 * time.Minute, Max: 15 * time.Minute}, LockAfter: 100}
	limitFactorKnown = limit.Limit{Name: "factor-known", Max: 100, Window: 24 * time.Hour,
		Backoff: limit.Backoff{Min: 24 * time.Hour, Max: 24 * time.Hour}}

	limitRefusalIP = limit.Limit{Name: "refusal-ip", Max: 50, Window: time.Hour}

	// LimitConfirm bounds tries at the password of a sign-up, in a browser
	// other than the one that began it.
	LimitConfirm = limit.Limit{Name: "confirm", Max: 5, Window: 24 * time.Hour,
		Backoff: limit.Backoff{Max: time.Hour}, LockAfter: 100}
	// LimitChallenge bounds answers to one challenge.
	LimitChallenge = limit.Limit{Name: "challenge", Max: 5, Window: 10 * time.Minute}
	// LimitReauth bounds tries at the current password.
	LimitReauth = limit.Limit{Name: "reproof", Max: 5, Window: 24 * time.Hour,
		Backoff: limit.Backoff{Max: time.Hour}, LockAfter: 100}
	// LimitInvalidLink bounds mailed links that are invalid or expired.
	LimitInvalidLink = limit.Limit{Name: "dead-link-ip", Max: 30, Window: time.Hour}
	// LimitChanges bounds the forms of a logged-in user, except those that
	// protect the account.
	LimitChanges = limit.Limit{Name: "changes", Max: 1000, Window: 10 * time.Minute}
)

// The limits of routes that count under several.
var (
	LoginLimits    = []limit.Limit{limitLoginPair, limitLoginIP, limitLoginAccount, limitLogins}
	FactorLimits   = []limit.Limit{LimitChallenge, limitFactor, limitFactorKnown}
	ResendLimits   = []limit.Limit{limitRegistrationIP, limitRegistrationMail}
	RegisterLimits = append([]limit.Limit{limitRegistrationForm}, ResendLimits...)
	ForgotLimits   = []limit.Limit{limitForgotIP, limitForgotMail}
)

// formsPerSignUp is how many forms are checked for each sign-up that may come
// of them: people mistype their address and choose weak passwords.
const formsPerSignUp = 10

func perSignUp(times int) func(*limit.Limit, config.Config) {
	return func(l *limit.Limit, c config.Config) { l.Max = times * c.SignUpsPerAddress }
}

// PerLoginFailure sets a limit's Max to times the failed logins that the
// settings allow for each address.
func PerLoginFailure(times int) func(*limit.Limit, config.Config) {
	return func(l *limit.Limit, c config.Config) { l.Max = times * c.LoginFailuresPerAddress }
}

// PerMail sets a limit's Max to the mails that the settings allow for each
// address.
func PerMail(l *limit.Limit, c config.Config) { l.Max = c.MailsPerAddress }

// countLogin counts a login whose proof was right: each writes a session, or a
// login that waits for its second factor, and events. A known device has a
// count of its own, so that an attacker who has the password can't use up the
// owner's there.
func (a *Auth) countLogin(ctx context.Context, userID string, known bool, device string, client Client) error {
	if !known {
		device = ""
	}
	return a.Attempt(ctx, client, limitLogins.By(userID, device))
}

// CountChange counts a form of the user's before it is handled, since each may
// write rows and events (ASVS 2.4.1). The error may be a Limited.
func (a *Auth) CountChange(ctx context.Context, actor *Actor) error {
	return a.Attempt(ctx, actor.Client, LimitChanges.By(actor.User.ID))
}

// Limited is the error for one attempt too many.
type Limited struct {
	Until time.Time // when the next is allowed
	Rule  string    // the limit's name
}

func (l Limited) Error() string {
	return fmt.Sprintf("limit %s: closed until %s", l.Rule, l.Until.Format(time.RFC3339))
}

// EndsWithReset reports whether the user can log in at once after resetting the
// password by mail.
func (l Limited) EndsWithReset() bool { return l.Rule == limitLoginAccount.Name }

// OfChanges reports whether the user has sent as many forms as the limit
// allows.
func (l Limited) OfChanges() bool { return l.Rule == LimitChanges.Name }

// OfFactor reports whether answers to one factor have to wait, and not those to
// another.
func (l Limited) OfFactor() bool {
	return l.Rule == limitFactor.Name || l.Rule == limitFactorKnown.Name
}

// Attempt counts under all counters or under none; if one of them is closed,
// the error is a Limited. The attempt that closes a limit is recorded as an
// event, the refusals behind it are not: a flood must not fill the security
// log. Attempts are always counted, settled and forgotten in the order pair,
// address, account, and those of a factor in the order of factorCounters, so
// that transactions do not wait for each other.
func (a *Auth) Attempt(ctx context.Context, client Client, counters ...limit.Counter) error {
	if !a.config.RateLimit {
		return nil
	}
	now := a.now()
	return a.Transact(ctx, func(t *Tx) error {
		for _, counter := range counters {
			name := counter.Limit.Name
			row, allowed, err := counter.Attempt(t.DB, a.config, now)
			if err != nil {
				return fmt.Errorf("count under %s: %w", name, err)
			}
			if !allowed {
				return Limited{Until: row.OpenAt, Rule: name}
			}
			if row.OpenAt.After(now) {
				if err := a.Record(t, EventLimitReached, Subject{Client: client}, Detail{"limit": name}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// CountInvalid counts an ErrInvalidLink and returns it, or a Limited if there
// were too many. It returns any other error as it is. Only invalid links count:
// a neighbor's junk must not keep an owner from a good one.
func (a *Auth) CountInvalid(ctx context.Context, client Client, err error) error {
	if !errors.Is(err, ErrInvalidLink) {
		return err
	}
	if limited := a.Attempt(ctx, client, LimitInvalidLink.From(client.IP)...); limited != nil {
		return limited
	}
	return err
}

// Refund takes back attempts that were counted for what could not be done then.
func (a *Auth) Refund(ctx context.Context, counters ...limit.Counter) error {
	if !a.config.RateLimit {
		return nil
	}
	return a.Transact(context.WithoutCancel(ctx), func(t *Tx) error {
		for _, counter := range counters {
			if err := counter.Refund(t.DB); err != nil {
				return fmt.Errorf("refund an attempt under %s: %w", counter.Limit.Name, err)
			}
		}
		return nil
	})
}

// AttemptSecret counts an attempt at a secret before it calls try, so that
// fifty at once are fifty. If try returns true, the counts are forgotten; of a
// shared counter only this attempt is refunded. If try fails with an error, the
// attempt was none and is refunded. If it returns false, wrong records that.
func (a *Auth) AttemptSecret(ctx context.Context, client Client, counters []limit.Counter,
	try func() (bool, error), wrong func(*Tx) error) (ok bool, err error) {
	if err := a.Attempt(ctx, client, counters...); err != nil {
		return false, err
	}
	ok, err = try()
	settled := a.Transact(context.WithoutCancel(ctx), func(t *Tx) error {
		if err == nil && !ok {
			return wrong(t)
		}
		for _, counter := range counters {
			settle := counter.Forget
			if err != nil || counter.Shared {
				settle = counter.Refund
			}
			if err := settle(t.DB); err != nil {
				return fmt.Errorf("settle the count of %s: %w", counter.Limit.Name, err)
			}
		}
		return nil
	})
	return ok, cmp.Or(settled, err)
}
