// Package auth holds the verbs of identity: who may become, prove to be, and stop being a user. It knows no HTTP.
package auth

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"example.com/gatehouse/auth/hash"
	"example.com/gatehouse/auth/password"
	"example.com/gatehouse/config"
	"example.com/gatehouse/mail"
	"example.com/gatehouse/models"
	"example.com/gatehouse/seal"
)

// Auth carries out the verbs on one database. Its methods may be called at the same time.
type Auth struct {
	config    config.Config
	db        *gorm.DB
	sessions  *models.SessionFinder
	seen      quietly
	outbox    *mail.Outbox
	messages  mail.Messages
	kept      seal.Keys
	hasher    *hash.Hasher
	rules     password.Rules
	installed []Feature
	log       *slog.Logger
	now       func() time.Time

	cleanup struct {
		sync.Mutex
		last time.Time // when it last ran
	}
}

// Options are what an Auth works with.
type Options struct {
	Config config.Config
	DB     *gorm.DB // migrated
	Outbox *mail.Outbox
	Log    *slog.Logger
	Now    func() time.Time // the clock, which tests move
	// Hasher is for tests. Without it New makes the one that hashes at full
	// cost.
	Hasher *hash.Hasher
	// Features come after the built-in ones. Of factors and login steps, the
	// first is asked for first.
	Features []func(*Auth) Feature
}

// New returns an Auth. The caller closes it.
func New(o Options) (*Auth, error) {
	sessions, err := models.NewSessionFinder(o.DB)
	if err != nil {
		return nil, err
	}
	kept, err := seal.New(o.Config.SecretKeys, "kept form")
	if err != nil {
		return nil, err
	}
	slots := max(1, runtime.GOMAXPROCS(0)-1) // one core stays free for pages
	a := &Auth{
		config:   o.Config,
		db:       o.DB,
		sessions: sessions,
		outbox:   o.Outbox,
		kept:     kept,
		messages: mail.NewMessages(o.Config.AppName, o.Config.AppURL),
		hasher:   cmp.Or(o.Hasher, hash.New(hash.Default, slots, 64*slots)),
		rules:    password.NewRules(o.Config.PasswordMin, o.Config.AppName),
		log:      o.Log,
		now:      func() time.Time { return o.Now().UTC().Truncate(time.Microsecond) },
	}
	a.cleanup.last = a.now()
	a.installed = a.optional()
	for _, feature := range o.Features {
		a.installed = append(a.installed, feature(a))
	}
	return a, nil
}

// Close lets go of what New prepared.
func (a *Auth) Close() error { return a.sessions.Close() }

// Invalid says, field by field, what a person has to change; the field "" is the form as a whole.
type Invalid = models.Invalid

// ErrInvalidLink is the answer to a mailed link that is unknown, used, replaced or too old.
var ErrInvalidLink = errors.New("this link does not work any more")

// Tx is a transaction of Transact. Its events reach the log, and its mail is
// sent, only after the commit, so that nobody is told of what was rolled back.
type Tx struct {
	*gorm.DB
	clock  func() time.Time
	moment time.Time
	events []models.Event
	mailed bool
}

// Now returns the time of everything that the transaction does. The clock is
// read by the first call, which should follow the locks: what waited for
// another transaction happened later than it. Code inside a transaction must
// not read another clock.
func (t *Tx) Now() time.Time {
	if t.moment.IsZero() {
		t.moment = t.clock()
	}
	return t.moment
}

// Transact runs work in one transaction and rolls it back if work fails. It
// returns the error of work, or that of the commit. work must read and write
// through the Tx alone. Changes that require a recent login belong into
// InSession, those of a pending login into InPendingLogin: Transact does not
// check whether the session has ended.
func (a *Auth) Transact(ctx context.Context, work func(*Tx) error) error {
	t := &Tx{clock: a.now}
	err := a.db.WithContext(ctx).Transaction(func(db *gorm.DB) error {
		t.DB = db
		return work(t)
	})
	if err != nil {
		return err
	}
	for _, e := range t.events {
		a.logEvent(ctx, e)
	}
	if t.mailed {
		a.outbox.Wake()
	}
	return nil
}

// TokenLength is the length of every mailed token, in letters, digits, - and _.
const TokenLength = 43

// NewToken returns 256 random bits for a user or browser to carry (ASVS 11.5.1
// asks for 128) and the hash to store. The token itself must not be stored or
// logged: a stolen copy of the database then contains nothing that logs in.
func NewToken() (token string, hash []byte) {
	random := make([]byte, 32)
	rand.Read(random)
	token = base64.RawURLEncoding.EncodeToString(random)
	return token, HashToken(token)
}

// HashToken returns the hash under which NewToken's tokens are stored. It has
// no salt and is fast, so it must not be used for secrets below 112 bits.
func HashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// isOpen is the condition of an account that may be logged in to.
const isOpen = "users.disabled_at IS NULL"

// comesBack is the condition of an account that is open, or that a link of its owner's can open again: whoever closed it, to have it
// deleted, may be whom they want to lock out.
func comesBack() string {
	condition := isOpen
	condition += " OR users.id IN (SELECT user_id FROM account_deletions WHERE begun_at IS NULL)"
	return condition
}

// linkOwner returns the user whose living link the token names in a table of mailed links, where the account is as the condition has it;
// ErrInvalidLink where there is none.
func (a *Auth) linkOwner(ctx context.Context, table, token, account string) (*models.User, error) {
	var user models.User
	err := a.db.WithContext(ctx).Joins(fmt.Sprintf("JOIN %s AS links ON links.user_id = users.id", table)).
		Where("links.token_hash = ? AND links.expires_at > ?", HashToken(token), a.now()).Where(account).
		Take(&user).Error
	if err = a.InvalidIfNone(a.db.WithContext(ctx), err, table, token); err != nil {
		return nil, fmt.Errorf("find the link in %s: %w", table, err)
	}
	return &user, nil
}

// owner is the user whom a lock for a mailed link has found; the error is ErrInvalidLink where they are gone.
func owner(user models.User, err error) (*models.User, error) {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, ErrInvalidLink
	}
	if err != nil {
		return nil, fmt.Errorf("lock the user: %w", err)
	}
	return &user, nil
}

// UseLink deletes the row of a mailed link, of which kind is the table, and
// returns it. One statement decides which of several submissions wins (ASVS
// 2.3.4). The error is ErrUsedLink for the others and ErrInvalidLink for an
// unknown or expired link.
func UseLink[T any](t *Tx, kind, token string) (used T, err error) {
	var rows []T
	err = t.Clauses(clause.Returning{}).Where("token_hash = ? AND expires_at > ?", HashToken(token), t.Now()).Delete(&rows).Error
	if err != nil {
		return used, fmt.Errorf("use the link: %w", err)
	}
	if len(rows) == 0 {
		return used, invalidLink(t.DB, kind, HashToken(token), t.Now())
	}
	return rows[0], RememberUsed(t, kind, HashToken(token))
}

// NewID returns an id for a row, a UUIDv7. It is ordered by time and not a
// secret.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }
