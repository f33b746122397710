package handlers_test

import (
	"fmt"
	"go/ast"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"example.com/gatehouse/config"
	"example.com/gatehouse/handlers"
	"example.com/gatehouse/models"
)

// public are the routes that a visitor gets an answer from. Every other route, those not yet written among them, asks for login.
var public = []string{
	"GET /", "GET /healthz", "GET /readyz", "GET /assets/*", "GET /.well-known/change-password",
	"GET /.well-known/passkey-endpoints", // feature:passkeys
	"GET /login", "POST /login", "POST /logout",
	"GET /register", "POST /register", "GET /register/sent", "POST /register/resend", "POST /register/correct",
	"GET /email/confirm", "POST /email/confirm",
	"GET /password/forgot", "POST /password/forgot", "GET /password/forgot/sent", "GET /password/reset", "POST /password/reset",
	"GET /security-alert", "POST /security-alert",
	"GET /terms", // feature:terms
	"GET /account/restore", "POST /account/restore",
	"GET /email/change", "POST /email/change", "GET /email/undo", "POST /email/undo",
	"GET /account-recovery", "POST /account-recovery",
	"GET /login/mail", "POST /login/mail", "GET /login/mail/sent", "POST /login/mail/sent", "GET /login/mail/confirm", "POST /login/mail/confirm", // feature:mail_login
	"POST /login/passkey", "POST /login/passkey/options", // feature:passkeys
	"GET /dev/mail", "GET /dev/mail/:id", "GET /dev/mail/:id/html", // development alone
	"GET /dev/mail/previews", "GET /dev/mail/previews/:kind", "GET /dev/mail/previews/:kind/html",
	"GET /dev/ui", "GET /dev/ui/:part", "POST /dev/ui/:part",
}

func TestLawEveryRouteThatIsNotPublicAsksForLogin(t *testing.T) {
	s := newStage(t)
	asked := 0
	for _, route := range s.routes {
		if slices.Contains(public, route.Method+" "+route.Path) {
			continue
		}
		asked++
		page := s.visitor().do(route.Method, route.Path, nil).is(t, http.StatusSeeOther)
		want := "/login" // a form that was sent is not sent again behind a person's back
		if route.Method == http.MethodGet && route.Guard == "logged in" {
			want += "?next=" + url.QueryEscape(route.Path)
			s.visitor().do(http.MethodHead, route.Path, nil).is(t, http.StatusSeeOther)
		}
		if to := page.header.Get("Location"); to != want {
			t.Errorf("%s %s sends visitors to %s, not to %s", route.Method, route.Path, to, want)
		}
	}
	if asked == 0 {
		t.Error("there is no guarded route at all")
	}
}

func TestLawTheListOfPublicRoutesIsNoLongerThanTheSite(t *testing.T) {
	s := newStage(t)
	var all []string
	for _, route := range s.routes {
		all = append(all, route.Method+" "+route.Path)
	}
	for _, route := range public {
		if !slices.Contains(all, route) {
			t.Errorf("%s is listed as public and does not exist", route)
		}
	}
}

// everyPage opens all pages of the site as those who may, once everything is there that they show, and first has been called.
func everyPage(t *testing.T, visit func(guard string, page *page), first ...func(*stage)) {
	t.Helper()
	s := newStage(t, everyStep()...)
	ada := s.member("ada@example.com")
	newcomer := s.visitor()
	newcomer.email = "new@example.com"
	newcomer.post("/register", "name", "New", "email", newcomer.email, "password", goodPassword)
	confirm := newcomer.mail().Link
	ada.post("/password/forgot", "email", ada.email)
	reset := ada.mail().Link
	recovery := s.recovery(t)
	newcomer.post("/login/mail", "email", ada.email) // feature:mail_login
	mailLogin := ada.mail().Link                     // feature:mail_login
	restore := s.member("edsger@example.com").leaves().Link
	message := s.developer().get("/dev/mail").rows()[0]
	alert := s.alerted("joan@example.com").mail().Link
	moving, _ := s.member("edith@example.com").moving("edith@example.org")
	undo := s.member("hedy@example.com").moves("hedy@example.org")
	owing := s.whoOwe()
	rows := map[string]string{} // of Ada's, by table
	for _, table := range models.OwnedTables() {
		rows[table] = owned()[table](ada)
	}
	ada.portrayed()       // feature:profile_picture
	ada.get("/dashboard") // she is marked as seen now, and not again within the minute
	for _, call := range first {
		call(s)
	}
	for _, route := range s.routes {
		path, who := route.Path, newcomer
		switch {
		case route.Method != http.MethodGet, slices.Contains([]string{"/healthz", "/readyz", "/assets/*"}, path), strings.HasPrefix(path, "/.well-known/"):
			continue
		case path == "/email/confirm":
			path = confirm
		case path == "/password/reset":
			path = reset
		case path == "/email/change":
			path = moving
		case path == "/email/undo":
			path = undo
		case path == "/security-alert":
			path = alert
		case path == "/account/restore":
			path = restore
		case path == "/account-recovery" && recovery == "":
			continue
		case path == "/account-recovery":
			path = recovery
		case path == "/login/mail/confirm": // feature:mail_login
			path = mailLogin // feature:mail_login
		case strings.Contains(path, ":kind"):
			path = strings.Replace(path, ":kind", "confirm_address", 1)
		case path == "/dev/ui/:part":
			path = "/dev/ui/forms"
		case strings.Contains(path, ":id") && route.Guard == "logged in":
			path = strings.Replace(path, ":id", rows[strings.ReplaceAll(strings.Split(path, "/")[1], "-", "_")], 1)
		case strings.Contains(path, ":id"):
			path = strings.Replace(path, "/dev/mail/:id", message, 1)
		}
		if route.Guard == "logged in" {
			who = ada
		}
		if route.Guard == "private network" {
			who = s.developer()
		}
		if strings.HasPrefix(route.Guard, "owing ") {
			if who = owing[route.Guard]; who == nil {
				continue // there is no kind of it
			}
		}
		visit(route.Guard, who.get(path).is(t, http.StatusOK))
	}
}

// leadsTo says whether the route answers this method at this path.
func leadsTo(route handlers.Route, method, path string) bool {
	ours, theirs := strings.Split(route.Path, "/"), strings.Split(path, "/")
	if route.Method != method {
		return false
	}
	for i, part := range ours {
		if part == "*" {
			return true
		}
		if i >= len(theirs) || part != theirs[i] && !strings.HasPrefix(part, ":") {
			return false
		}
	}
	return len(ours) == len(theirs)
}

// What is counted and not told fails the test that sees it, whichever it is (see ledger); this is the other half.
func TestLawEveryLimitOnARoutesLineIsCountedThere(t *testing.T) {
	s := newStage(t, everyStep()...)
	newcomer, ada := s.visitor(), s.member("ada@example.com")
	newcomer.email = "new@example.com"
	newcomer.post("/register", "name", "New", "email", newcomer.email, "password", goodPassword)
	newcomer.mail()
	newcomer.post("/register/resend")
	s.visitor().get(newcomer.mail().Link).submit("password", otherPassword)
	newcomer.post("/register/correct", "email", "newer@example.com")
	newcomer.post("/login", "email", ada.email, "password", otherPassword)
	s.visitorAs(ada.email).login(goodPassword)
	newcomer.post("/password/forgot", "email", ada.email)
	newcomer.post("/password/reset", "token", "dead", "password", otherPassword)
	ada.post("/account/security", "current_password", otherPassword, "password", otherPassword)
	ada.post("/account/prove", "factor", "password", "answer", otherPassword)
	newcomer.post("/security-alert", "token", "dead")
	ada.post("/account/export")
	s.owingTerms("barbara@example.com").post("/login/terms/export") // feature:terms
	newcomer.post("/account-recovery", "token", "dead")
	newcomer.post("/login/mail", "email", ada.email)       // feature:mail_login
	newcomer.post("/login/mail/sent", "code", "AAAA-AAAA") // feature:mail_login
	newcomer.post("/login/mail/confirm", "token", "dead")  // feature:mail_login
	alan := s.member("alan@example.com")                   // feature:mail_login
	alan.post("/logout")                                   // feature:mail_login
	alan.post("/login/mail", "email", alan.email)          // feature:mail_login
	ada.get("/account/totp/new").submit("code", "000000")  // feature:totp
	newcomer.post("/login/passkey/options")                // feature:passkeys
	newcomer.post("/login/passkey", "assertion", "{}")     // feature:passkeys
	ada.post("/account/prove/options")                     // feature:passkeys
	ada.post("/account/passkeys/new/options")              // feature:passkeys
	newcomer.post("/account/restore", "token", "dead")
	edsger := s.member("edsger@example.com")
	edsger.post("/account/delete", "confirmation", edsger.email)
	s.owingTerms("tony@example.com").post("/login/terms/delete", "confirmation", "tony@example.com") // feature:terms
	newcomer.post("/email/change", "token", "dead")
	newcomer.post("/email/undo", "token", "dead")
	ada.post("/account/email", "email", "ada@example.org")
	if len(secondFactors()) > 0 {
		grace, factor := s.owing("grace@example.com")
		grace.post("/login/factor", "factor", factor.factor(), "answer", "000000")
		grace.post("/login/factor/options") // feature:passkeys
	}
	changer := s.member("changer@example.com")
	for _, route := range s.routes {
		if countsChanges(route.Limits) {
			changer.post(route.Path)
		}
	}
	for _, route := range s.routes {
		if route.Guard == "owing a second factor" && len(secondFactors()) == 0 {
			continue
		}
		for _, rule := range route.Limits {
			if _, seen := s.counted.counts.Load(countedHit{route.Method, route.Path, rule.Name}); !seen {
				t.Errorf("%s %s says that it counts under %s, and does not", route.Method, route.Path, rule.Name)
			}
		}
	}
}

func TestLawEveryLinkAndFormLeadsToARoute(t *testing.T) {
	everyPage(t, func(_ string, page *page) {
		for n := range page.document().Descendants() {
			method, address := http.MethodGet, attribute(n, "href")+attribute(n, "src")
			if n.Data == "form" {
				method, address = strings.ToUpper(attribute(n, "method")), attribute(n, "action")
			}
			if n.Type != html.ElementNode || !strings.HasPrefix(address, "/") {
				continue // other sites, and places on the page
			}
			target, err := url.Parse(address)
			if err != nil || !slices.ContainsFunc(page.p.s.routes, func(r handlers.Route) bool { return leadsTo(r, method, target.Path) }) {
				t.Errorf("%s: <%s> leads to %s %s, and there is nothing", page.path, n.Data, method, address)
			}
		}
	})
}

func TestLawTheLayoutFollowsTheGuard(t *testing.T) {
	frames := map[string][]string{"anyone": {"site", "guest"}, "logged out": {"guest"}, "owing a second factor": {"guest"}, "owing a new password": {"guest"}, "logged in": {"app"}, "private network": {"site", "guest"}}
	frames["owing accepted terms"] = []string{"guest"} // feature:terms
	everyPage(t, func(guard string, page *page) {
		if strings.HasSuffix(page.path, "/html") || !page.isHTML() {
			return // a mail or a picture, not a page
		}
		if frame := attribute(page.all("body")[0], "class"); !slices.Contains(frames[guard], frame) {
			t.Errorf("%s is for people %s and has the layout of %q", page.path, guard, frame)
		}
		if guard == "logged in" && !strings.Contains(page.body, `action="/logout"`) { // item 35
			t.Errorf("%s has no way out", page.path)
		}
	})
}

func TestLawUnknownAddressesAre404ForEveryone(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	// Item 37: /account/x.css is what a cache would keep.
	for _, path := range []string{
		"/-nothing", "/account/x.css", "/dashboard/x", "/login/x", "/assets/", "/assets/nothing.css", "/.git/config",
		"/.env", "/debug/pprof/", "/metrics", "//", "/admin", "/%2e%2e/etc/passwd",
	} {
		if slices.ContainsFunc(s.routes, func(r handlers.Route) bool { return r.Path == path }) {
			continue // a page of the product's own
		}
		ada.get(path).is(t, 404)
		s.visitor().get(path).is(t, 404)
	}
}

func TestLawNoGetChangesARow(t *testing.T) {
	var before map[string]string
	everyPage(t, func(_ string, page *page) {
		if changed := page.p.s.changed(before); len(changed) > 0 {
			t.Errorf("GET %s changed %v", page.path, changed)
		}
	}, func(s *stage) {
		s.mailIsSent()
		before = s.tables()
	})
}

func TestLawOnlyFormsReachForms(t *testing.T) {
	s := newStage(t, everyStep()...)
	ada, owing := s.member("ada@example.com"), s.whoOwe()
	for _, route := range s.routes {
		if route.Method != http.MethodPost || route.Path == "/logout" {
			continue
		}
		for _, media := range []string{"application/json", "text/plain", "application/octet-stream", "nonsense", ""} {
			who := s.visitor()
			switch {
			case route.Guard == "logged in":
				who = ada
			case route.Guard == "private network":
				who = s.developer()
			case owing[route.Guard] != nil:
				who = owing[route.Guard]
			case strings.HasPrefix(route.Guard, "owing "):
				continue // there is no kind of it
			}
			r := who.request(http.MethodPost, route.Path, strings.NewReader(`{"name":"x"}`))
			r.Header.Set("Content-Type", media)
			page, err := who.send(r)
			if err != nil {
				t.Fatal(err)
			}
			if page.status != http.StatusUnsupportedMediaType {
				t.Errorf("%s takes %s: %d", route.Path, media, page.status)
			}
		}
	}
}

// Item 38: a form of another site does nothing here, and neither does one that does not say where it comes from.
func TestLawEveryPostRefusesAnotherOrigin(t *testing.T) {
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) { refusesOtherOrigins(t, scheme) })
	}
}

func refusesOtherOrigins(t *testing.T, scheme string) {
	s := newStage(t, noRateLimit, func(c *config.Config) { c.AppURL.Scheme, c.Production = scheme, scheme == "https" })
	ada := s.member("ada@example.com")
	site := s.config.AppURL.String()
	for _, route := range s.routes {
		if route.Method != http.MethodPost {
			continue
		}
		for _, headers := range []map[string]string{
			{"Origin": "https://evil.example"},
			{"Origin": "null"},
			{"Origin": site + ".evil.example"},
			{"Origin": site + ":1"},
			{"Origin": strings.Replace(site, scheme, map[string]string{"http": "https", "https": "http"}[scheme], 1)},
			{},
			{"Origin": site, "Sec-Fetch-Site": "cross-site"},
			{"Origin": site, "Sec-Fetch-Site": "same-site"},
			{"Sec-Fetch-Site": "same-site"},
			{"Sec-Fetch-Site": "none"},
			{"Origin": "null", "Sec-Fetch-Site": "cross-site"},
			{"Referer": site + "/login"},
		} {
			r := ada.request(http.MethodPost, route.Path, strings.NewReader("name=x"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Del("Origin")
			for name, value := range headers {
				r.Header.Set(name, value)
			}
			page, err := ada.send(r)
			if err != nil {
				t.Fatal(err)
			}
			if page.status != http.StatusForbidden {
				t.Errorf("%s %s with %v: %d", scheme, route.Path, headers, page.status)
			}
		}
	}
	ada.get("/dashboard").is(t, 200)
}

// A page without a referrer makes browsers send "null"; Sec-Fetch-Site then says that it was a page of this site.
func TestAFormOnAPageWithoutAReferrerIsOneOfOurs(t *testing.T) {
	s := newStage(t)
	ada := s.visitor()
	r := ada.request(http.MethodPost, "/password/forgot", strings.NewReader("email=ada@example.com"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "null")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	page, err := ada.send(r)
	if err != nil {
		t.Fatal(err)
	}
	page.redirects(t, "/password/forgot/sent")
}

// Design: identity, tables and mail know nothing of the web framework, and each outside library has one owner.
func TestLawImportsRunOneWay(t *testing.T) {
	const app = "example.com/gatehouse/"
	owners := map[string][]string{
		"github.com/labstack/echo": {"handlers", "middleware"},
		"github.com/gorilla/":      {"session"},
		"golang.org/x/crypto/":     {"auth"},
		"gorm.io/gorm":             {"app", "auth", "cli", "models", "mail", "handlers"},
		"github.com/wneessen/":     {"mail"},
		"github.com/go-webauthn/":  {"auth"}, // feature:passkeys
		app + "app":                {"cli"},
		app + "cli":                {"."},
		app + "handlers":           {"cli"},
		app + "views":              {"handlers", "views"},
		app + "middleware":         {"handlers"},
		app + "session":            {"handlers", "middleware"},
		app + "auth":               {"app", "auth", "cli", "handlers", "middleware"},
		app + "seal":               {"auth", "mail"},
	}
	eachSource(t, func(path string, file *ast.File) {
		if strings.HasPrefix(path, "models/modelstest/") || strings.HasPrefix(path, "mail/mailtest/") {
			return // which are of tests
		}
		folder, _, nested := strings.Cut(path, "/")
		if !nested {
			folder = "."
		}
		for _, spec := range file.Imports {
			for library, allowed := range owners {
				if strings.HasPrefix(strings.Trim(spec.Path.Value, `"`), library) && !slices.Contains(allowed, folder) {
					t.Errorf("%s imports %s, which belongs to %v", path, spec.Path.Value, allowed)
				}
			}
		}
	})
}

// The cost of a hash is all that stands between a stolen database and its
// passwords, so only tests may choose it.
func TestLaw_OnlyTestsHashCheaply(t *testing.T) {
	made := 0
	eachSource(t, func(path string, file *ast.File) {
		if strings.HasPrefix(path, "apptest/") { // for tests alone
			return
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if name, is := node.(*ast.Ident); is && name.Name == "Cheap" {
				if path != "auth/hash/hash.go" {
					t.Errorf("%s uses hash.Cheap, want hash.Default", path)
				}
				made++
			}
			if use, is := node.(*ast.SelectorExpr); is && fmt.Sprint(use.X) == "hash" && slices.Contains([]string{"Params", "Cost"}, use.Sel.Name) {
				t.Errorf("%s uses hash.%s, want hash.Default", path, use.Sel.Name)
			}
			return true
		})
	})
	if made != 1 {
		t.Errorf("got %d mentions of Cheap, want its declaration alone", made)
	}
}

// Item 38: what one header allows another does not: several origins, or another name for the host.
func TestItem38AnOriginIsProvenOnceAndForThisHost(t *testing.T) {
	s := newStage(t, func(c *config.Config) { c.AppURL.Scheme, c.Production = "https", true })
	site := s.config.AppURL.String()
	for _, claim := range []struct {
		origins []string
		host    string
		want    int
	}{
		{[]string{site}, s.config.AppURL.Host, 422},
		{[]string{site, site}, s.config.AppURL.Host, 403},
		{[]string{"null"}, s.config.AppURL.Host, 422},
		{[]string{"null"}, "evil.example", 403},
		{nil, "evil.example", 403},
		{[]string{"http://evil.example"}, "evil.example", 403},
		{[]string{"https://evil.example"}, "evil.example", 403},
	} {
		r := s.visitor().request(http.MethodPost, "/login", strings.NewReader("email=x"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header["Origin"], r.Host = claim.origins, claim.host
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		page, err := s.visitor().send(r)
		if err != nil {
			t.Fatal(err)
		}
		if page.status != claim.want {
			t.Errorf("%q to %s: %d, not %d", claim.origins, claim.host, page.status, claim.want)
		}
	}
}

func TestInDevelopmentAPhoneOnTheLocalNetworkUsesTheSite(t *testing.T) {
	s := newStage(t)
	phone := s.visitor()
	phone.origin = "http://192.168.1.7:3000"
	for method, want := range map[string]int{http.MethodPost: 422, http.MethodGet: 200} {
		r := phone.request(method, "/login", strings.NewReader("email=x"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Host = "192.168.1.7:3000"
		page, err := phone.send(r)
		if err != nil {
			t.Fatal(err)
		}
		page.is(t, want)
	}
}

// localNetwork is a browser's way to a site at an address of the local network, over http: it sends no Sec-Fetch-Site, and calls pages
// without a referrer "null".
type localNetwork struct {
	http.RoundTripper
	policy string // of the page that is open
}

func (n *localNetwork) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Host = "192.168.1.7:3000"
	if r.Method == http.MethodPost {
		r.Header.Set("Origin", map[bool]string{true: "null", false: "http://" + r.Host}[n.policy == "no-referrer"])
	}
	answer, err := n.RoundTripper.RoundTrip(r)
	if err == nil {
		n.policy = answer.Header.Get("Referrer-Policy")
	}
	return answer, err
}

func TestInDevelopmentAPhoneOnTheLocalNetworkConfirmsAndResets(t *testing.T) {
	s := newStage(t)
	ada := s.visitor()
	ada.client.Transport = &localNetwork{RoundTripper: ada.client.Transport}
	ada.signUp("Ada", "ada@example.com", goodPassword).redirects(t, "/dashboard").is(t, 200)
	ada.post("/password/forgot", "email", "ada@example.com").redirects(t, "/password/forgot/sent")
	ada.get(ada.mail().Link).submit("password", otherPassword).is(t, 303)
}

func TestItem23InProductionTheReferrerIsHiddenFromEverySide(t *testing.T) {
	s := newStage(t, func(c *config.Config) { c.AppURL.Scheme, c.Production = "https", true })
	ada := s.visitor()
	ada.client.Transport = &localNetwork{RoundTripper: ada.client.Transport}
	if policy := ada.get("/password/reset?token=x").header.Get("Referrer-Policy"); policy != "no-referrer" {
		t.Errorf("Referrer-Policy is %q", policy)
	}
	ada.post("/password/reset", "token", "x", "password", otherPassword).is(t, 403)
}

func TestAProxyThatKeepsTheHostToItselfIsToldToPassItOn(t *testing.T) {
	s := newStage(t, func(c *config.Config) { c.AppURL.Scheme, c.Production = "https", true })
	for range 2 {
		r := s.visitor().request(http.MethodPost, "/login", strings.NewReader("email=x"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Host = "127.0.0.1:3000"
		page, err := s.visitor().send(r)
		if err != nil {
			t.Fatal(err)
		}
		page.is(t, 422)
	}
	if log := s.log.String(); strings.Count(log, "ProxyPreserveHost On") != 1 || !strings.Contains(log, `"host":"127.0.0.1:3000"`) {
		t.Errorf("the log says:\n%s", log)
	}
}

func TestInDevelopmentEveryNameOfThisMachineLeadsToOne(t *testing.T) {
	s := newStage(t)
	r := s.visitor().request(http.MethodGet, "/login?next=%2Faccount", nil)
	r.Host = "127.0.0.1:" + s.config.AppURL.Port()
	page, err := s.visitor().send(r)
	if err != nil {
		t.Fatal(err)
	}
	if to := page.is(t, 307).header.Get("Location"); to != s.config.AppURL.String()+"/login?next=%2Faccount" {
		t.Errorf("127.0.0.1 leads to %s", to)
	}
}

// Item 9: password managers know every field for a password or a code, and nothing keeps anybody from pasting.
func TestItem9EverySecretFieldIsOneToAPasswordManager(t *testing.T) {
	fields := 0
	everyPage(t, func(_ string, page *page) {
		for _, n := range page.all("input") {
			name, fill, secret := attribute(n, "name"), attribute(n, "autocomplete"), attribute(n, "type") == "password"
			code := name == "code" || name == "answer" && attribute(n, "inputmode") == "numeric"
			if secret && fill != "current-password" && fill != "new-password" || code && fill != "one-time-code" {
				t.Errorf("%s: %s is filled as %q", page.path, name, fill)
			}
			if secret {
				fields++
			}
			if attribute(n, "onpaste") != "" || (secret || code) && attribute(n, "maxlength") != "" {
				t.Errorf("%s: %s keeps people from pasting", page.path, name)
			}
		}
	})
	if fields < 4 {
		t.Errorf("only %d password fields were seen", fields)
	}
}

// Item 35: the way out is on every page of the logged in, and no address is a way in.
func TestItem35EveryPageHasAWayOutAndNoLinkIsAWayIn(t *testing.T) {
	everyPage(t, func(guard string, page *page) {
		out := slices.ContainsFunc(page.all("form"), func(n *html.Node) bool {
			return attribute(n, "action") == "/logout" && attribute(n, "method") == "post"
		})
		if guard == "logged in" && page.isHTML() && !out {
			t.Errorf("%s has no way out", page.path)
		}
		if guard == "logged out" {
			page.p.get("/login?email=ada%40example.com&password="+url.QueryEscape(goodPassword)).is(t, 200)
			page.p.get("/dashboard").is(t, 303)
		}
	})
}
