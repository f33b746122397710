// Package apptest runs the whole application in a test: the real router, a
// database file (or PostgreSQL with TEST_DATABASE=postgres), a real SMTP server,
// and a clock that the test moves.
//
//	func TestAccount_SavesName(t *testing.T) {
//		app := apptest.New(t)
//		ada := app.LoggedIn("ada@example.com")
//		page := ada.Get("/account").Submit("name", "Ada King")
//		page.WantRedirect(t, "/account").WantText(t, "Your name is saved.")
//		app.Browser().Get("/account").WantRedirect(t, "/login?next=%2Faccount")
//	}
package apptest

import (
	"context"
	"log/slog"
	"net"
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

	core "example.com/gatehouse/app"
	"example.com/gatehouse/auth"
	"example.com/gatehouse/auth/hash"
	"example.com/gatehouse/config"
	"example.com/gatehouse/mail"
	"example.com/gatehouse/mail/mailtest"
	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
	"example.com/gatehouse/views"
	"example.com/gatehouse/web"
)

// Two passwords that meet every rule. The users of a test have Password.
const (
	Password      = "seven purple lanterns hum"
	OtherPassword = "quiet rivers carry paper boats"
)

// App is the whole application, running for one test.
type App struct {
	T       *testing.T
	Config  config.Config
	Server  *httptest.Server
	DB      *gorm.DB
	Auth    *auth.Auth
	Outbox  *mail.Outbox
	Mailbox *mailtest.Server // receives all mail
	Clock   *Clock
	Log     *Log
	Routes  []web.Route

	features []core.Feature
	former   []string            // events of users that were in the database at the start
	words    views.ActivityWords // of the features

	limits   *limits
	onUser   []func(*models.User)
	unread   map[string][]mailtest.Message // by recipient: mail that came before the one asked for
	browsers atomic.Int32
	secrets  sync.Map // values that identify a browser, and what each is
}

// Option changes an App before it starts, most often its Config:
//
//	apptest.New(t, func(app *apptest.App) { app.Config.Production = true })
type Option func(*App)

// NoRateLimit is an Option for tests that make more attempts than a user may.
func NoRateLimit(app *App) { app.Config.RateLimit = false }

// Named returns an Option that gives the application another name.
func Named(name string) Option { return func(app *App) { app.Config.AppName = name } }

// New starts the application on a database of its own. Tests with an App run in
// parallel; a test that needs two gives each a subtest.
func New(t *testing.T, options ...Option) *App {
	t.Helper()
	t.Parallel()
	return NewOn(t, modelstest.Open(t), options...)
}

// NewWith starts the application with features, on a database of its own.
func NewWith(t *testing.T, features []core.Feature, options ...Option) *App {
	t.Helper()
	t.Parallel()
	db := modelstest.OpenWith(t, core.Tables(features), core.Migrations(features)...)
	return NewOn(t, db, append(options, func(app *App) { app.features = features })...)
}

// NewOn starts the application on a migrated database. The test does not run in
// parallel with others.
func NewOn(t *testing.T, db *gorm.DB, options ...Option) *App {
	t.Helper()
	app := &App{T: t, DB: db, Mailbox: mailtest.NewServer(t), Clock: NewClock(time.Now()), Log: &Log{},
		unread: map[string][]mailtest.Message{}, limits: &limits{}}
	app.DB.NowFunc = func() time.Time { return app.Clock.Now().UTC().Truncate(time.Microsecond) }
	app.former = app.userEvents()
	app.limits.record(t, app.DB)
	app.Server = httptest.NewUnstartedServer(nil)
	app.Config = app.settings()
	for _, option := range options {
		option(app)
	}
	if app.Config.HTTPS() {
		app.Config.AppURL.Host = "example.com" // the certificate of the test server names it
	}
	app.Restart()
	if app.Config.HTTPS() {
		app.Server.StartTLS()
	} else {
		app.Server.Start()
	}
	app.Server.URL = app.Config.AppURL.String()
	t.Cleanup(app.stop)
	return app
}

// settings returns the Config that Options start from.
func (app *App) settings() config.Config {
	app.T.Helper()
	c, err := config.Load([]string{"SECRET_KEY=0123456789abcdefghijklmnopqrstuvwxyz"})
	if err != nil {
		app.T.Fatal(err)
	}
	// Requests seem to come through a proxy, so that each browser has an address
	// of its own.
	c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	c.SMTPURL = app.Mailbox.URL()
	c.AppName, c.MailFrom = "Acme", &netmail.Address{Name: "Acme", Address: "hello@acme.example"}
	_, port, _ := net.SplitHostPort(app.Server.Listener.Addr().String())
	c.AppURL = &url.URL{Scheme: "http", Host: "localhost:" + port}
	return c
}

// Restart assembles the program again on the same database, as a deployment
// does. A test that has changed Config calls it.
func (app *App) Restart() {
	app.T.Helper()
	log := slog.New(slog.NewMultiHandler(slog.NewJSONHandler(app.Log, nil), modelstest.Log(app.T).Handler()))
	c, now := app.Config, app.Clock.Now
	smtp, err := mail.NewSMTP(c.SMTPURL, c.SMTPHelo, app.Mailbox.Roots(), c.Production)
	if err != nil {
		app.T.Fatal(err)
	}
	app.Outbox, err = mail.NewOutbox(app.DB, smtp, c.MailFrom, c.SecretKeys, !c.Production, log, now)
	if err != nil {
		app.T.Fatal(err)
	}
	program := &core.Core{Config: c, DB: app.DB, Outbox: app.Outbox, Log: log, Now: now, Features: app.features}
	if err := program.OpenAuth(hash.New(hash.Cheap, 1, 64)); err != nil {
		app.T.Fatal(err)
	}
	app.Auth = program.Auth
	router, routes := program.Site()
	app.Server.Config.Handler, app.Routes = app.limits.watch(router), routes
	app.words = program.Web.Activity()
	app.work(app.Outbox, app.Auth)
}

// work sends mail until the test ends.
func (app *App) work(outbox *mail.Outbox, auth *auth.Auth) {
	ctx, cancel := context.WithCancel(app.T.Context())
	var worker sync.WaitGroup
	worker.Go(func() { outbox.Run(ctx) })
	app.T.Cleanup(func() {
		cancel()
		worker.Wait()
		auth.Close()
	})
}

// stop ends the server and checks what holds for every test.
func (app *App) stop() {
	app.Server.Close()
	app.limits.wantDeclared(app.T, app.Routes)
	if app.Config.RateLimit {
		app.limits.wantMailLimited(app.T)
	}
	app.wantSentences()
	app.wantNoSecretsLogged()
}

// wantSentences fails if a feature has recorded an event of a user that the
// activity page cannot tell of. Those in the database before, which may be of a
// feature that the program no longer has, do not count.
func (app *App) wantSentences() {
	for _, name := range app.userEvents() {
		known := app.words.Sentence(models.Event{Name: name}) != app.words.Sentence(models.Event{})
		if !known && !slices.Contains(app.former, name) {
			app.T.Errorf("the event %s has no sentence on the activity page; add it with core.Web.AddActivity", name)
		}
	}
}

// userEvents returns the names of the events of users; none if the test has
// closed or broken the database.
func (app *App) userEvents() (names []string) {
	// Laws fill the table with rows whose texts begin with "mark-".
	events := models.Unscoped(app.DB).Model(&models.Event{}).Where("user_id IS NOT NULL AND name NOT LIKE 'mark-%'")
	if events.Distinct().Pluck("name", &names).Error != nil {
		return nil
	}
	return names
}

// wantNoSecretsLogged fails if the log contains a value that identifies a
// browser, or a token that was mailed (ASVS 5.0 V16.2.5).
func (app *App) wantNoSecretsLogged() {
	for _, m := range app.Mailbox.Messages() {
		if link, err := url.Parse(m.Link); err == nil && link.Query().Has("token") {
			app.secrets.Store(link.Query().Get("token"), "a mailed token")
		}
	}
	log := app.Log.String()
	app.secrets.Range(func(secret, what any) bool {
		if strings.Contains(log, secret.(string)) {
			app.T.Errorf("the log contains %s; log an id or nothing instead", what)
		}
		return true
	})
}
