package auth

import (
	"context"
	"errors"
	"io"
	"log/slog"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"example.com/gatehouse/config"
	"example.com/gatehouse/mail"
	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
)

const goodPassword = "seven purple lanterns hum"

var here = Client{IP: netip.MustParseAddr("203.0.113.7"), UserAgent: "curl/8"}

// opened is an Auth on a database of its own, and the time it goes by.
func opened(t *testing.T, db *gorm.DB) (*Auth, *time.Duration) {
	t.Helper()
	c, err := config.Load([]string{"SECRET_KEY=0123456789abcdefghijklmnopqrstuvwxyz"})
	if err != nil {
		t.Fatal(err)
	}
	c.AppURL = &url.URL{Scheme: "https", Host: "app.example.com"}
	ahead := new(time.Duration)
	now := func() time.Time { return time.Now().Add(*ahead) }
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	outbox, err := mail.NewOutbox(db, nil, &netmail.Address{Address: "hello@example.com"}, c.SecretKeys, false, log, now)
	if err != nil {
		t.Fatal(err)
	}
	a, err := New(c, db, outbox, log, now)
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
		"ResendSignup": func(email string) error {
			browser, err := a.Register(t.Context(), "Ada", email, goodPassword, here)
			return errors.Join(err, a.ResendSignup(t.Context(), browser, here))
		},
		"CorrectSignup": func(email string) error {
			browser, err := a.Register(t.Context(), "Ada", "mistyped@example.com", goodPassword, here)
			return errors.Join(err, a.CorrectSignup(t.Context(), browser, email, here))
		},
		"ForgotPassword": func(email string) error { return a.ForgotPassword(t.Context(), email, here) },
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
	a.hasher = NewHasher(1, 0)
	a.hasher.slots <- struct{}{}
	a.hasher.places <- struct{}{} // whoever wants to hash now is refused
	for _, email := range []string{"known@example.com", "unknown@example.com"} {
		if _, err := a.Authenticate(t.Context(), email, goodPassword, Browser{}, here); !errors.Is(err, ErrBusy) {
			t.Errorf("Authenticate does not hash for %s: %v", email, err)
		}
		if _, err := a.Register(t.Context(), "Ada", email, goodPassword, here); !errors.Is(err, ErrBusy) {
			t.Errorf("Register does not hash for %s: %v", email, err)
		}
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

func must(t *testing.T, err error) {
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
		must(t, second(a.StartSession(t.Context(), &user, Proof{Method: "password", Remember: remember}, Browser{}, here)))
	}
	begin(false)
	begin(true)
	must(t, a.ForgotPassword(t.Context(), "ada@example.com", here))
	must(t, second(a.Register(t.Context(), "Bob", "bob@example.com", goodPassword, here)))
	count := func() map[string]int64 {
		rows := map[string]int64{}
		for _, table := range []string{"sessions", "password_resets", "signups", "limits", "known_devices", "events"} {
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
		{0, map[string]int64{"sessions": 2, "password_resets": 1, "signups": 1, "limits": 4, "known_devices": 2}},
		{25 * time.Hour, map[string]int64{"sessions": 1, "password_resets": 0, "signups": 0, "limits": 0, "known_devices": 2}},
		{30 * 24 * time.Hour, map[string]int64{"sessions": 0, "password_resets": 0, "signups": 0, "limits": 0, "known_devices": 2}},
		{400 * 24 * time.Hour, map[string]int64{"sessions": 0, "password_resets": 0, "signups": 0, "limits": 0, "known_devices": 0}},
	} {
		*ahead += step.passes
		must(t, a.Sweep(t.Context()))
		step.want["events"] = 4 // the security log stays
		if got := count(); !equal(got, step.want) {
			t.Errorf("after %s: %v, not %v", *ahead, got, step.want)
		}
	}
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
	for range 2*sweepRows + 1 {
		limits = append(limits, models.Limit{ID: newID(), Hits: 1, OpenAt: past, EndsAt: past})
	}
	must(t, a.db.CreateInBatches(limits, 500).Error)
	must(t, a.Sweep(t.Context()))
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
		token, hash := newToken()
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
	err := a.transact(t.Context(), func(t *tx) error {
		return errors.Join(a.record(t, EventLoginFailed, nil, "", here, nil), broken)
	})
	if !errors.Is(err, broken) || log.Len() != 0 {
		t.Errorf("%v; the log tells %s", err, log.String())
	}
}
