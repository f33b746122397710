package e2e

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
)

var shots = flag.Bool("shots", false, "keep a picture of every page in e2e/shots")

// heaviest is the maximum size of a page on a first visit in bytes, with
// headers and assets.
const heaviest = 60_000

// view is a page in one of its states.
type view struct {
	name   string
	route  string // as the program lists it, "" for none
	status int
	who    *person
	reach  func(p *person)
}

func TestEveryPage_IsAccessibleValidAndLight(t *testing.T) {
	axe := readAxe(t)
	views := slices.Concat(
		publicViews(t),
		privateViews(t),
		passkeyViews(t), // feature:passkeys
		totpViews(t),    // feature:totp
		emailChangeViews(t),
		accountRecoveryViews(t),
		roleViews(t),
		accountDeletionViews(t),
		accountExportViews(t),
		activityViews(t),
		mailLoginViews(t),      // feature:mail_login
		profilePictureViews(t), // feature:profile_picture
		preferencesViews(t),
		trustedDeviceViews(t), // feature:trusted_devices
		termsViews(t),         // feature:terms
		noteViews(t),          // feature:notes
		refusals(t),
		mailboxViews(t),
	)
	views = append(views, unlistedViews(t, views)...)
	everyRouteIsAmong(t, views)
	var pages sync.Map // of name to HTML
	t.Run("pages", func(t *testing.T) {
		for _, group := range bySite(views) {
			t.Run("from "+group[0].name, func(t *testing.T) {
				t.Parallel()
				for _, v := range group {
					t.Run(v.name, func(t *testing.T) { v.isGood(t, axe, &pages) })
				}
			})
		}
	})
	t.Run("HTML", func(t *testing.T) { valid(t, &pages) })
}

// bySite groups the views that can be checked at the same time. Views of one
// site are often steps of one path.
func bySite(views []view) (groups [][]view) {
	at := map[*site]int{}
	for _, v := range views {
		i, known := at[v.who.site]
		if !known {
			i = len(groups)
			at[v.who.site], groups = i, append(groups, nil)
		}
		groups[i] = append(groups[i], v)
	}
	return groups
}

// isGood checks the page in both themes and at both widths, and stores its
// HTML.
func (v view) isGood(t *testing.T, axe string, pages *sync.Map) {
	defer v.who.during(t)()
	v.who.look("light", 1280)
	v.reach(v.who)
	if v.who.status != v.status {
		t.Fatalf("%s was answered %d, not %d:\n%s", v.who.address(), v.who.status, v.status, v.who.text())
	}
	if !v.isMail() { // mail programs want what the checker calls obsolete
		pages.Store(v.name, v.who.html())
	}
	v.weighs(t)
	for _, look := range []struct {
		scheme string
		width  int64
		axe    bool // axe runs once for each theme and width
	}{{"light", 390, true}, {"dark", 1280, true}, {"light", 1280, false}, {"dark", 390, false}} {
		v.who.look(look.scheme, look.width).settle()
		if look.axe {
			v.passes(t, axe, look.scheme, look.width)
		}
		v.fits(t, look.width)
		v.shoot(t, look.scheme, look.width)
	}
	for _, width := range []int64{360, 1600} {
		v.who.look("light", width).settle()
		v.fits(t, width)
	}
}

// publicViews are the pages of visitors.
func publicViews(t *testing.T) []view {
	s := startWithMail(t, "RATE_LIMIT=off")
	eve, bob, cid := s.visit(t, "Eve"), s.visit(t, "Bob"), s.visit(t, "Cid")
	var eveLink, bobLink string
	return []view{
		{"home", "/", 200, eve, opens("/")},
		{"register", "/register", 200, eve, opens("/register")},
		{"register-wrong", "/register", 422, eve, func(p *person) {
			p.open("/register").fill("Name", p.name).fill("Email", "nowhere").fill("Password",
				"tiny secret").press("Create account")
		}},
		{"register-sent", "/register/sent", 200, eve, func(p *person) { p.signUp() }},
		{"register-sent-unfolded", "/register/sent", 200, eve, func(p *person) {
			p.open("/register/sent").toggle("Wrong address?")
		}},
		{"register-sent-wrong", "", 422, eve, func(p *person) {
			p.open("/register/sent").toggle("Wrong address?").fill("Your email", "nowhere").press("Correct")
		}},
		{"email-confirm", "/email/confirm", 200, eve, func(p *person) {
			eveLink = p.message("Confirm").Link
			p.open(eveLink)
		}},
		{"email-confirm-elsewhere", "/email/confirm", 200, bob, func(p *person) { p.open(eveLink) }},
		{"email-confirm-elsewhere-wrong", "/email/confirm", 422, bob, func(p *person) {
			p.open(eveLink).fill("Password", "not hers, a guess of mine").press("Confirm")
		}},
		{"email-confirm-dead", "/email/confirm", 410, bob, opens("/email/confirm?token=gone")},
		{"login", "/login", 200, bob, opens("/login")},
		{"login-asked-for", "/login", 200, bob, opens("/dashboard")},
		{"login-wrong", "/login", 422, bob, func(p *person) {
			p.open("/login").fill("Email", p.email).fill("Password", "a wrong guess").press("Log in")
		}},
		{"password-forgot", "/password/forgot", 200, bob, opens("/password/forgot")},
		{"password-forgot-wrong", "/password/forgot", 422, bob, func(p *person) {
			p.open("/password/forgot").fill("Email", "nowhere").press("Send the link")
		}},
		{"password-forgot-sent", "/password/forgot/sent", 200, cid, func(p *person) {
			p.joins().press("Log out").open("/password/forgot").fill("Email", p.email).press("Send the link")
		}},
		{"password-reset", "/password/reset", 200, cid, func(p *person) {
			bobLink = p.message("Reset").Link
			p.open(bobLink)
		}},
		{"password-reset-wrong", "/password/reset", 422, cid, func(p *person) {
			p.open(bobLink).fill("New password", "tiny secret").press("Set new password")
		}},
		{"login-after-reset", "/login", 200, cid, func(p *person) {
			p.open(bobLink).fill("New password", "quiet rivers carry paper boats").press("Set new password")
		}},
		{"password-reset-used", "/login", 200, cid, func(p *person) { p.open(bobLink) }},
		{"password-reset-dead", "/password/reset", 410, cid, opens("/password/reset?token=gone")},
		{"security-alert", "/security-alert", 200, cid, func(p *person) { p.open(p.message("was reset").Link) }},
		{"new-password", "/login/password", 200, cid, func(p *person) { p.press("Lock everybody out") }},
		{"new-password-wrong", "/login/password", 422, cid, func(p *person) {
			p.fill("New password", "tiny secret").press("Set new password")
		}},
		{"security-alert-dead", "/security-alert", 410, bob, opens("/security-alert?token=gone")},
		{"not-found", "", 404, bob, opens("/nowhere")},
	}
}

// privateViews are the pages of users.
func privateViews(t *testing.T) []view {
	s := startWithMail(t, "RATE_LIMIT=off")
	ada := s.visit(t, "Ada Lovelace").joins()
	s.visit(t, ada.name).logIn()
	phone := s.visit(t, ada.name)
	return []view{
		{"dashboard", "/dashboard", 200, ada, opens("/dashboard")},
		{"dashboard-menu", "/dashboard", 200, ada, func(p *person) { p.open("/dashboard").toggle("Account menu") }},
		{"home-signed-in", "/", 200, ada, opens("/")},
		{"account", "/account", 200, ada, opens("/account")},
		{"account-wrong", "/account", 422, ada, func(p *person) { p.open("/account").fill("Name", " ").press("Save") }},
		{"account-saved", "/account", 200, ada, func(p *person) {
			p.open("/account").fill("Name",
				"Ada King").press("Save")
		}},
		{"security", "/account/security", 200, ada, opens("/account/security")},
		{"security-wrong", "/account/security", 422, ada, func(p *person) {
			p.open("/account/security").fill("Current password", "a wrong guess").fill("New password",
				"tiny secret").press("Change password")
		}},
		{"sessions", "/account/sessions", 200, ada, opens("/account/sessions")},
		{"not-found-signed-in", "", 404, ada, opens("/nowhere")},
		{"login-kept", "", 401, ada, func(p *person) {
			p.open("/account").fill("Name", "Ada King").endsElsewhere(phone).press("Save")
		}},
		{"kept", "", 200, ada, func(p *person) {
			p.fill("Email", p.email).fill("Password",
				p.password).press("Log in")
		}},
		{"refused", "", 200, ada, refused},
	}
}

// refusals are the error pages.
func refusals(t *testing.T) []view {
	s, broken := startWithMail(t), startWithMail(t, "RATE_LIMIT=off")
	eve, bob := s.visit(t, "Eve"), broken.visit(t, "Bob")
	return []view{
		{"forbidden", "", 403, eve, func(p *person) {
			foreign := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				fmt.Fprintf(w, `<title>Elsewhere</title><form method="post" action="%s/login"><button>Win a prize</button></form>`, s.url)
			}))
			defer foreign.Close()
			p.open(foreign.URL).press("Win a prize")
			p.excuse(foreign.URL)
		}},
		{"too-large", "", 413, eve, func(p *person) {
			p.open("/login?next=/dashboard").fill("Email", p.email).fill("Password", "a wrong guess")
			evaluate[bool](p, `document.querySelector("[name=next]").value = "/".repeat(1_100_000), true`)
			p.press("Log in")
		}},
		{"too-many", "", 429, eve, func(p *person) {
			for range 50 {
				if p.open("/login").fill("Email", p.email).fill("Password",
					"a wrong guess").press("Log in"); p.status != 422 {
					return
				}
			}
		}},
		{"busy", "", 503, bob, func(p *person) { p.show(overload(p.t, broken), 503) }},
		{"broken", "", 500, bob, func(p *person) {
			broken.log.expect("level=ERROR")
			p.open("/password/forgot").fill("Email", p.email)
			for _, file := range []string{"app.db", "app.db-wal"} {
				if err := os.Truncate(filepath.Join(broken.dir, "data", file), 0); err != nil {
					p.t.Fatal(err)
				}
			}
			// Without the header of the WAL index SQLite trusts no page in
			// memory.
			index, err := os.OpenFile(filepath.Join(broken.dir, "data", "app.db-shm"), os.O_WRONLY, 0)
			if err != nil {
				p.t.Fatal(err)
			}
			defer index.Close()
			if _, err := index.WriteAt(make([]byte, 136), 0); err != nil {
				p.t.Fatal(err)
			}
			p.press("Send the link")
		}},
	}
}

// mailHTML is a mail alone, as it was sent.
const mailHTML = "/dev/mail/:id/html"

// isMail reports whether the view is a mail instead of a page of the site.
func (v view) isMail() bool {
	return strings.HasPrefix(v.route, "/dev/mail/") && strings.HasSuffix(v.route, "/html")
}

// mailboxViews are the pages of the development mailbox.
func mailboxViews(t *testing.T) []view {
	s := start(t, "RATE_LIMIT=off")
	dan := s.visit(t, "Dan")
	return []view{
		{"mailbox-empty", "/dev/mail", 200, dan, opens("/dev/mail")},
		{"mailbox", "/dev/mail", 200, dan, func(p *person) { p.signUp().open("/dev/mail") }},
		{"mailbox-message", "/dev/mail/:id", 200, dan, func(p *person) { p.open("/dev/mail").press("Confirm") }},
		{"mailbox-html", mailHTML, 200, dan, func(p *person) {
			p.open(p.address() + "/html")
			p.excuse("/favicon.ico") // browsers ask for it where a page names no icon
		}},
		{"mail-preview-code", "/dev/mail/previews/:kind/html", 200, dan, func(p *person) { // feature:mail_login
			p.open("/dev/mail/previews/mail_login/html").excuse("/favicon.ico") // feature:mail_login
		}}, // feature:mail_login
		{"mail-previews", "/dev/mail/previews", 200, dan, opens("/dev/mail/previews")},
		{"mail-preview", "/dev/mail/previews/:kind", 200, dan, opens("/dev/mail/previews/password_reset")},
		{"mail-preview-html", "/dev/mail/previews/:kind/html", 200, dan,
			opens("/dev/mail/previews/password_reset/html")},
		{"parts", "/dev/ui", 200, dan, opens("/dev/ui")},
		{"parts-fields", "/dev/ui/:part", 200, dan, opens("/dev/ui/fields")},
		{"parts-choices", "/dev/ui/:part", 200, dan, opens("/dev/ui/choices")},
		{"parts-forms", "/dev/ui/:part", 200, dan, opens("/dev/ui/forms")},
		{"parts-buttons", "/dev/ui/:part", 200, dan, opens("/dev/ui/buttons")},
		{"parts-lists", "/dev/ui/:part", 200, dan, opens("/dev/ui/lists")},
		{"parts-navigation", "/dev/ui/:part", 200, dan, opens("/dev/ui/navigation")},
		{"parts-messages", "/dev/ui/:part", 200, dan, opens("/dev/ui/messages")},
		{"parts-cards", "/dev/ui/:part", 200, dan, opens("/dev/ui/cards")},
		{"parts-icons", "/dev/ui/:part", 200, dan, opens("/dev/ui/icons")},
		{"parts-dark", "/dev/ui/:part", 200, dan, opens("/dev/ui/choices?theme=dark")},
		{"parts-asking", "/dev/ui/:part", 200, dan, func(p *person) { p.open("/dev/ui/buttons").toggle("Delete") }},
		{"parts-menu", "/dev/ui/:part", 200, dan, func(p *person) { p.open("/dev/ui/navigation").toggle("Actions for") }},
	}
}

func opens(path string) func(*person) {
	return func(p *person) { p.open(path) }
}

// during moves the user to a subtest, which reports the browser's errors until
// the returned function is called.
func (p *person) during(t *testing.T) (back func()) {
	whole := p.t
	p.t = t
	return func() {
		p.leave(func() {})
		p.t = whole
	}
}

// settle waits until the page is drawn.
func (p *person) settle() {
	p.t.Helper()
	evaluate[bool](p, `(async () => {
		for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame)
		await Promise.all(document.getAnimations().filter(a => a.effect.getTiming().iterations !== Infinity).map(a => a.finished.catch(() => {})))
		return true
	})()`)
}

// show displays a page that was not sent to the browser.
func (p *person) show(html string, status int) {
	p.t.Helper()
	p.open("/healthz")
	frame := call(p, page.GetFrameTree, struct{}{}).FrameTree.Frame.ID
	call(p, page.SetDocumentContent, page.SetDocumentContentParams{FrameID: frame, HTML: html})
	p.status, p.shown = status, []byte(html)
}

// overload sends more logins at once than s can process, and returns the page
// of the busy server.
func overload(t *testing.T, s *site) string {
	t.Helper()
	ctx, enough := context.WithTimeout(t.Context(), patience)
	defer enough()
	crowd := 80 * goruntime.NumCPU() // the queue grows with the processors
	busy := make(chan string, crowd)
	for i := range crowd {
		go func() {
			form := url.Values{"email": {fmt.Sprintf("person%d@example.com", i)}, "password": {"a wrong guess"}}
			request, _ := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/login",
				strings.NewReader(form.Encode()))
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			request.Header.Set("Origin", s.url)
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				return
			}
			defer response.Body.Close()
			if page, err := io.ReadAll(response.Body); err == nil &&
				response.StatusCode == http.StatusServiceUnavailable {
				busy <- string(page)
			}
		}()
	}
	select {
	case page := <-busy:
		return page
	case <-ctx.Done():
		t.Fatalf("%d logins at once and none was turned away", crowd)
		return ""
	}
}

// noPages are the addresses that are no HTML pages.
func noPages() []string {
	return []string{
		"/healthz",
		"/readyz",
		"/assets/*",
		"/.well-known/change-password",
		"/.well-known/passkey-endpoints", // feature:passkeys
		"/account/picture/image",         // feature:profile_picture
		"/notes/:id/image",               // feature:notes
	}
}

// everyRouteIsAmong fails the test for a page of the program that no view
// covers.
func everyRouteIsAmong(t *testing.T, views []view) {
	t.Helper()
	for _, r := range routes(t) {
		if r.Method != http.MethodGet || slices.Contains(noPages(), r.Path) {
			continue
		}
		if !slices.ContainsFunc(views, func(v view) bool { return v.route == r.Path }) {
			t.Errorf("GET %s is a page that no view looks at", r.Path)
		}
	}
}

func readAxe(t *testing.T) string {
	t.Helper()
	axe, err := os.ReadFile("node_modules/axe-core/axe.min.js")
	if err != nil {
		missing(t, "this test needs axe-core: install Node.js, then run npm ci in e2e")
	}
	return string(axe)
}

// weighs fails the test if the page is too large. It includes the icons, which
// a headless browser does not load.
func (v view) weighs(t *testing.T) {
	t.Helper()
	evaluate[int](v.who, `Promise.all([...document.querySelectorAll('link[rel~="icon"]')].map(icon => fetch(icon.href))).then(icons => icons.length)`)
	if weight := v.who.received(); weight > heaviest {
		t.Errorf("the page weighs %d bytes, more than %d", weight, heaviest)
	} else {
		t.Logf("%d bytes", weight)
	}
}

// passes fails the test if axe finds a fault, its best practices included. A
// mail has no landmarks.
func (v view) passes(t *testing.T, axe, scheme string, width int64) {
	t.Helper()
	call(v.who, runtime.Evaluate, runtime.EvaluateParams{Expression: axe})
	found := evaluate[[]struct {
		ID, Help string
		Nodes    []struct{ HTML, FailureSummary string }
	}](v.who, fmt.Sprintf("axe.run({rules: {region: {enabled: %t}, 'landmark-one-main': {enabled: "+
		"%[1]t}}}).then(result => result.violations)",
		!v.isMail()))
	for _, violation := range found {
		for _, node := range violation.Nodes {
			t.Errorf("%s, %d pixels: %s (%s)\n%s\n%s", scheme, width, violation.Help, violation.ID, node.HTML,
				node.FailureSummary)
		}
	}
}

// fits fails the test if the page scrolls sideways.
func (v view) fits(t *testing.T, width int64) {
	t.Helper()
	if wide := evaluate[int64](v.who, "document.documentElement.scrollWidth"); wide > width {
		t.Errorf("the page is %d pixels wide in a window of %d", wide, width)
	}
}

func (v view) shoot(t *testing.T, scheme string, width int64) {
	t.Helper()
	if !*shots {
		return
	}
	picture, err := v.who.picture()
	if err != nil {
		t.Fatalf("taking a picture: %v", err)
	}
	path := filepath.Join("shots", fmt.Sprintf("%s-%d-%s.png", v.name, width, scheme))
	if err := os.MkdirAll("shots", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, picture, 0o644); err != nil {
		t.Fatal(err)
	}
}

// valid checks the pages with the Nu HTML Checker of the W3C.
func valid(t *testing.T, pages *sync.Map) {
	java, err := lookPath("java")
	if err != nil {
		missing(t, "this test needs Java (on Debian: apt-get install default-jre-headless)")
	}
	checker := "node_modules/vnu-jar/build/dist/vnu.jar"
	if _, err := os.Stat(checker); err != nil {
		missing(t, "this test needs the Nu HTML Checker: install Node.js, then run npm ci in e2e")
	}
	folder := t.TempDir()
	for name, html := range pages.Range {
		if err := os.WriteFile(filepath.Join(folder, name.(string)+".html"), html.([]byte), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// The checker's exit status reports faults, which are in the JSON on
	// stdout.
	output, err := exec.Command(java, "-jar", checker, "--stdout", "--format", "json", "--skip-info-messages",
		folder).Output()
	var report struct {
		Messages []struct {
			Type, URL, Message, Extract string
			LastLine                    int
		}
	}
	if malformed := json.Unmarshal(output, &report); malformed != nil {
		t.Fatalf("the checker said %q: %v, %v", output, err, malformed)
	}
	for _, m := range report.Messages {
		t.Errorf("%s: %s: %s\n%s", filepath.Base(m.URL), m.Type, m.Message, m.Extract)
	}
}
