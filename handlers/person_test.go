package handlers_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/mail/mailtest"
	"example.com/gatehouse/models"
	"example.com/gatehouse/session"
)

// idle is how long a session may be unseen.
const idle = 24 * time.Hour

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

// developer is a visitor from a private network, who may open the pages of
// development.
func (s *stage) developer() *person {
	p := s.visitor()
	p.ip = "192.168.7.7"
	return p
}

// user is somebody with an account, logged out.
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

// member is somebody with an account, logged in.
func (s *stage) member(email string) *person {
	s.t.Helper()
	p := s.user(email)
	p.hasBeenHere()
	p.enters()
	return p
}

// hasBeenHere makes the browser one that the person has logged in with before.
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
	cookies := session.New(p.s.config.SecretKeys, p.s.config.CookiePrefix())
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
	for _, cookie := range answer.Cookies() {
		if value := carried(cookie.Value); len(value) >= 43 && !strings.ContainsAny(value, " /?") { // and not where somebody was going
			p.s.secrets.Store(value, "what the cookie "+cookie.Name+" carries")
		}
	}
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

// enters is what a login with the right password comes to, without checking one: that takes longer than most stories.
func (p *person) enters() {
	p.s.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/login", nil)
	for _, cookie := range p.client.Jar.Cookies(p.s.config.AppURL) {
		r.AddCookie(cookie)
	}
	device := session.New(p.s.config.SecretKeys, p.s.config.CookiePrefix()).Get(r, session.Device)
	entry, err := p.s.auth.Login(p.s.t.Context(), p.user(), auth.Authentication{Method: "password"}, auth.Browser{Device: device},
		auth.Client{IP: netip.MustParseAddr(p.ip), UserAgent: p.agent})
	if err != nil {
		p.s.t.Fatal(err)
	}
	p.isGiven(map[session.Cookie]string{session.Session: entry.Session, session.Device: entry.Device, session.PendingLogin: entry.Browser.PendingLogin})
}

// signUp registers, opens the mailed link and presses its button.
func (p *person) signUp(name, email, password string) *page {
	p.s.t.Helper()
	p.email = email
	p.post("/register", "name", name, "email", email, "password", password).redirects(p.s.t, "/register/sent")
	return p.get(p.mail().Link).submit()
}

// mail is the next mail to the person, but for those that tell of a login on a new device.
func (p *person) mail() mailtest.Message {
	p.s.t.Helper()
	return p.message(false)
}

// notice is the next mail that tells the person of a login on a new device.
func (p *person) notice() mailtest.Message {
	p.s.t.Helper()
	return p.message(true)
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

func (p *person) message(ofNewDevice bool) mailtest.Message {
	p.s.t.Helper()
	is := func(m mailtest.Message) bool {
		return strings.HasPrefix(m.Subject, "New login to your ") == ofNewDevice
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

// cookieNamed is the whole name of a cookie of the application.
func (s *stage) cookieNamed(name string) string { return s.config.CookiePrefix() + name }

// cookie is the value of a cookie in the person's browser, "" for none.
func (p *person) cookie(name string) string {
	for _, c := range p.client.Jar.Cookies(p.s.config.AppURL) {
		if c.Name == p.s.cookieNamed(name) {
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

// scans opens mailed links as scanners of mail do, and fails where that changes anything.
func (p *person) scans(links ...string) {
	p.s.t.Helper()
	p.s.mailIsSent()
	before := p.s.tables()
	for _, link := range links {
		for _, method := range []string{http.MethodHead, http.MethodGet, http.MethodGet} {
			p.do(method, link, nil).is(p.s.t, http.StatusOK)
		}
	}
	if changed := p.s.changed(before); len(changed) > 0 {
		p.s.t.Errorf("opening the links changed %v", changed)
	}
}

// isAway is somebody whose session has ended while they were typing their new name, at the page that asks them to log in.
func (p *person) isAway() (login *page) {
	p.s.t.Helper()
	p.s.clock.passes(idle)
	return p.post("/account", "name", "Ada Lovelace").is(p.s.t, http.StatusUnauthorized)
}

// sending begins to send a form, of which the server has read all but the form itself: it waits for finish to be called, which returns the
// answer.
func (p *person) sending(path string, fields ...string) (finish func() *page) {
	p.s.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	body, rest := io.Pipe()
	awaited, answered := make(chan struct{}), make(chan *page, 1)
	r := p.request(http.MethodPost, path, body)
	r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{Got100Continue: func() { close(awaited) }}))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Expect", "100-continue")
	go func() {
		answer, err := p.twin().send(r)
		if err != nil {
			p.s.t.Error(err)
		}
		answered <- answer
	}()
	select {
	case <-awaited:
	case answer := <-answered:
		p.s.t.Fatalf("%s is answered %v before it was sent", path, answer)
	}
	return func() *page {
		if _, err := io.WriteString(rest, form.Encode()); err != nil {
			p.s.t.Fatal(err)
		}
		if err := rest.Close(); err != nil {
			p.s.t.Fatal(err)
		}
		return <-answered
	}
}

// races sends a form while others do. No answer is a fault, but that too much is being hashed is none.
func (p *person) races(path string, form url.Values) {
	answer, err := p.try(http.MethodPost, path, form)
	if err != nil || answer.status >= 500 && answer.status != http.StatusServiceUnavailable {
		p.s.t.Errorf("%s is answered %v, %v", path, answer, err)
	}
}
