package handlers_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/auth/hash"
	"example.com/gatehouse/config"
	"example.com/gatehouse/handlers"
	"example.com/gatehouse/mail"
	"example.com/gatehouse/mail/mailtest"
	"example.com/gatehouse/models/modelstest"
)

// A password that meets every rule, and another.
const (
	goodPassword  = "seven purple lanterns hum"
	otherPassword = "quiet rivers carry paper boats"
)

// goodHash is goodPassword's hash, which everybody may have.
var goodHash = sync.OnceValues(func() (string, error) {
	return hash.New(hash.Cheap, 1, 1).Hash(context.Background(), goodPassword)
})

// stage is the whole application on a real database, with a real SMTP server and a clock that tests move.
type stage struct {
	t       *testing.T
	config  config.Config
	server  *httptest.Server
	db      *gorm.DB
	auth    *auth.Auth
	outbox  *mail.Outbox
	mailbox *mailtest.Server
	unread  map[string][]mailtest.Message // by recipient: what came before the mail that was looked for
	clock   *clock
	log     *logbook
	routes  []handlers.Route
	counted *ledger
	people  atomic.Int32
	secrets sync.Map // what browsers were given to be known by
}

// newStage starts the application. Each change edits the settings first. Stages share nothing, so their tests run side by side;
// a test with two stages gives each a subtest.
func newStage(t *testing.T, changes ...func(*config.Config)) *stage {
	t.Helper()
	t.Parallel()
	return newStageOn(t, modelstest.Open(t), changes...)
}

// newStageOn starts the application on a migrated database.
func newStageOn(t *testing.T, db *gorm.DB, changes ...func(*config.Config)) *stage {
	t.Helper()
	return newStageAt(t, db, newClock(), changes...)
}

// newStageAt starts the application on a migrated database and a clock.
func newStageAt(t *testing.T, db *gorm.DB, at *clock, changes ...func(*config.Config)) *stage {
	t.Helper()
	s := &stage{t: t, db: db, mailbox: mailtest.NewServer(t), unread: map[string][]mailtest.Message{}, clock: at, log: &logbook{}, counted: &ledger{}}
	s.db.NowFunc = func() time.Time { return s.clock.now().UTC().Truncate(time.Microsecond) }
	s.counted.keep(t, s.db)
	c, err := config.Load([]string{"SECRET_KEY=0123456789abcdefghijklmnopqrstuvwxyz"})
	if err != nil {
		t.Fatal(err)
	}
	// Everybody comes through a proxy on this machine, so that each can have an address of their own.
	c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	c.SMTPURL = s.mailbox.URL()
	c.AppName, c.MailFrom = "Acme", &netmail.Address{Name: "Acme", Address: "hello@acme.example"}
	s.server = httptest.NewUnstartedServer(nil)
	_, port, _ := net.SplitHostPort(s.server.Listener.Addr().String())
	c.AppURL = &url.URL{Scheme: "http", Host: "localhost:" + port}
	for _, change := range changes {
		change(&c)
	}
	if c.HTTPS() {
		c.AppURL.Host = "example.com" // a name, which passkeys need, that the test server's certificate and client know
	}
	s.config = c
	s.open()
	if c.HTTPS() {
		s.server.StartTLS()
	} else {
		s.server.Start()
	}
	s.server.URL = c.AppURL.String()
	t.Cleanup(func() {
		s.server.Close()
		s.counted.holdsTo(t, s.routes)
		if s.config.RateLimit {
			s.counted.mailsWithinLimits(t)
		}
		s.keepsSecrets()
	})
	return s
}

// keepsSecrets fails where the log holds what a browser was given to be known by, or what was mailed and opens something (ASVS 16.2.5).
func (s *stage) keepsSecrets() {
	for _, m := range s.mailbox.Messages() {
		if link, err := url.Parse(m.Link); err == nil && link.Query().Has("token") {
			s.secrets.Store(link.Query().Get("token"), "a mailed token")
		}
	}
	log := s.log.String()
	s.secrets.Range(func(secret, what any) bool {
		if strings.Contains(log, secret.(string)) {
			s.t.Errorf("the log holds %s", what)
		}
		return true
	})
}

// open puts the program together on the stage's database, as main does.
func (s *stage) open() {
	s.t.Helper()
	log := slog.New(slog.NewMultiHandler(slog.NewJSONHandler(s.log, nil), modelstest.Log(s.t).Handler()))
	smtp, err := mail.NewSMTP(s.config.SMTPURL, s.config.SMTPHelo, s.mailbox.Roots(), s.config.Production)
	if err != nil {
		s.t.Fatal(err)
	}
	s.outbox, err = mail.NewOutbox(s.db, smtp, s.config.MailFrom, s.config.SecretKeys, !s.config.Production, log, s.clock.now)
	if err != nil {
		s.t.Fatal(err)
	}
	if s.auth, err = auth.New(auth.Options{Config: s.config, DB: s.db, Outbox: s.outbox, Log: log, Now: s.clock.now, Hasher: hash.New(hash.Cheap, 1, 64)}); err != nil {
		s.t.Fatal(err)
	}
	router, routes := handlers.New(s.config, s.db, s.auth, s.outbox, log, s.clock.now).Router()
	s.server.Config.Handler, s.routes = s.counted.watch(router), routes
	ctx, cancel := context.WithCancel(s.t.Context())
	var worker sync.WaitGroup
	outbox := s.outbox // a test may open the stage again while this one runs
	worker.Go(func() { outbox.Run(ctx) })
	s.t.Cleanup(func() {
		cancel()
		worker.Wait()
		s.auth.Close()
	})
}

// clock moves when a test moves it, since what a story counts must not depend on how busy the machine is; and by a microsecond at every
// reading, since of two readings of a real one the second is later as well.
type clock struct {
	start time.Time
	ahead atomic.Int64
}

func newClock() *clock { return &clock{start: time.Now()} }

func (c *clock) now() time.Time {
	return c.start.Add(time.Duration(c.ahead.Add(int64(time.Microsecond))))
}

func (c *clock) passes(d time.Duration) { c.ahead.Add(int64(d)) }

// logbook keeps what the application logs.
type logbook struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (l *logbook) Write(b []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.Write(b)
}

func (l *logbook) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.String()
}

// service is somebody else's server, as a story has it.
type service struct {
	*httptest.Server
	mutex    sync.Mutex
	requests []*http.Request
}

// fake starts a service that answers as a handler says, until the test ends. Give its URL to what is to call it.
func fake(t *testing.T, answer http.HandlerFunc) *service {
	t.Helper()
	s := &service{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Errorf("the faked service cannot read %s: %v", r.URL, err)
		}
		s.mutex.Lock()
		s.requests = append(s.requests, r)
		s.mutex.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// asked is what the service was asked so far.
func (s *service) asked() []*http.Request {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Clone(s.requests)
}

// named gives the application another name.
func named(name string) func(*config.Config) { return func(c *config.Config) { c.AppName = name } }

// noRateLimit is for stories with more tries than a person may make.
func noRateLimit(c *config.Config) { c.RateLimit = false }

// carried is what a signed cookie carries: securecookie writes base64(time|base64(value)|signature).
func carried(cookie string) string {
	raw, _ := base64.URLEncoding.DecodeString(cookie)
	parts := strings.SplitN(string(raw), "|", 3)
	if len(parts) != 3 {
		return ""
	}
	value, _ := base64.URLEncoding.DecodeString(parts[1])
	return string(value)
}
