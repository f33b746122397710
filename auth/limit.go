package auth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"example.com/gatehouse/config"
	"example.com/gatehouse/models"
)

// The rules (ASVS 6.1.1). Guessing is slowed per account and address together, per address, and per account wherever the
// guesses come from. The last cannot lock an owner out: a known device has a count of its own, and resetting the password
// by mail makes the browser a known device. NIST SP 800-63B-4 3.2.2 allows 100 failures in a row.
// Strangers' counts end by time alone: one that ended when its owner logs in would tell strangers that there is an owner.
// Those without a number of free hits take it from a setting.
// Where an answer to a factor counts is in factorHits: whoever gets there knows that there is an account.
var (
	limitLoginPair        = models.LimitRule{Name: "login-pair", Free: 10, Window: 15 * time.Minute}
	limitLoginIP          = models.LimitRule{Name: "login-ip", Window: 15 * time.Minute}
	limitLoginAccount     = models.LimitRule{Name: "login-account", Free: 5, Window: 30 * 24 * time.Hour, Growing: true, FromFirst: true, MaxWait: time.Hour, Last: 100}
	limitConfirm          = models.LimitRule{Name: "confirm", Free: 5, Window: 24 * time.Hour, Growing: true, MaxWait: time.Hour, Last: 100}
	limitChallenge        = models.LimitRule{Name: "challenge", Free: 5, Window: 10 * time.Minute}
	limitFactor           = models.LimitRule{Name: "factor", Free: 10, Window: 24 * time.Hour, Growing: true, MinWait: 15 * time.Minute, MaxWait: 15 * time.Minute, Last: 100}
	limitFactorKnown      = models.LimitRule{Name: "factor-known", Free: 100, Window: 24 * time.Hour, Growing: true, MinWait: 24 * time.Hour, MaxWait: 24 * time.Hour}
	limitReproof          = models.LimitRule{Name: "reproof", Free: 5, Window: 24 * time.Hour, Growing: true, MaxWait: time.Hour, Last: 100}
	limitRegistrationForm = models.LimitRule{Name: "registration-form-ip", Window: time.Hour}
	limitRegistrationIP   = models.LimitRule{Name: "registration-ip", Window: time.Hour}
	limitRegistrationMail = models.LimitRule{Name: "registration-mail", Free: 5, Window: time.Hour}
	limitForgotIP         = models.LimitRule{Name: "forgot-ip", Window: time.Hour}
	limitForgotMail       = models.LimitRule{Name: "forgot-mail", Free: 5, Window: time.Hour}
	limitRefusalIP        = models.LimitRule{Name: "refusal-ip", Free: 50, Window: time.Hour}
	limitInvalidLink      = models.LimitRule{Name: "dead-link-ip", Free: 30, Window: time.Hour}
	limitLogins           = models.LimitRule{Name: "logins", Free: 100, Window: 10 * time.Minute}
	limitChanges          = models.LimitRule{Name: "changes", Free: 1000, Window: 10 * time.Minute}
)

// formsPerSignUp is how many forms are checked for each sign-up that may come of
// them: people mistype their address and choose weak passwords.
const formsPerSignUp = 10

func loginIP(c config.Config) models.LimitRule {
	return allowing(limitLoginIP, c.LoginFailuresPerAddress)
}

func registrationForm(c config.Config) models.LimitRule {
	return allowing(limitRegistrationForm, formsPerSignUp*c.SignUpsPerAddress)
}

func registrationIP(c config.Config) models.LimitRule {
	return allowing(limitRegistrationIP, c.SignUpsPerAddress)
}

func forgotIP(c config.Config) models.LimitRule {
	return allowing(limitForgotIP, c.MailsPerAddress)
}

func allowing(rule models.LimitRule, free int) models.LimitRule {
	rule.Free = free
	return rule
}

// LoginLimits are the rules that logging in counts under.
func LoginLimits(c config.Config) []models.LimitRule {
	return []models.LimitRule{limitLoginPair, loginIP(c), limitLoginAccount, limitLogins}
}

// countLogin counts a login whose proof was right: each writes a session, or a
// login that waits for its second factor, and events. A known device has a
// count of its own, so that an attacker who has the password can't use up the
// owner's there.
func (a *Auth) countLogin(ctx context.Context, userID string, known bool, device string, client Client) error {
	if !known {
		device = ""
	}
	return a.take(ctx, client, hitBy(limitLogins, userID, device))
}

// ChangeLimits returns the rules that every form of a logged-in user counts
// under, unless it protects the account.
func ChangeLimits() []models.LimitRule { return []models.LimitRule{limitChanges} }

// CountChange counts a form of the user's before it is handled, since each may
// write rows and events (ASVS 2.4.1). The error may be a Limited.
func (a *Auth) CountChange(ctx context.Context, user *models.User, client Client) error {
	return a.take(ctx, client, hitBy(limitChanges, user.ID))
}

// RegisterLimits are the rules that signing up counts under.
func RegisterLimits(c config.Config) []models.LimitRule {
	return append([]models.LimitRule{registrationForm(c)}, ResendLimits(c)...)
}

// ResendLimits are the rules that mailing a sign-up once more counts under.
func ResendLimits(c config.Config) []models.LimitRule {
	return []models.LimitRule{registrationIP(c), registrationMail(c)}
}

// registrationMail ends with the link that was mailed last, as forgotMail does.
func registrationMail(c config.Config) models.LimitRule {
	return endingWith(limitRegistrationMail, c.ConfirmTTL)
}

// ConfirmLimits are the rules that confirming a sign-up counts under, in a browser other than the one that began it.
func ConfirmLimits() []models.LimitRule { return []models.LimitRule{limitConfirm} }

// ForgotLimits are the rules that asking for a link to reset the password counts under.
func ForgotLimits(c config.Config) []models.LimitRule {
	return []models.LimitRule{forgotIP(c), forgotMail(c)}
}

// forgotMail ends with the link: a stranger who uses the recipient's share up leaves the owner a link that works until there is
// a new share.
func forgotMail(c config.Config) models.LimitRule {
	return endingWith(limitForgotMail, c.ResetTTL)
}

func endingWith(rule models.LimitRule, life time.Duration) models.LimitRule {
	rule.Window = min(rule.Window, life)
	return rule
}

// InvalidLinkLimits are the rules that a mailed link counts under which opens nothing (any more).
func InvalidLinkLimits() []models.LimitRule { return []models.LimitRule{limitInvalidLink} }

// ReauthLimits are the rules that proving the current password once more counts under.
func ReauthLimits() []models.LimitRule { return []models.LimitRule{limitReproof} }

// FactorLimits are the rules that the answers to a second factor count under, and those of who proves once more who they are.
func FactorLimits() []models.LimitRule {
	return []models.LimitRule{limitChallenge, limitFactor, limitFactorKnown}
}

// Limited is the answer to one request too many.
type Limited struct {
	Until time.Time // when the next may be made
	Rule  string
}

func (l Limited) Error() string {
	return fmt.Sprintf("limit %s: closed until %s", l.Rule, l.Until.Format(time.RFC3339))
}

// EndsWithReset says whether resetting the password by mail opens the way at once.
func (l Limited) EndsWithReset() bool { return l.Rule == limitLoginAccount.Name }

// OfChanges reports whether the user has sent as many forms as the rule allows.
func (l Limited) OfChanges() bool { return l.Rule == limitChanges.Name }

// OfFactor says whether answers to one way of proving who one is have to wait, and not those to another.
func (l Limited) OfFactor() bool {
	return l.Rule == limitFactor.Name || l.Rule == limitFactorKnown.Name
}

// hit is one thing counted under one rule.
type hit struct {
	rule   models.LimitRule
	key    string
	shared bool // to everybody: others count here as well
}

// byAnyone says that others count here as well. Who turns out to be right takes only themselves back: neither do they forgive others, nor
// do others see that somebody was right (ASVS 6.3.8).
func byAnyone(hits []hit) []hit {
	for i := range hits {
		hits[i].shared = true
	}
	return hits
}

// hitBy counts under rule for the parts together. They are hashed: what people mistype is not ours to keep.
func hitBy(rule models.LimitRule, parts ...string) hit {
	h := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(h, "%d:%s", len(part), part) // the length keeps ("ab","c") and ("a","bc") apart
	}
	return hit{rule: rule, key: base64.RawURLEncoding.EncodeToString(h.Sum(nil))}
}

// networks are the parts of the IPv6 space whose hits count, and how many times
// as many each may have as a /64, which is what one machine has. A household
// usually has a /56 (RIPE-690). A /48 is one site's, or a free tunnel's; a mobile
// carrier puts thousands of phones into it, each with its own /64, and they get
// more than the customers behind one IPv4 address of the same carrier. At the
// default of login-ip a /48 can have 1,600 passwords checked in 15 minutes,
// which is a tenth of one core.
var networks = []struct{ bits, times int }{{64, 1}, {56, 4}, {48, 16}}

// hitsFrom counts under a rule for an address: an IPv4 address alone, an IPv6
// address for each network that it lies in. An attacker with a /48 has
// 65,536 times a /64, and would otherwise have as many times what the rule
// allows.
func hitsFrom(ip netip.Addr, rule models.LimitRule) (hits []hit) {
	ip = ip.Unmap().WithZone("")
	if !ip.Is6() {
		return []hit{hitBy(rule, ip.String())}
	}
	for _, n := range networks {
		prefix := netip.PrefixFrom(ip, n.bits).Masked()
		hits = append(hits, hitBy(allowing(rule, n.times*rule.Free), prefix.String()))
	}
	return hits
}

// network is the first of those alone, for what counts by more than the address.
func network(ip netip.Addr) string {
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		return netip.PrefixFrom(ip, networks[0].bits).Masked().String()
	}
	return ip.String()
}

// take counts all hits or none; when one is refused the answer is a Limited. The hit that closes a rule is on record, the
// refusals behind it are not: a flood must not fill the security log. Rules are always taken, settled and forgotten in the order
// pair, address, account, and of a factor in that of factorHits, so that transactions do not wait for each other.
func (a *Auth) take(ctx context.Context, client Client, hits ...hit) error {
	if !a.config.RateLimit {
		return nil
	}
	now := a.now()
	return a.transact(ctx, func(t *tx) error {
		for _, h := range hits {
			limit, allowed, err := models.TakeHit(t.DB, h.rule, h.key, now)
			if err != nil {
				return fmt.Errorf("count under %s: %w", h.rule.Name, err)
			}
			if !allowed {
				return Limited{Until: limit.OpenAt, Rule: h.rule.Name}
			}
			if limit.OpenAt.After(now) {
				if err := a.record(t, EventLimitReached, nil, "", client, Detail{"limit": h.rule.Name}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// countInvalid counts an ErrInvalidLink and returns it, or the Limited that it comes to; any other error it returns as it is. Only dead links count:
// a neighbor's junk must not keep an owner from a good one.
func (a *Auth) countInvalid(ctx context.Context, client Client, err error) error {
	if !errors.Is(err, ErrInvalidLink) {
		return err
	}
	if limited := a.take(ctx, client, hitsFrom(client.IP, limitInvalidLink)...); limited != nil {
		return limited
	}
	return err
}

// giveBack takes hits back that were taken for what could not be done then.
func (a *Auth) giveBack(ctx context.Context, hits ...hit) error {
	if !a.config.RateLimit {
		return nil
	}
	return a.transact(context.WithoutCancel(ctx), func(t *tx) error {
		for _, h := range hits {
			if err := models.ReturnHit(t.DB, h.rule, h.key); err != nil {
				return fmt.Errorf("take back the count of %s: %w", h.rule.Name, err)
			}
		}
		return nil
	})
}

// guess counts a try at a secret before making it, so that fifty at once are fifty. A right one starts the counts anew (of
// those that are anyone's only itself is taken back); one that could not be made was none; a wrong one is on record.
func (a *Auth) guess(ctx context.Context, client Client, hits []hit, try func() (bool, error), wrong func(*tx) error) (ok bool, err error) {
	if err := a.take(ctx, client, hits...); err != nil {
		return false, err
	}
	ok, err = try()
	settled := a.transact(context.WithoutCancel(ctx), func(t *tx) error {
		if err == nil && !ok {
			return wrong(t)
		}
		for _, h := range hits {
			settle := models.ForgetHits
			if err != nil || h.shared {
				settle = models.ReturnHit
			}
			if err := settle(t.DB, h.rule, h.key); err != nil {
				return fmt.Errorf("settle the count of %s: %w", h.rule.Name, err)
			}
		}
		return nil
	})
	return ok, cmp.Or(settled, err)
}
