package auth

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"example.com/gatehouse/auth/hash"
	"example.com/gatehouse/config"
	"example.com/gatehouse/mail"
	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
)

const goodPassword = "seven purple lanterns hum"

var here = Client{IP: netip.MustParseAddr("203.0.113.7"), UserAgent: "curl/8"}

// opened returns an Auth that hashes cheaply, unless a change says otherwise,
// and how far its clock is ahead.
func opened(t testing.TB, db *gorm.DB, changes ...func(*Options)) (*Auth, *time.Duration) {
	t.Helper()
	c, err := config.Load([]string{"SECRET_KEY=0123456789abcdefghijklmnopqrstuvwxyz"})
	if err != nil {
		t.Fatal(err)
	}
	c.AppURL = &url.URL{Scheme: "https", Host: "app.example.com"}
	ahead := new(time.Duration)
	now := func() time.Time { return time.Now().Add(*ahead) }
	log := modelstest.Log(t)
	outbox, err := mail.NewOutbox(db, nil, &netmail.Address{Address: "hello@example.com"}, c.SecretKeys, false, log, now)
	if err != nil {
		t.Fatal(err)
	}
	options := Options{Config: c, DB: db, Outbox: outbox, Log: log, Now: now, Hasher: hash.New(hash.Cheap, 4, 100)}
	for _, change := range changes {
		change(&options)
	}
	a, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a, ahead
}

// statements remembers the text of every statement, without its values.
type statements struct {
	logger.Interface
	mutex sync.Mutex
	texts []string
}

func (s *statements) LogMode(logger.LogLevel) logger.Interface { return s }

func (s *statements) Trace(_ context.Context, _ time.Time, text func() (string, int64), _ error) {
	sql, _ := text()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.texts = append(s.texts, sql)
}

func (s *statements) since(work func()) []string {
	s.mutex.Lock()
	s.texts = nil
	s.mutex.Unlock()
	work()
	return slices.Clone(s.texts)
}

// Item 16: time cannot be tested; that the same work is done can. Each verb runs the same statements, in the same order,
// whether or not the address has an account.
func TestItem16KnownAndUnknownAddressesCostTheSameWork(t *testing.T) {
	heard := &statements{}
	db := modelstest.Open(t).Session(&gorm.Session{Logger: heard})
	a, _ := opened(t, db)
	if _, err := a.AddUser(t.Context(), "Ada", "known@example.com", goodPassword); err != nil {
		t.Fatal(err)
	}
	for name, verb := range map[string]func(email string) error{
		"Register": func(email string) error {
			_, err := a.Register(t.Context(), "Ada", email, goodPassword, here)
			return err
		},
		"ResendRegistration": func(email string) error {
			browser, err := a.Register(t.Context(), "Ada", email, goodPassword, here)
			return errors.Join(err, a.ResendRegistration(t.Context(), browser, here))
		},
		"CorrectRegistration": func(email string) error {
			browser, err := a.Register(t.Context(), "Ada", "mistyped@example.com", goodPassword, here)
			return errors.Join(err, a.CorrectRegistration(t.Context(), browser, email, here))
		},
		"ForgotPassword": func(email string) error { return a.ForgotPassword(t.Context(), email, here) },
		"RequestMailLogin": func(email string) error { // feature:mail_login
			token, err := a.RequestMailLogin(t.Context(), email, false, Browser{Device: "of somebody else's"}, here) // feature:mail_login
			for range 3 {                                                                                            // feature:mail_login
				_, _, wrong := a.LogInByMailedCode(t.Context(), "AAAAAAAA", Browser{Cookie: func(string) string { return token }}, here) // feature:mail_login
				if _, ok := errors.AsType[Invalid](wrong); !ok && !errors.Is(wrong, ErrTriesUsed) {                                      // feature:mail_login
					err = errors.Join(err, wrong) // feature:mail_login
				} // feature:mail_login
			} // feature:mail_login
			return err // feature:mail_login
		}, // feature:mail_login
		"Authenticate": func(email string) error {
			_, err := a.Authenticate(t.Context(), email, "wrong wrong wrong wrong", Browser{}, here)
			if _, refused := errors.AsType[Invalid](err); refused {
				return nil
			}
			return err
		},
	} {
		known := heard.since(func() { must(t, verb("known@example.com")) })
		unknown := heard.since(func() { must(t, verb("unknown@example.com")) })
		if !slices.Equal(known, unknown) {
			t.Errorf("%s runs for a known address\n%s\n\nand for an unknown one\n%s", name, strings.Join(known, "\n"), strings.Join(unknown, "\n"))
		}
		if len(known) == 0 {
			t.Errorf("no statement of %s was heard", name)
		}
	}
}

// Item 16: and the one hash that costs more than everything else is made for both.
func TestItem16KnownAndUnknownAddressesAreBothHashedFor(t *testing.T) {
	a, _ := opened(t, modelstest.Open(t))
	must(t, second(a.AddUser(t.Context(), "Ada", "known@example.com", goodPassword)))
	a.hasher = hash.New(hash.Cheap, 1, 0)
	occupy(t, a.hasher)
	for _, email := range []string{"known@example.com", "unknown@example.com"} {
		if _, err := a.Authenticate(t.Context(), email, goodPassword, Browser{}, here); !errors.Is(err, hash.ErrBusy) {
			t.Errorf("Authenticate does not hash for %s: %v", email, err)
		}
		if _, err := a.Register(t.Context(), "Ada", email, goodPassword, here); !errors.Is(err, hash.ErrBusy) {
			t.Errorf("Register does not hash for %s: %v", email, err)
		}
	}
}

// Item 16: writing a letter allocates more than all that tells the addresses apart, so what is allocated tells how many are written.
func TestItem16OneLetterIsWrittenToAKnownAddressAndToAnUnknownOne(t *testing.T) {
	a, _ := opened(t, modelstest.Open(t))
	must(t, second(a.AddUser(t.Context(), "Ada", "known@example.com", goodPassword)))
	for name, mail := range map[string]func(t *Tx, email string) error{
		"a sign-up": func(t *Tx, email string) error {
			return a.mailRegistration(t, models.Registration{Email: email, Name: "Ada"}, "token")
		},
		"another address": func(t *Tx, email string) error {
			user, err := models.FindUserByEmail(t.DB, "known@example.com")
			if err != nil {
				return err
			}
			return second(a.beginEmailChange(t, &models.EmailChange{UserID: user.ID, Email: email}))
		},
	} {
		cost := func(email string) uint64 {
			least := ^uint64(0) // without what is made once, and what others do meanwhile
			for range 5 {
				least = min(least, allocated(func() { must(t, a.Transact(t.Context(), func(t *Tx) error { return mail(t, email) })) }))
			}
			return least
		}
		known, unknown := cost("known@example.com"), cost("unknown@example.com")
		if known > unknown*6/5 || unknown > known*6/5 {
			t.Errorf("%s: %d bytes for a known address, %d for an unknown one", name, known, unknown)
		}
	}
}

// Who is told that the server is busy, and tries again, is not told next that they have tried too often.
func TestASignUpThatCouldNotBeHashedCountsForNothing(t *testing.T) {
	a, _ := opened(t, modelstest.Open(t))
	a.hasher = hash.New(hash.Cheap, 1, 0)
	occupy(t, a.hasher)
	for range 31 {
		if _, err := a.Register(t.Context(), "Ada", "ada@example.com", goodPassword, here); !errors.Is(err, hash.ErrBusy) {
			t.Fatal(err)
		}
	}
	if n := rows(t, a, "limits", "id NOT LIKE 'registration-form-ip:%'"); n != 0 {
		t.Errorf("%d counts are left", n)
	}
}

// A hash that cannot be read is the operator's to mend; the person is told what everybody is told.
func TestAnUnreadableHashLooksLikeAWrongPassword(t *testing.T) {
	a, _ := opened(t, modelstest.Open(t))
	must(t, second(a.AddUser(t.Context(), "Ada", "ada@example.com", goodPassword)))
	must(t, a.db.Exec("UPDATE users SET password_hash = '$argon2id$nonsense'").Error)
	_, err := a.Authenticate(t.Context(), "ada@example.com", goodPassword, Browser{}, here)
	if invalid, ok := errors.AsType[Invalid](err); !ok || invalid[""] != wrongLogin {
		t.Errorf("%v", err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatHasEndedIsSweptAndTheRestStays(t *testing.T) {
	a, ahead := opened(t, modelstest.Open(t))
	must(t, second(a.AddUser(t.Context(), "Ada", "ada@example.com", goodPassword)))
	user, err := models.FindUserByEmail(a.db, "ada@example.com")
	must(t, err)
	begin := func(remember bool) {
		must(t, second(a.Login(t.Context(), &user, Authentication{Method: "password", Remember: remember}, Browser{}, here)))
	}
	begin(false)
	begin(true)
	must(t, a.ForgotPassword(t.Context(), "ada@example.com", here))
	must(t, second(a.Register(t.Context(), "Bob", "bob@example.com", goodPassword, here)))
	count := func() map[string]int64 {
		rows := map[string]int64{}
		for _, table := range []string{"sessions", "password_resets", "registrations", "limits", "known_devices", "events"} {
			var n int64
			must(t, a.db.Table(table).Count(&n).Error)
			rows[table] = n
		}
		return rows
	}
	for _, step := range []struct {
		passes time.Duration
		want   map[string]int64
	}{
		{0, map[string]int64{"sessions": 2, "password_resets": 1, "registrations": 1, "limits": 7, "known_devices": 2}},
		{25 * time.Hour, map[string]int64{"sessions": 2, "password_resets": 0, "registrations": 0, "limits": 0, "known_devices": 2}},
		{7 * 24 * time.Hour, map[string]int64{"sessions": 1, "password_resets": 0, "registrations": 0, "limits": 0, "known_devices": 2}},
		{30 * 24 * time.Hour, map[string]int64{"sessions": 0, "password_resets": 0, "registrations": 0, "limits": 0, "known_devices": 2}},
		{400 * 24 * time.Hour, map[string]int64{"sessions": 0, "password_resets": 0, "registrations": 0, "limits": 0, "known_devices": 0}},
	} {
		*ahead += step.passes
		must(t, cleanup(t, a))
		step.want["events"] = 4 // the security log stays
		if got := count(); !equal(got, step.want) {
			t.Errorf("after %s: %v, not %v", *ahead, got, step.want)
		}
	}
}

// sweep runs cleanup twice, since it removes what it has found ended once before.
func cleanup(t *testing.T, a *Auth) error {
	t.Helper()
	return cmp.Or(a.Cleanup(t.Context()), a.Cleanup(t.Context()))
}

// second is the error of two results.
func second[T any](_ T, err error) error { return err }

func equal(a, b map[string]int64) bool {
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return len(a) == len(b)
}

func TestMoreRowsThanOneSweepTakesAtATimeAreAllSwept(t *testing.T) {
	a, _ := opened(t, modelstest.Open(t))
	past := a.now().Add(-time.Hour)
	var limits []models.Limit
	for range 2*models.BatchRows(a.db) + 1 {
		limits = append(limits, models.Limit{ID: NewID(), Attempts: 1, OpenAt: past, EndsAt: past})
	}
	must(t, a.db.CreateInBatches(limits, 500).Error)
	must(t, cleanup(t, a))
	var n int64
	must(t, a.db.Table("limits").Count(&n).Error)
	if n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

// Item 20: every unguessable value has 256 random bits.
func TestItem20TokensHave256BitsAndNeverRepeat(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		token, hash := NewToken()
		if len(token) != 43 || seen[token] || slices.Equal(hash, []byte(token)) {
			t.Fatalf("the token %q", token)
		}
		seen[token] = true
	}
}

func TestAFailedTransactionTellsNobodyAnything(t *testing.T) {
	var log strings.Builder
	a, _ := opened(t, modelstest.Open(t))
	a.log = slog.New(slog.NewTextHandler(&log, nil))
	broken := errors.New("broken")
	err := a.Transact(t.Context(), func(t *Tx) error {
		return errors.Join(a.Record(t, EventLoginFailed, Subject{Client: here}, nil), broken)
	})
	if !errors.Is(err, broken) || log.Len() != 0 {
		t.Errorf("%v; the log tells %s", err, log.String())
	}
}

// stale has something happen between what verb reads and what it writes: verb waits in between to hash a password.
func stale(t *testing.T, a *Auth, verb func() error, happens func()) error {
	t.Helper()
	a.hasher = hash.New(hash.Cheap, 1, 1)
	free := occupy(t, a.hasher)
	answer := make(chan error)
	go func() { answer <- verb() }()
	for a.hasher.Waiting() == 0 {
		time.Sleep(time.Millisecond)
	}
	happens()
	free()
	return <-answer
}

// signedUp has somebody sign up, and returns the mailed token and the browser's.
func signedUp(t *testing.T, a *Auth, email string) (token, browser string) {
	t.Helper()
	browser, err := a.Register(t.Context(), "Ada", email, goodPassword, here)
	must(t, err)
	token, hash := NewToken()
	must(t, a.db.Exec("UPDATE registrations SET token_hash = ? WHERE browser_hash = ?", hash, HashToken(browser)).Error)
	return token, browser
}

// added is somebody with an account.
func added(t testing.TB, a *Auth, email string) *models.User {
	t.Helper()
	must(t, second(a.AddUser(t.Context(), "Ada", email, goodPassword)))
	user, err := models.FindUserByEmail(a.db, email)
	must(t, err)
	return &user
}

func rows(t testing.TB, a *Auth, table, where string, args ...any) (n int64) {
	t.Helper()
	must(t, a.db.Table(table).Where(where, args...).Count(&n).Error)
	return n
}

// Item 67: a link that was replaced while its password was being checked confirms nothing.
func TestItem67ALinkThatIsReplacedMeanwhileIsDead(t *testing.T) {
	a, _ := opened(t, modelstest.Open(t))
	token, browser := signedUp(t, a, "ada@example.com")
	err := stale(t, a,
		func() error { return second(a.ConfirmRegistration(t.Context(), token, "", goodPassword, here)) },
		func() { must(t, a.ResendRegistration(t.Context(), browser, here)) })
	if !errors.Is(err, ErrInvalidLink) || rows(t, a, "users", "true") != 0 {
		t.Errorf("%v, and there are %d users", err, rows(t, a, "users", "true"))
	}
}

// Item 67: an account that the address got meanwhile stays as it is.
func TestItem67AnAccountThatIsThereAlreadyIsNotConfirmedAgain(t *testing.T) {
	a, _ := opened(t, modelstest.Open(t))
	token, browser := signedUp(t, a, "ada@example.com")
	owner := added(t, a, "ada@example.com")
	if _, err := a.ConfirmRegistration(t.Context(), token, browser, "", here); !errors.Is(err, ErrInvalidLink) {
		t.Error(err)
	}
	if rows(t, a, "users", "id = ?", owner.ID) != 1 {
		t.Error("the account is another")
	}
}

// Item 67: and a sign-up that was confirmed, or mailed anew, in this very moment is not brought back.
func TestItem67AResendThatComesTooLateChangesNothing(t *testing.T) {
	a, _ := opened(t, modelstest.Open(t))
	_, browser := signedUp(t, a, "ada@example.com")
	late, err := a.PendingRegistration(t.Context(), browser)
	must(t, err)
	must(t, a.ResendRegistration(t.Context(), browser, here))
	mails := rows(t, a, "outbox", "true")
	if err := a.remail(t.Context(), *late, "eve@example.com", EventRegistrationCorrected, here); !errors.Is(err, ErrInvalidLink) {
		t.Error(err)
	}
	if rows(t, a, "registrations", "email = ?", "ada@example.com") != 1 || rows(t, a, "outbox", "true") != mails {
		t.Error("the sign-up was changed, or somebody was mailed")
	}
}

// Item 67: a reset link that is used, replaced or too old by the time the new password is hashed sets none.
func TestItem67AResetLinkThatEndsMeanwhileSetsNoPassword(t *testing.T) {
	for end, how := range map[string]string{"used": "DELETE FROM password_resets", "too old": "UPDATE password_resets SET expires_at = created_at"} {
		a, _ := opened(t, modelstest.Open(t))
		user := added(t, a, "ada@example.com")
		must(t, a.ForgotPassword(t.Context(), user.Email, here))
		must(t, a.db.Exec("UPDATE password_resets SET token_hash = ?", HashToken("token")).Error)
		err := stale(t, a,
			func() error {
				return second(a.ResetPassword(t.Context(), "token", "quiet rivers carry paper boats", here))
			},
			func() { must(t, a.db.Exec(how).Error) })
		if !errors.Is(err, ErrInvalidLink) || rows(t, a, "users", "password_hash = ?", user.PasswordHash) != 1 {
			t.Errorf("%s: %v", end, err)
		}
	}
}

// Item 67: who loses the session, the account or the password while changing the password has to prove it again.
func TestItem67APasswordIsNotChangedByWhoLostTheAccountMeanwhile(t *testing.T) {
	for lost, how := range map[string]string{
		"the session": "DELETE FROM sessions", "the account": "UPDATE users SET disabled_at = created_at", "the password": "UPDATE users SET password_hash = 'x'",
	} {
		a, _ := opened(t, modelstest.Open(t))
		user := added(t, a, "ada@example.com")
		browser, err := a.Login(t.Context(), user, Authentication{Method: "password"}, Browser{}, here)
		must(t, err)
		actor, err := a.FindActor(t.Context(), browser.Session, here)
		must(t, err)
		err = stale(t, a,
			func() error {
				return second(a.ChangePassword(t.Context(), actor, goodPassword, "quiet rivers carry paper boats"))
			},
			func() { must(t, a.db.Exec(how).Error) })
		if !errors.Is(err, ErrChanged) || rows(t, a, "users", "password_hash IN (?, 'x')", user.PasswordHash) != 1 {
			t.Errorf("without %s: %v", lost, err)
		}
	}
}

// Item 67: a login that was checked just before a reset, or before the account was disabled, starts no session.
func TestItem67ALogInThatTheAccountOutranStartsNoSession(t *testing.T) {
	for _, how := range []string{"UPDATE users SET password_hash = 'x'", "UPDATE users SET disabled_at = created_at", "DELETE FROM users"} {
		a, _ := opened(t, modelstest.Open(t))
		user := added(t, a, "ada@example.com")
		must(t, a.db.Exec(how).Error)
		if _, err := a.Login(t.Context(), user, Authentication{Method: "password"}, Browser{}, here); !errors.Is(err, ErrChanged) {
			t.Errorf("%s: %v", how, err)
		}
		if n := rows(t, a, "sessions", "true"); n != 0 {
			t.Errorf("%s: %d sessions", how, n)
		}
	}
}

// Item 67: a login goes by the account as it is when it ends.
func TestItem67ALogInThatARuleOvertakesOwesANewPassword(t *testing.T) {
	a, _ := opened(t, modelstest.Open(t))
	user := added(t, a, "ada@example.com")
	must(t, a.db.Exec("UPDATE users SET password_due_at = created_at").Error)
	entry, err := a.Login(t.Context(), user, Authentication{Method: "password"}, Browser{}, here)
	must(t, err)
	if entry.PendingLogin == nil || entry.PendingLogin.Step != PasswordStep || rows(t, a, "sessions", "true") != 0 {
		t.Errorf("it is answered %+v", entry)
	}
}

// Item 67: a form that was under way while its login ended, as all do when an account is locked or moves, does nothing any more.
func TestItem67ASignInThatHasEndedMeanwhileOpensNothing(t *testing.T) {
	a, _ := opened(t, modelstest.Open(t))
	user := added(t, a, "ada@example.com")
	must(t, a.db.Exec("UPDATE users SET password_due_at = created_at").Error)
	entry, err := a.Login(t.Context(), user, Authentication{Method: "password"}, Browser{}, here)
	must(t, err)
	pendingLogin, err := a.FindPendingLogin(t.Context(), entry.Browser, here)
	must(t, err)
	err = stale(t, a,
		func() error {
			_, _, err := a.CompletePassword(t.Context(), pendingLogin, "a password that is new")
			return err
		},
		func() { must(t, a.db.Exec("DELETE FROM pending_logins").Error) })
	if !errors.Is(err, ErrLoginEnded) || rows(t, a, "users", "password_due_at IS NULL") != 0 {
		t.Errorf("the password is replaced: %v", err)
	}
	if _, err := a.Login(t.Context(), user, pendingLogin.Authentication(), Browser{}, here); !errors.Is(err, ErrLoginEnded) {
		t.Errorf("the login goes on: %v", err)
	}
}

// Item 12: a hash is brought up to date, but never over a password that was changed meanwhile.
func TestItem12ANewerPasswordIsNotReplacedByItsFormersHash(t *testing.T) {
	a, _ := opened(t, modelstest.Open(t))
	user := added(t, a, "ada@example.com")
	old, err := bcrypt.GenerateFromPassword([]byte(goodPassword), bcrypt.MinCost)
	must(t, err)
	must(t, a.db.Exec("UPDATE users SET password_hash = ?", string(old)).Error)
	err = stale(t, a,
		func() error { return second(a.Authenticate(t.Context(), user.Email, goodPassword, Browser{}, here)) },
		func() { must(t, a.db.Exec("UPDATE users SET password_hash = 'x'").Error) })
	if _, wrong := errors.AsType[Invalid](err); !wrong || rows(t, a, "users", "password_hash = 'x'") != 1 {
		t.Errorf("the newer password is gone, or the former one is still right: %v", err)
	}
}

// Who floods the queue must not be forgiven the guesses made before, and who is turned away has made none.
func TestATryThatCouldNotBeMadeCountsForNothing(t *testing.T) {
	a, _ := opened(t, modelstest.Open(t))
	user := added(t, a, "ada@example.com")
	must(t, tryWrong(t, a, user.Email))
	a.hasher = hash.New(hash.Cheap, 1, 0)
	occupy(t, a.hasher)
	for range 6 {
		if err := tryWrong(t, a, user.Email); !errors.Is(err, hash.ErrBusy) {
			t.Fatal(err)
		}
	}
	if n := rows(t, a, "limits", "hits = 1"); n != 3 {
		t.Errorf("%d of 3 counts stand at the one guess that was made", n)
	}
}

func tryWrong(t *testing.T, a *Auth, email string) error {
	t.Helper()
	_, err := a.Authenticate(t.Context(), email, "wrong wrong wrong wrong", Browser{}, here)
	if _, refused := errors.AsType[Invalid](err); refused {
		return nil
	}
	return err
}

func TestWithLimitsOffNobodyWaits(t *testing.T) {
	a, _ := opened(t, modelstest.Open(t))
	a.config.RateLimit = false
	for range 7 {
		must(t, a.ForgotPassword(t.Context(), "ada@example.com", here))
	}
	if n := rows(t, a, "limits", "true"); n != 0 {
		t.Errorf("%d counts were kept", n)
	}
}

func TestADeviceThatComesBackStaysKnown(t *testing.T) {
	a, ahead := opened(t, modelstest.Open(t))
	user := added(t, a, "ada@example.com")
	browser, err := a.Login(t.Context(), user, Authentication{Method: "password"}, Browser{}, here)
	must(t, err)
	for range 2 {
		*ahead += 300 * 24 * time.Hour
		must(t, second(a.Login(t.Context(), user, Authentication{Method: "password"}, Browser{Device: browser.Device}, here)))
		must(t, cleanup(t, a))
	}
	if n := rows(t, a, "known_devices", "true"); n != 1 {
		t.Errorf("%d devices are known", n)
	}
}

// A remembered session may be idle for as long as it lives; the others not.
func TestARememberedSessionIsNotSweptForBeingIdle(t *testing.T) {
	a, ahead := opened(t, modelstest.Open(t))
	user := added(t, a, "ada@example.com")
	for _, remember := range []bool{true, false} {
		must(t, second(a.Login(t.Context(), user, Authentication{Method: "password", Remember: remember}, Browser{}, here)))
	}
	*ahead += 8*24*time.Hour + time.Minute // a day, and the week for which an ended one is kept
	must(t, cleanup(t, a))
	if n := rows(t, a, "sessions", "remember"); n != 1 || rows(t, a, "sessions", "NOT remember") != 0 {
		t.Errorf("%d remembered sessions and %d others are left", n, rows(t, a, "sessions", "NOT remember"))
	}
}

func TestOldMailIsSweptWithTheRest(t *testing.T) {
	a, ahead := opened(t, modelstest.Open(t))
	must(t, a.ForgotPassword(t.Context(), "nobody@example.com", here))
	must(t, a.db.Exec("UPDATE outbox SET done_at = created_at").Error)
	must(t, cleanup(t, a))
	if rows(t, a, "outbox", "true") != 1 {
		t.Error("fresh mail is gone")
	}
	*ahead += keepMail + time.Hour
	must(t, cleanup(t, a))
	if rows(t, a, "outbox", "true") != 0 {
		t.Error("old mail is left")
	}
}

// atFullCost leaves the Hasher to New, as the program does.
func atFullCost(o *Options) { o.Hasher = nil }

// ASVS 11.4.2.
func TestNew_HashesAtFullCost(t *testing.T) {
	a, _ := opened(t, modelstest.Open(t), atFullCost)
	if got, want := added(t, a, "ada@example.com").PasswordHash, "$argon2id$v=19$m=19456,t=2,p=1$"; !strings.HasPrefix(got, want) {
		t.Errorf("got the hash %s, want %s...", got, want)
	}
}

// Item 16: a wrong login takes the same time whether or not there is an account.
func TestItem16AWrongLogInTakesAsLongForEveryAddress(t *testing.T) {
	a, _ := opened(t, modelstest.Open(t), atFullCost)
	added(t, a, "ada@example.com")
	for _, address := range []string{"ada@example.com", "nobody@example.com"} {
		began := time.Now()
		if _, err := a.Authenticate(t.Context(), address, "a wrong password", Browser{}, here); err == nil || time.Since(began) < hash.Default.Failure {
			t.Errorf("%s is answered after %s (%v)", address, time.Since(began), err)
		}
	}
}

func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
