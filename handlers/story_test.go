package handlers_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/net/html"
	"gorm.io/gorm"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/config"
	"example.com/gatehouse/handlers"
	"example.com/gatehouse/mail"
	"example.com/gatehouse/mail/mailtest"
	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
	"example.com/gatehouse/session"
)

// A password that meets every rule, and another.
const (
	goodPassword  = "seven purple lanterns hum"
	otherPassword = "quiet rivers carry paper boats"
)

// What a hash costs in truth is for the tests of auth, and for the browser's.
func init() { auth.HashCheaply() }

// goodHash is goodPassword's hash, which everybody may have.
var goodHash = sync.OnceValues(func() (string, error) {
	return auth.NewHasher(1, 1).Hash(context.Background(), goodPassword)
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
}

// newStage starts the application. Each change edits the settings first. Stages share nothing, so their tests run side by side;
// a test with two stages gives each a subtest.
func newStage(t *testing.T, changes ...func(*config.Config)) *stage {
	t.Helper()
	t.Parallel()
	s := &stage{t: t, db: modelstest.Open(t), mailbox: mailtest.NewServer(t), unread: map[string][]mailtest.Message{}, clock: newClock(), log: &logbook{}, counted: &ledger{}}
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
	})
	return s
}

// open puts the program together on the stage's database, as main does.
func (s *stage) open() {
	s.t.Helper()
	log := slog.New(slog.NewJSONHandler(s.log, nil))
	smtp, err := mail.NewSMTP(s.config.SMTPURL, s.mailbox.Roots(), s.config.Production)
	if err != nil {
		s.t.Fatal(err)
	}
	s.outbox, err = mail.NewOutbox(s.db, smtp, s.config.MailFrom, s.config.SecretKeys, !s.config.Production, log, s.clock.now)
	if err != nil {
		s.t.Fatal(err)
	}
	if s.auth, err = auth.New(s.config, s.db, s.outbox, log, s.clock.now); err != nil {
		s.t.Fatal(err)
	}
	router, routes := handlers.New(s.config, s.db, s.auth, s.outbox, log, s.clock.now).Router()
	s.server.Config.Handler, s.routes = s.counted.watch(router), routes
	ctx, cancel := context.WithCancel(s.t.Context())
	var worker sync.WaitGroup
	worker.Go(func() { s.outbox.Run(ctx) })
	s.t.Cleanup(func() {
		cancel()
		worker.Wait()
		s.auth.Close()
	})
}

// visitor is somebody new, in a browser without cookies, at an address of their own.
func (s *stage) visitor() *person {
	jar, _ := cookiejar.New(nil) // it has no error to give
	n := s.people.Add(1)
	p := &person{s: s, ip: fmt.Sprintf("203.0.%d.%d", 113+n/250, n%250+1), origin: s.config.AppURL.String(),
		agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
	p.client = &http.Client{Jar: jar, Transport: s.server.Client().Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return p
}

// visitorAs is somebody new who gives this address as theirs.
func (s *stage) visitorAs(email string) *person {
	p := s.visitor()
	p.email = email
	return p
}

// user is somebody with an account, signed out.
func (s *stage) user(email string) *person {
	s.t.Helper()
	name, _, _ := strings.Cut(email, "@")
	hash, err := goodHash()
	if err != nil {
		s.t.Fatal(err)
	}
	now := s.clock.now()
	user := models.User{ID: uuid.NewString(), Name: strings.ToUpper(name[:1]) + name[1:], Email: email, PasswordHash: hash, CreatedAt: now, UpdatedAt: now}
	if err := s.db.Create(&user).Error; err != nil {
		s.t.Fatal(err)
	}
	s.hasAccepted(&user) // feature:terms
	p := s.visitor()
	p.email = email
	return p
}

// member is somebody with an account, signed in.
func (s *stage) member(email string) *person {
	s.t.Helper()
	p := s.user(email)
	p.hasBeenHere()
	p.enters()
	return p
}

// hasBeenHere makes the browser one that the person has signed in with before.
func (p *person) hasBeenHere() {
	p.s.t.Helper()
	token, now := uuid.NewString(), p.s.clock.now()
	hash := sha256.Sum256([]byte(token))
	err := models.SaveKnownDevice(p.s.db, models.KnownDevice{ID: uuid.NewString(), UserID: p.user().ID, TokenHash: hash[:], CreatedAt: now, LastSeenAt: now})
	if err != nil {
		p.s.t.Fatal(err)
	}
	p.isGiven(map[session.Cookie]string{session.Device: token})
}

// isGiven puts cookies with these values into the person's browser.
func (p *person) isGiven(values map[session.Cookie]string) {
	p.s.t.Helper()
	cookies := session.New(p.s.config.SecretKeys, p.s.config.HTTPS())
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/login", nil)
	for cookie, value := range values {
		if value == "" {
			continue
		}
		if err := cookies.Set(w, r, cookie, value); err != nil {
			p.s.t.Fatal(err)
		}
	}
	p.client.Jar.SetCookies(p.s.config.AppURL, w.Result().Cookies())
}

// person uses the site as a browser without JavaScript does.
type person struct {
	s      *stage
	client *http.Client
	email  string
	ip     string
	agent  string
	origin string
}

// user is the person's row.
func (p *person) user() *models.User {
	p.s.t.Helper()
	user, err := models.FindUserByEmail(p.s.db, p.email)
	if err != nil {
		p.s.t.Fatal(err)
	}
	return &user
}

func (p *person) get(path string) *page {
	p.s.t.Helper()
	return p.do(http.MethodGet, path, nil)
}

// post sends a form: names and values in turn.
func (p *person) post(path string, fields ...string) *page {
	p.s.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return p.do(http.MethodPost, path, form)
}

func (p *person) do(method, path string, form url.Values) *page {
	p.s.t.Helper()
	page, err := p.try(method, path, form)
	if err != nil {
		p.s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return page
}

// try is do for people who come many at once: a test may be failed from its own goroutine alone.
func (p *person) try(method, path string, form url.Values) (*page, error) {
	r := p.request(method, path, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return p.send(r)
}

func (p *person) request(method, path string, body io.Reader) *http.Request {
	if strings.HasPrefix(path, "/") {
		path = p.s.server.URL + path
	}
	r, err := http.NewRequestWithContext(p.s.t.Context(), method, path, body)
	if err != nil {
		p.s.t.Fatal(err)
	}
	r.Header.Set("User-Agent", p.agent)
	r.Header.Set("X-Forwarded-For", p.ip)
	if p.origin != "" && method != http.MethodGet && method != http.MethodHead {
		r.Header.Set("Origin", p.origin)
	}
	return r
}

func (p *person) send(r *http.Request) (*page, error) {
	answer, err := p.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	return &page{p: p, path: r.URL.Path, status: answer.StatusCode, header: answer.Header, body: string(body)}, nil
}

func (p *person) login(password string) *page {
	p.s.t.Helper()
	return p.post("/login", "email", p.email, "password", password)
}

// resets has a link mailed, and sets the password with it.
func (p *person) resets(password string) {
	p.s.t.Helper()
	p.post("/password/forgot", "email", p.email).is(p.s.t, http.StatusSeeOther)
	for {
		if link := p.mail().Link; strings.Contains(link, "/password/reset") {
			p.get(link).submit("password", password).redirects(p.s.t, "/login")
			return
		}
	}
}

// enters is what a log-in with the right password comes to, without checking one: that takes longer than most stories.
func (p *person) enters() {
	p.s.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/login", nil)
	for _, cookie := range p.client.Jar.Cookies(p.s.config.AppURL) {
		r.AddCookie(cookie)
	}
	device := session.New(p.s.config.SecretKeys, p.s.config.HTTPS()).Get(r, session.Device)
	entry, err := p.s.auth.SignIn(p.s.t.Context(), p.user(), auth.Proof{Method: "password"}, auth.Browser{Device: device},
		auth.Client{IP: netip.MustParseAddr(p.ip), UserAgent: p.agent})
	if err != nil {
		p.s.t.Fatal(err)
	}
	p.isGiven(map[session.Cookie]string{session.Session: entry.Session, session.Device: entry.Device, session.SignIn: entry.SignIn})
}

// signUp registers, opens the mailed link and presses its button.
func (p *person) signUp(name, email, password string) *page {
	p.s.t.Helper()
	p.email = email
	p.post("/register", "name", name, "email", email, "password", password).redirects(p.s.t, "/register/sent")
	return p.get(p.mail().Link).submit()
}

// mail is the next mail to the person, but for those that tell of a log-in on a new device.
func (p *person) mail() mailtest.Message {
	p.s.t.Helper()
	return p.letter(false)
}

// notice is the next mail that tells the person of a log-in on a new device.
func (p *person) notice() mailtest.Message {
	p.s.t.Helper()
	return p.letter(true)
}

// nextOf is the link in the person's next mail with these words in its subject.
func (p *person) nextOf(subject string) string {
	p.s.t.Helper()
	for {
		if m := p.mail(); strings.Contains(m.Subject, subject) {
			return m.Link
		}
	}
}

func (p *person) letter(ofNewDevice bool) mailtest.Message {
	p.s.t.Helper()
	is := func(m mailtest.Message) bool {
		return strings.HasPrefix(m.Subject, "New log-in to your ") == ofNewDevice
	}
	if i := slices.IndexFunc(p.s.unread[p.email], is); i >= 0 {
		found := p.s.unread[p.email][i]
		p.s.unread[p.email] = slices.Delete(p.s.unread[p.email], i, i+1)
		return found
	}
	for {
		next := p.s.mailbox.Next(p.s.t, p.email)
		if is(next) {
			return next
		}
		p.s.unread[p.email] = append(p.s.unread[p.email], next)
	}
}

// lastMail is what came last to an address.
func (s *stage) lastMail(email string) mailtest.Message {
	s.t.Helper()
	s.mailIsSent()
	all := s.mailbox.To(email)
	if len(all) == 0 {
		s.t.Fatalf("nothing came to %s", email)
	}
	return all[len(all)-1]
}

// cookie is the value of a cookie in the person's browser, "" for none.
func (p *person) cookie(name string) string {
	for _, c := range p.client.Jar.Cookies(p.s.config.AppURL) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// twin is the same browser at the same address, for what happens in two tabs or by theft of the cookies.
func (p *person) twin() *person {
	twin := p.s.visitor()
	twin.email, twin.ip = p.email, p.ip
	twin.client.Jar.SetCookies(p.s.config.AppURL, p.client.Jar.Cookies(p.s.config.AppURL))
	return twin
}

// page is an answer.
type page struct {
	p      *person
	path   string
	status int
	header http.Header
	body   string
}

func (g *page) is(t *testing.T, status int) *page {
	t.Helper()
	if g.status != status {
		t.Fatalf("%s answered %d, not %d: %s", g.path, g.status, status, g.text())
	}
	return g
}

// redirects wants a 303 to the path, and follows it.
func (g *page) redirects(t *testing.T, to string) *page {
	t.Helper()
	g.is(t, http.StatusSeeOther)
	if got := g.header.Get("Location"); got != to {
		t.Fatalf("%s sent the browser to %q, not to %q", g.path, got, to)
	}
	return g.p.get(to)
}

func (g *page) says(t *testing.T, words ...string) *page {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(g.text(), w) {
			t.Fatalf("%s (%d) does not say %q:\n%s", g.path, g.status, w, g.text())
		}
	}
	return g
}

func (g *page) hides(t *testing.T, words ...string) *page {
	t.Helper()
	for _, w := range words {
		if strings.Contains(g.body, w) {
			t.Fatalf("%s (%d) shows %q:\n%s", g.path, g.status, w, g.body)
		}
	}
	return g
}

func (g *page) isHTML() bool { return strings.HasPrefix(g.header.Get("Content-Type"), "text/html") }

// text is what the page says to a reader.
func (g *page) text() string {
	var words []string
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			words = append(words, strings.Fields(n.Data)...)
		}
		for child := range n.ChildNodes() {
			if child.Data != "script" && child.Data != "style" {
				walk(child)
			}
		}
	}
	walk(g.document())
	return strings.Join(words, " ")
}

func (g *page) document() *html.Node {
	document, err := html.Parse(strings.NewReader(g.body))
	if err != nil {
		g.p.s.t.Fatalf("%s is no HTML: %v", g.path, err)
	}
	return document
}

// all are the elements with this name.
func (g *page) all(name string) (found []*html.Node) {
	for n := range g.document().Descendants() {
		if n.Type == html.ElementNode && n.Data == name {
			found = append(found, n)
		}
	}
	return found
}

// rows are the addresses that a list's rows lead to.
func (g *page) rows() (addresses []string) {
	for _, a := range g.all("a") {
		if attribute(a.Parent, "class") == "row-title" {
			addresses = append(addresses, attribute(a, "href"))
		}
	}
	return addresses
}

// input is the element with this name attribute, nil for none.
func (g *page) input(name string) *html.Node {
	for _, n := range g.all("input") {
		if attribute(n, "name") == name {
			return n
		}
	}
	return nil
}

// submit sends the page's first form that is not the log-out, with what it holds and with these names and values filled in.
func (g *page) submit(fields ...string) *page {
	g.p.s.t.Helper()
	for _, form := range g.all("form") {
		if attribute(form, "action") == "/logout" {
			continue
		}
		values := url.Values{}
		for n := range form.Descendants() {
			switch name := attribute(n, "name"); {
			case n.Data == "input" && name != "" && (attribute(n, "type") != "checkbox" || has(n, "checked")):
				values.Set(name, attribute(n, "value"))
			case n.Data == "textarea" && n.FirstChild != nil:
				values.Set(name, n.FirstChild.Data)
			case n.Data == "option" && has(n, "selected"):
				values.Set(attribute(n.Parent, "name"), attribute(n, "value"))
			}
		}
		for i := 0; i < len(fields); i += 2 {
			values.Set(fields[i], fields[i+1])
		}
		return g.p.do(http.MethodPost, attribute(form, "action"), values)
	}
	g.p.s.t.Fatalf("%s has no form: %s", g.path, g.text())
	return nil
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
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

// events are the names in the security log, in order.
func (s *stage) events() (names []string) {
	s.t.Helper()
	if err := s.db.Model(&models.Event{}).Order("at, id").Pluck("name", &names).Error; err != nil {
		s.t.Fatal(err)
	}
	return names
}

// records fails where the security log lacks one of these events.
func (s *stage) records(names ...string) {
	s.t.Helper()
	log := s.events()
	for _, name := range names {
		if !slices.Contains(log, name) {
			s.t.Errorf("%s is not on record, but %v", name, log)
		}
	}
}

// count is how many rows a table has.
func (s *stage) count(table, where string, args ...any) (n int64) {
	s.t.Helper()
	if err := models.AsSystem(s.db).Table(table).Where(where, args...).Count(&n).Error; err != nil {
		s.t.Fatal(err)
	}
	return n
}

// hits sets what everybody has used up of a rule.
func (s *stage) hits(rule string, n int) {
	s.t.Helper()
	if set := s.db.Exec("UPDATE limits SET hits = ? WHERE id LIKE ?", n, rule+":%"); set.Error != nil || set.RowsAffected == 0 {
		s.t.Fatalf("%d counts under %s were set (%v)", set.RowsAffected, rule, set.Error)
	}
}

// mailIsSent waits until the worker has nothing left to write down.
func (s *stage) mailIsSent() {
	s.t.Helper()
	for range 500 {
		if s.count("outbox", "done_at IS NULL AND failed_at IS NULL") == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.t.Fatal("there is still mail waiting")
}

// tables is everything in the database, as text, by table: for laws about what is stored and what changes.
func (s *stage) tables() map[string]string {
	s.t.Helper()
	dump := map[string]string{}
	for _, model := range models.All() {
		stmt := &gorm.Statement{DB: s.db}
		if err := stmt.Parse(model); err != nil {
			s.t.Fatal(err)
		}
		dump[stmt.Table] = s.rows(stmt.Table, "1 = 1")
	}
	return dump
}

// rows are a table's rows, as text.
func (s *stage) rows(table, where string, args ...any) string {
	s.t.Helper()
	var rows []map[string]any
	if err := models.AsSystem(s.db).Table(table).Where(where, args...).Order("id").Find(&rows).Error; err != nil {
		s.t.Fatal(err)
	}
	var text strings.Builder
	for _, row := range rows {
		for _, column := range slices.Sorted(maps.Keys(row)) {
			value := reflect.ValueOf(row[column])
			for value.Kind() == reflect.Pointer || value.Kind() == reflect.Interface {
				value = value.Elem()
			}
			fmt.Fprintf(&text, "%s=%s ", column, fmt.Sprintf("%+q", fmt.Sprint(value)))
		}
		text.WriteByte('\n')
	}
	return text.String()
}

// atOnce is atOnce with nobody let through to write before all have read what there was, so that each decides on what the others
// are about to change.
func (s *stage) atOnce(n int, work func(i int)) {
	s.t.Helper()
	s.overtaken(func() { atOnce(n, work) }, func(*gorm.DB) error { return nil })
}

// overtaken runs work, and a change that comes before the first thing that work writes and after all that it reads until then.
func (s *stage) overtaken(work func(), by func(tx *gorm.DB) error) {
	s.t.Helper()
	pool, err := s.db.DB()
	if err != nil {
		s.t.Fatal(err)
	}
	var done sync.WaitGroup
	quiet, before := 100*time.Millisecond, s.counted.begun.Load()+pool.Stats().WaitCount
	err = s.db.Transaction(func(tx *gorm.DB) error {
		if tx.Name() == "postgres" { // elsewhere there is one writer, which this transaction is
			quiet = 500 * time.Millisecond // each of them opens a connection first
			if err := tx.Exec("LOCK TABLE users, registrations IN EXCLUSIVE MODE").Error; err != nil {
				return err
			}
		}
		done.Go(work)
		seen, patience := before, 5*time.Second // until work begins, which a busy machine takes its time for
		for since := time.Now(); time.Since(since) < patience; time.Sleep(5 * time.Millisecond) {
			now := s.counted.begun.Load() + pool.Stats().WaitCount
			if now != seen || patience > quiet && pool.Stats().InUse > 1 {
				seen, since, patience = now, time.Now(), quiet
			}
		}
		return by(tx)
	})
	if err != nil {
		s.t.Fatal(err)
	}
	done.Wait()
}

// failing does work while nobody's row can be locked, as where the disk fails.
func (s *stage) failing(work func()) {
	s.t.Helper()
	const name = "failing"
	err := s.db.Callback().Query().Before("gorm:query").Register(name, func(db *gorm.DB) {
		if _, locks := db.Statement.Clauses["FOR"]; locks {
			_ = db.AddError(errors.New("disk I/O error"))
		}
	})
	if err != nil {
		s.t.Fatal(err)
	}
	work()
	if err := s.db.Callback().Query().Remove(name); err != nil {
		s.t.Fatal(err)
	}
}

// atOnce runs work n times simultaneously.
func atOnce(n int, work func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			work(i)
		})
	}
	close(start)
	all.Wait()
}

// ledger knows which limits the requests of a test were counted under.
type ledger struct {
	counts sync.Map     // a countedHit to true
	begun  atomic.Int64 // requests
}

type countedHit struct{ method, path, rule string }

type requestKey struct{}

// watch tells the ledger whose request it is that is counted.
func (l *ledger) watch(router http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.begun.Add(1)
		router.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, r)))
	})
}

// keep writes down what is counted in db, while a request is answered.
func (l *ledger) keep(t *testing.T, db *gorm.DB) {
	err := db.Callback().Row().Before("gorm:row").Register("ledger", func(db *gorm.DB) {
		r, asked := db.Statement.Context.Value(requestKey{}).(*http.Request)
		if !asked || !strings.HasPrefix(db.Statement.SQL.String(), "INSERT INTO limits ") {
			return
		}
		rule, _, _ := strings.Cut(db.Statement.Vars[0].(string), ":")
		if rule != "refusal-ip" { // it bounds what is written down of refusals, no request
			l.counts.Store(countedHit{r.Method, r.URL.Path, rule}, true)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// holdsTo fails the test where something was counted that the map of the site does not tell.
func (l *ledger) holdsTo(t *testing.T, routes []handlers.Route) {
	l.counts.Range(func(key, _ any) bool {
		c := key.(countedHit)
		told := slices.ContainsFunc(routes, func(r handlers.Route) bool {
			// What a form counts that goes through once its sender has proven who they are, its own line tells.
			return (leadsTo(r, c.method, c.path) || c.path == "/account/prove") && slices.ContainsFunc(r.Limits, func(rule models.LimitRule) bool { return rule.Name == c.rule })
		})
		if !told {
			t.Errorf("%s %s counts under %s, and its line in routes.go does not say so", c.method, c.path, c.rule)
		}
		return true
	})
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
