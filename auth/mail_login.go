package auth

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/auth/limit"
	"example.com/gatehouse/models"
	"example.com/gatehouse/seal"
)

// The events of mailed login.
const (
	EventMailLoginRequested = "login.mail_requested"
	EventMailLoginFailed    = "login.mail_failed"
)

// mailLogins is the table of mailed logins.
const mailLogins = "mail_logins"

// mailLoginBrowser is the cookie of the browser that asked for a mailed login.
const mailLoginBrowser = "mail_login"

// mailLogin is a login method that proves the mailbox.
func (a *Auth) mailLogin() Feature {
	return Feature{
		MailboxMethods: []string{byMail},
		Hooks:          Hooks{VoidMailed: voidMailLogins, AddressReleased: a.mailLoginAttempts},
	}
}

// mailLoginAttempts returns what is counted under an address.
func (a *Auth) mailLoginAttempts(email string) ([]limit.Counter, error) {
	keys, err := a.mailLoginKeys()
	if err != nil {
		return nil, err
	}
	counters := []limit.Counter{limitMailLoginMail.By(email), limitMailLoginKnown.By(email)}
	for _, hash := range keys.All("recipient", email) {
		counters = append(counters, LimitMailLoginCode.By(string(hash)))
	}
	return counters, nil
}

// byMail is the method of a mailed login.
const byMail = "mail"

const (
	// mailLoginTries is how often a code may be typed, before the link is void as well.
	mailLoginTries = 3
	// mailLoginCode is the length of a code in bytes: 40 bits, which are eight characters.
	mailLoginCode = 5
)

// The rules of mailed login. A link needs no count: nobody guesses it. So whoever closes the count of an account's codes leaves the
// owner the link.
var (
	limitMailLoginIP   = limit.Limit{Name: "mail-login-ip", Window: time.Hour, Settings: PerMail}
	limitMailLoginMail = limit.Limit{Name: "mail-login-mail", Max: 5, Window: models.MailLoginLifetime}
	// Each login from a new browser makes a known device, so a count for each of
	// them alone would let one user have any number of mails sent.
	limitMailLoginKnown = limit.Limit{Name: "mail-login-known", Max: 20, Window: time.Hour}
	LimitMailLoginCode  = limit.Limit{Name: "mail-login-code", Max: 15, Window: 7 * 24 * time.Hour, FromFirst: true, Backoff: limit.Backoff{Max: time.Hour}, LockAfter: 100}
)

// MailLoginLimits are the limits on asking for a mailed login.
var MailLoginLimits = []limit.Limit{limitMailLoginIP, limitMailLoginMail, limitMailLoginKnown}

// OfMailLogin says whether it is mailed login that is closed, so that other ways in are open.
func (l Limited) OfMailLogin() bool {
	return l.Rule == limitMailLoginMail.Name || l.Rule == limitMailLoginKnown.Name || l.Rule == LimitMailLoginCode.Name
}

// RequestMailLogin mails the owner of the address a link and a code, and returns the token that tells this browser from others. An
// address without an account costs the same rows and the same statements, and the caller learns nothing (ASVS 6.3.8). A sign-up that
// was not confirmed is no account: nothing that a stranger has begun for the address is taken up (CVE-2026-53516 and its kin).
// The error is an Invalid or a Limited.
func (a *Auth) RequestMailLogin(ctx context.Context, address string, remember bool, browser Browser, client Client) (token string, err error) {
	email, problem := models.NormalizeEmail(address)
	if err := (Invalid{"email": problem}).Err(); err != nil {
		return "", err
	}
	known, err := a.IsKnownDevice(ctx, email, browser.Device)
	if err != nil {
		return "", err
	}
	if err := a.Attempt(ctx, client, a.mailLoginCounters(email, known, browser.Device, client)...); err != nil {
		return "", err
	}
	keys, err := a.mailLoginKeys()
	if err != nil {
		return "", err
	}
	row := models.MailLogin{ID: NewID(), KnownDevice: known, Remember: remember, CreatedAt: a.now(), ExpiresAt: a.now().Add(models.MailLoginLifetime)}
	token, row.BrowserHash = NewToken()
	link, code := a.fillMailLogin(&row, keys, email)
	err = a.Transact(ctx, func(t *Tx) error {
		// The lock makes two requests at once agree on which is the newer.
		user, err := models.LockUserByEmail(t.DB, email)
		if err != nil && !errors.Is(err, gorm.ErrRecordNotFound) {
			return fmt.Errorf("find the user: %w", err)
		}
		if err == nil {
			row.UserID = &user.ID
		}
		row.CredentialVersion = user.CredentialVersion()
		if err := keepMailLogin(t, &row, browser); err != nil {
			return err
		}
		message := a.messages.MailLogin(email, code, NewIncident(row.CreatedAt, client, link, models.MailLoginLifetime))
		if err := a.EnqueueToOwner(t, row.UserID != nil, message); err != nil {
			return err
		}
		return a.Record(t, EventMailLoginRequested, Subject{UserID: row.UserID, Client: client}, nil)
	})
	return token, err
}

// mailLoginCounters returns what a request counts under. Known devices have counts
// of their own: strangers who use up the recipient's share leave the owner a
// mailed login there, and everywhere else the password.
func (a *Auth) mailLoginCounters(email string, known bool, device string, client Client) []limit.Counter {
	if known {
		return []limit.Counter{limitMailLoginMail.By(email, device), limitMailLoginKnown.By(email)}
	}
	return append(limitMailLoginIP.From(client.IP), limitMailLoginMail.By(email))
}

// fillMailLogin makes the two secrets that are mailed; the row keeps their hashes.
func (a *Auth) fillMailLogin(row *models.MailLogin, keys seal.HashKeys, email string) (link, code string) {
	link, row.TokenHash = NewToken()
	random := make([]byte, mailLoginCode)
	rand.Read(random)
	code = Crockford.EncodeToString(random)
	row.CodeHash = keys.Sum(row.ID, code)
	row.Recipient = keys.Sum("recipient", email)
	code = strings.ToUpper(code)
	return link, code[:4] + "-" + code[4:]
}

// keepMailLogin stores the newest request, and voids the recipient's and the browser's older ones.
func keepMailLogin(t *Tx, row *models.MailLogin, browser Browser) error {
	if err := models.VoidMailLogins(t.DB, row.Recipient, row.KnownDevice); err != nil {
		return fmt.Errorf("void the older mailed logins: %w", err)
	}
	if err := t.Where("browser_hash = ?", HashToken(browser.Token(mailLoginBrowser))).Delete(&models.MailLogin{}).Error; err != nil {
		return fmt.Errorf("void the browser's older mailed login: %w", err)
	}
	if err := t.Create(row).Error; err != nil {
		return fmt.Errorf("keep the mailed login: %w", err)
	}
	return nil
}

// voidMailLogins makes what was mailed to a user let nobody in. The rows stay, as those of an address without an account do: a stranger who
// has asked for one learns nothing.
func voidMailLogins(t *Tx, userID string) error {
	if err := t.Model(&models.MailLogin{}).Where("user_id = ?", userID).Update("user_id", nil).Error; err != nil {
		return fmt.Errorf("void the mailed logins: %w", err)
	}
	return nil
}

// MailLoginByLink returns whom a mailed link lets in; ErrInvalidLink where it lets in nobody. here is false in a browser other than the
// one that asked for it, where it is not told whose it is.
func (a *Auth) MailLoginByLink(ctx context.Context, token string, browser Browser) (user *models.User, here bool, err error) {
	db := a.db.WithContext(ctx)
	row, err := models.FindMailLogin(db, HashToken(token), a.now())
	if err = a.InvalidIfNone(db, err, mailLogins, token); err != nil {
		return nil, false, fmt.Errorf("find the mailed login: %w", err)
	}
	if !bytes.Equal(row.BrowserHash, HashToken(browser.Token(mailLoginBrowser))) {
		return nil, false, nil
	}
	if user, err = a.mailLoginOwner(db, row); err == nil && user == nil {
		return nil, true, ErrInvalidLink
	}
	return user, true, err
}

// mailLoginOwner is whom the row lets in: nil where that is nobody, or where the account, its address or its password is not what it was when
// the mail went out.
func (a *Auth) mailLoginOwner(db *gorm.DB, row models.MailLogin) (*models.User, error) {
	if row.UserID == nil {
		return nil, nil
	}
	keys, err := a.mailLoginKeys()
	if err != nil {
		return nil, err
	}
	user, err := models.FindUser(db, *row.UserID)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find the user: %w", err)
	}
	if !bytes.Equal(row.CredentialVersion, user.CredentialVersion()) || !keys.Match(row.Recipient, "recipient", user.Email) {
		return nil, nil
	}
	return &user, nil
}

// LogInByMailedLink uses a mailed link up, in the browser that asked for it, and returns whom it lets in and as what proof. The error is a
// Limited or ErrInvalidLink.
func (a *Auth) LogInByMailedLink(ctx context.Context, token string, browser Browser, client Client) (user *models.User, authn Authentication, err error) {
	err = a.Transact(ctx, func(t *Tx) error {
		row, err := models.UseMailLogin(t.DB, HashToken(token), HashToken(browser.Token(mailLoginBrowser)), t.Now())
		if err = a.InvalidIfNone(t.DB, err, mailLogins, token); err != nil {
			return fmt.Errorf("use the link: %w", err)
		}
		if err := RememberUsed(t, mailLogins, HashToken(token)); err != nil {
			return err
		}
		authn = Authentication{Method: byMail, Remember: row.Remember}
		if user, err = a.mailLoginOwner(t.DB, row); err != nil {
			return err
		}
		if user == nil {
			return ErrInvalidLink
		}
		count := mailLoginCodeCounter(row, browser.Device)
		if count.Shared {
			return nil
		}
		return count.Forget(t.DB)
	})
	if err = a.CountInvalid(ctx, client, err); errors.Is(err, ErrInvalidLink) {
		failed := a.Transact(ctx, func(t *Tx) error {
			return a.Record(t, EventMailLoginFailed, Subject{Client: client}, Detail{"by": "link"})
		})
		return nil, authn, cmp.Or(failed, err)
	}
	return user, authn, err
}

// LogInByMailedCode is LogInByMailedLink for the code. The error is an Invalid, a Limited, ErrInvalidLink where the browser has asked for
// nothing that still works, or ErrTriesUsed where it has been wrong too often.
func (a *Auth) LogInByMailedCode(ctx context.Context, code string, browser Browser, client Client) (user *models.User, authn Authentication, err error) {
	if code = PlainCode(code); !Encodes(code, mailLoginCode) {
		return nil, authn, Invalid{"code": "Enter all eight letters and digits of the code from the mail."}
	}
	row, err := models.FindBrowsersMailLogin(a.db.WithContext(ctx), HashToken(browser.Token(mailLoginBrowser)), a.now())
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, authn, ErrInvalidLink
	}
	if err != nil {
		return nil, authn, fmt.Errorf("find the mailed login: %w", err)
	}
	ok, err := a.AttemptSecret(ctx, client, []limit.Counter{mailLoginCodeCounter(row, browser.Device)},
		func() (ok bool, err error) {
			row, user, err = a.tryMailedCode(ctx, code, browser)
			return user != nil, err
		},
		func(t *Tx) error {
			return a.Record(t, EventMailLoginFailed, Subject{UserID: row.UserID, Client: client}, Detail{"by": "code"})
		})
	switch {
	case err != nil:
		return nil, authn, err
	case ok:
		return user, Authentication{Method: byMail, Remember: row.Remember}, nil
	case row.Tries >= mailLoginTries:
		return nil, authn, ErrTriesUsed
	}
	return nil, authn, Invalid{"code": "That code is not right. Look for the newest mail, and check each character."}
}

// mailLoginCodeCounter is where a typed code counts: for the recipient, whether or not there is an account.
func mailLoginCodeCounter(row models.MailLogin, device string) limit.Counter {
	if row.KnownDevice {
		return LimitMailLoginCode.By(string(row.Recipient), device)
	}
	count := LimitMailLoginCode.By(string(row.Recipient))
	count.Shared = true
	return count
}

// tryMailedCode counts the try before it looks at the code, so that fifty at once are fifty; a right code uses the row up, and so does the
// last wrong one. user is nil where the code is wrong. The error may be ErrInvalidLink.
func (a *Auth) tryMailedCode(ctx context.Context, code string, browser Browser) (row models.MailLogin, user *models.User, err error) {
	keys, err := a.mailLoginKeys()
	if err != nil {
		return row, nil, err
	}
	err = a.Transact(ctx, func(t *Tx) error {
		row, err = models.TryMailLogin(t.DB, HashToken(browser.Token(mailLoginBrowser)), t.Now())
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return ErrInvalidLink
		}
		if err != nil {
			return fmt.Errorf("count the try: %w", err)
		}
		if keys.Match(row.CodeHash, row.ID, code) {
			if user, err = a.mailLoginOwner(t.DB, row); err != nil {
				return err
			}
		}
		if user == nil && row.Tries < mailLoginTries {
			return nil
		}
		if err := t.Delete(&row).Error; err != nil {
			return fmt.Errorf("use the mailed login up: %w", err)
		}
		if user == nil {
			return nil
		}
		return RememberUsed(t, mailLogins, row.TokenHash)
	})
	return row, user, err
}

// mailLoginKeys hash what has too few bits for a plain hash: someone who has only the database could try all codes, or all addresses that
// they know.
func (a *Auth) mailLoginKeys() (seal.HashKeys, error) {
	return seal.NewHashKeys(a.config.SecretKeys, "mail login")
}
