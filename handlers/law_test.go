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

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/web"
)

// What is counted and not told fails the test that sees it, whichever it is (see apptest); this is the other half.
func TestLawEveryLimitOnARoutesLineIsCountedThere(t *testing.T) {
	app := apptest.New(t, allSteps()...)
	newcomer, ada := app.Browser(), app.LoggedIn("ada@example.com")
	newcomer.Email = "new@example.com"
	newcomer.Post("/register", "name", "New", "email", newcomer.Email, "password", apptest.Password)
	newcomer.Mail()
	newcomer.Post("/register/resend")
	app.Browser().Get(newcomer.Mail().Link).Submit("password", apptest.OtherPassword)
	newcomer.Post("/register/correct", "email", "newer@example.com")
	newcomer.Post("/login", "email", ada.Email, "password", apptest.OtherPassword)
	app.BrowserOf(ada.Email).Login(apptest.Password)
	newcomer.Post("/password/forgot", "email", ada.Email)
	newcomer.Post("/password/reset", "token", "dead", "password", apptest.OtherPassword)
	ada.Post("/account/security", "current_password", apptest.OtherPassword, "password", apptest.OtherPassword)
	ada.Post("/account/prove", "factor", "password", "answer", apptest.OtherPassword)
	newcomer.Post("/security-alert", "token", "dead")
	ada.Post("/account/export")
	atTerms(app, "barbara@example.com").Post("/login/terms/export") // feature:terms
	newcomer.Post("/account-recovery", "token", "dead")
	newcomer.Post("/login/mail", "email", ada.Email)       // feature:mail_login
	newcomer.Post("/login/mail/sent", "code", "AAAA-AAAA") // feature:mail_login
	newcomer.Post("/login/mail/confirm", "token", "dead")  // feature:mail_login
	alan := app.LoggedIn("alan@example.com")               // feature:mail_login
	alan.Post("/logout")                                   // feature:mail_login
	alan.Post("/login/mail", "email", alan.Email)          // feature:mail_login
	ada.Get("/account/totp/new").Submit("code", "000000")  // feature:totp
	newcomer.Post("/login/passkey/options")                // feature:passkeys
	newcomer.Post("/login/passkey", "assertion", "{}")     // feature:passkeys
	ada.Post("/account/prove/options")                     // feature:passkeys
	ada.Post("/account/passkeys/new/options")              // feature:passkeys
	newcomer.Post("/account/restore", "token", "dead")
	edsger := app.LoggedIn("edsger@example.com")
	edsger.Post("/account/delete", "confirmation", edsger.Email)
	atTerms(app, "tony@example.com").Post("/login/terms/delete", "confirmation", "tony@example.com") // feature:terms
	newcomer.Post("/email/change", "token", "dead")
	newcomer.Post("/email/undo", "token", "dead")
	ada.Post("/account/email", "email", "ada@example.org")
	if len(secondFactors()) > 0 {
		grace, factor := atSecondFactor(app, "grace@example.com")
		grace.Post("/login/factor", "factor", factor.Kind(), "answer", "000000")
		grace.Post("/login/factor/options") // feature:passkeys
	}
	changer := app.LoggedIn("changer@example.com")
	for _, route := range app.Routes {
		if countsChanges(route.Limits) {
			changer.Post(route.Path)
		}
	}
	for _, route := range app.Routes {
		if route.Guard == "needs a second factor" && len(secondFactors()) == 0 {
			continue
		}
		for _, rule := range route.Limits {
			if !app.Counted(route.Method, route.Path, rule.Name) {
				t.Errorf("%s %s says that it counts under %s, and does not", route.Method, route.Path, rule.Name)
			}
		}
	}
}

func TestLawUnknownAddressesAre404ForEveryone(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	// Item 37: /account/x.css is what a cache would keep.
	for _, path := range []string{
		"/-nothing", "/account/x.css", "/dashboard/x", "/login/x", "/assets/", "/assets/nothing.css", "/.git/config",
		"/.env", "/debug/pprof/", "/metrics", "//", "/admin", "/%2e%2e/etc/passwd",
	} {
		if slices.ContainsFunc(app.Routes, func(r web.Route) bool { return r.Path == path }) {
			continue // a page of the product's own
		}
		ada.Get(path).WantStatus(t, 404)
		app.Browser().Get(path).WantStatus(t, 404)
	}
}

// A page without a referrer makes browsers send "null"; Sec-Fetch-Site then says that it was a page of this site.
func TestAFormOnAPageWithoutAReferrerIsOneOfOurs(t *testing.T) {
	app := apptest.New(t)
	ada := app.Browser()
	r := ada.Request(http.MethodPost, "/password/forgot", strings.NewReader("email=ada@example.com"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "null")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	page, err := ada.Send(r)
	if err != nil {
		t.Fatal(err)
	}
	page.WantRedirect(t, "/password/forgot/sent")
}

// Design: identity, tables and mail know nothing of the web framework, and each outside library has one owner.
func TestLawImportsRunOneWay(t *testing.T) {
	const app = "example.com/gatehouse/"
	owners := map[string][]string{
		"github.com/labstack/echo": {"handlers", "middleware", "web"},
		"github.com/gorilla/":      {"session"},
		"golang.org/x/crypto/":     {"auth"},
		"gorm.io/gorm":             {"app", "auth", "cli", "models", "mail", "handlers", "web"},
		"github.com/wneessen/":     {"mail"},
		"github.com/go-webauthn/":  {"auth"}, // feature:passkeys
		app + "app":                {".", "cli"},
		app + "apptest":            {}, // tests alone
		app + "cli":                {"."},
		app + "handlers":           {"app"},
		app + "web":                {"app", "cli", "handlers"},
		app + "views":              {"app", "handlers", "views", "web"},
		app + "middleware":         {"handlers", "web"},
		app + "session":            {"handlers", "middleware", "web"},
		app + "auth":               {"app", "auth", "cli", "handlers", "middleware", "web"},
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
	app := apptest.New(t, func(app *apptest.App) { app.Config.AppURL.Scheme, app.Config.Production = "https", true })
	site := app.Config.AppURL.String()
	for _, claim := range []struct {
		origins []string
		host    string
		want    int
	}{
		{[]string{site}, app.Config.AppURL.Host, 422},
		{[]string{site, site}, app.Config.AppURL.Host, 403},
		{[]string{"null"}, app.Config.AppURL.Host, 422},
		{[]string{"null"}, "evil.example", 403},
		{nil, "evil.example", 403},
		{[]string{"http://evil.example"}, "evil.example", 403},
		{[]string{"https://evil.example"}, "evil.example", 403},
	} {
		r := app.Browser().Request(http.MethodPost, "/login", strings.NewReader("email=x"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header["Origin"], r.Host = claim.origins, claim.host
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		page, err := app.Browser().Send(r)
		if err != nil {
			t.Fatal(err)
		}
		if page.Status != claim.want {
			t.Errorf("%q to %s: %d, not %d", claim.origins, claim.host, page.Status, claim.want)
		}
	}
}

func TestInDevelopmentAPhoneOnTheLocalNetworkUsesTheSite(t *testing.T) {
	app := apptest.New(t)
	phone := app.Browser()
	phone.Origin = "http://192.168.1.7:3000"
	for method, want := range map[string]int{http.MethodPost: 422, http.MethodGet: 200} {
		r := phone.Request(method, "/login", strings.NewReader("email=x"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Host = "192.168.1.7:3000"
		page, err := phone.Send(r)
		if err != nil {
			t.Fatal(err)
		}
		page.WantStatus(t, want)
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
	app := apptest.New(t)
	ada := app.Browser()
	ada.Client.Transport = &localNetwork{RoundTripper: ada.Client.Transport}
	ada.SignUp("Ada", "ada@example.com", apptest.Password).WantRedirect(t, "/dashboard").WantStatus(t, 200)
	ada.Post("/password/forgot", "email", "ada@example.com").WantRedirect(t, "/password/forgot/sent")
	ada.Get(ada.Mail().Link).Submit("password", apptest.OtherPassword).WantStatus(t, 303)
}

func TestItem23InProductionTheReferrerIsHiddenFromEverySide(t *testing.T) {
	app := apptest.New(t, func(app *apptest.App) { app.Config.AppURL.Scheme, app.Config.Production = "https", true })
	ada := app.Browser()
	ada.Client.Transport = &localNetwork{RoundTripper: ada.Client.Transport}
	if policy := ada.Get("/password/reset?token=x").Header.Get("Referrer-Policy"); policy != "no-referrer" {
		t.Errorf("Referrer-Policy is %q", policy)
	}
	ada.Post("/password/reset", "token", "x", "password", apptest.OtherPassword).WantStatus(t, 403)
}

func TestAProxyThatKeepsTheHostToItselfIsToldToPassItOn(t *testing.T) {
	app := apptest.New(t, func(app *apptest.App) { app.Config.AppURL.Scheme, app.Config.Production = "https", true })
	for range 2 {
		r := app.Browser().Request(http.MethodPost, "/login", strings.NewReader("email=x"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Host = "127.0.0.1:3000"
		page, err := app.Browser().Send(r)
		if err != nil {
			t.Fatal(err)
		}
		page.WantStatus(t, 422)
	}
	if log := app.Log.String(); strings.Count(log, "ProxyPreserveHost On") != 1 || !strings.Contains(log, `"host":"127.0.0.1:3000"`) {
		t.Errorf("the log says:\n%s", log)
	}
}

func TestInDevelopmentEveryNameOfThisMachineLeadsToOne(t *testing.T) {
	app := apptest.New(t)
	r := app.Browser().Request(http.MethodGet, "/login?next=%2Faccount", nil)
	r.Host = "127.0.0.1:" + app.Config.AppURL.Port()
	page, err := app.Browser().Send(r)
	if err != nil {
		t.Fatal(err)
	}
	if to := page.WantStatus(t, 307).Header.Get("Location"); to != app.Config.AppURL.String()+"/login?next=%2Faccount" {
		t.Errorf("127.0.0.1 leads to %s", to)
	}
}

// Item 9: password managers know every field for a password or a code, and nothing keeps anybody from pasting.
func TestItem9EverySecretFieldIsOneToAPasswordManager(t *testing.T) {
	fields := 0
	site().EachPage(t, func(_ string, page *apptest.Page) {
		for _, n := range page.All("input") {
			name, fill, secret := apptest.Attr(n, "name"), apptest.Attr(n, "autocomplete"), apptest.Attr(n, "type") == "password"
			code := name == "code" || name == "answer" && apptest.Attr(n, "inputmode") == "numeric"
			if secret && fill != "current-password" && fill != "new-password" || code && fill != "one-time-code" {
				t.Errorf("%s: %s is filled as %q", page.Path, name, fill)
			}
			if secret {
				fields++
			}
			if apptest.Attr(n, "onpaste") != "" || (secret || code) && apptest.Attr(n, "maxlength") != "" {
				t.Errorf("%s: %s keeps people from pasting", page.Path, name)
			}
		}
	})
	if fields < 4 {
		t.Errorf("only %d password fields were seen", fields)
	}
}

// Item 35: the way out is on every page of the logged in, and no address is a way in.
func TestItem35EveryPageHasAWayOutAndNoLinkIsAWayIn(t *testing.T) {
	site().EachPage(t, func(guard string, page *apptest.Page) {
		out := slices.ContainsFunc(page.All("form"), func(n *html.Node) bool {
			return apptest.Attr(n, "action") == "/logout" && apptest.Attr(n, "method") == "post"
		})
		if guard == "logged in" && page.IsHTML() && !out {
			t.Errorf("%s has no way out", page.Path)
		}
		if guard == "logged out" {
			page.Browser.Get("/login?email=ada%40example.com&password="+url.QueryEscape(apptest.Password)).
				WantStatus(t, 200)
			page.Browser.Get("/dashboard").WantStatus(t, 303)
		}
	})
}
