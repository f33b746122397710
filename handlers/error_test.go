package handlers_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
	"gorm.io/gorm"

	core "example.com/gatehouse/app"
	"example.com/gatehouse/apptest"
	"example.com/gatehouse/models"
)

// Item 40: on every answer, errors included.
func TestItem40EveryAnswerCarriesTheHeadersThatProtectIt(t *testing.T) {
	app := apptest.New(t, func(app *apptest.App) { app.Config.AppURL.Scheme = "https" })
	ada := app.LoggedIn("ada@example.com")
	css := ""
	for _, link := range ada.Get("/").All("link") {
		if apptest.Attr(link, "rel") == "stylesheet" {
			css = apptest.Attr(link, "href")
		}
	}
	foreign := app.Browser()
	foreign.Origin = "https://evil.example"
	for _, page := range []*apptest.Page{
		ada.Get("/"), ada.Get("/dashboard"), ada.Get("/-nothing"), ada.Get("/login"), ada.Get(css), ada.Get("/healthz"), foreign.Post("/login"),
		ada.Post("/account/sessions/end", "id", "x"), app.Browser().Post("/login"), ada.Get("/email/confirm?token=x"),
	} {
		for name, want := range map[string]string{
			"Strict-Transport-Security": "max-age=63072000; includeSubDomains", "X-Content-Type-Options": "nosniff",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "X-Frame-Options": "DENY",
			"Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
		} {
			if got := page.Header.Get(name); got != want {
				t.Errorf("%s (%d): %s is %q", page.Path, page.Status, name, got)
			}
		}
		policy := page.Header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"} {
			if !slices.Contains(strings.Split(policy, "; "), part) {
				t.Errorf("%s (%d): the policy is %q, without %s", page.Path, page.Status, policy, part)
			}
		}
		for part := range strings.SplitSeq(policy, "; ") {
			if _, sources, _ := strings.Cut(part, " "); sources != "'self'" && sources != "'none'" {
				t.Errorf("%s (%d): the policy allows %s", page.Path, page.Status, part)
			}
		}
		want := "same-origin"
		if page.Path == "/email/confirm" {
			want = "no-referrer"
		}
		if got := page.Header.Get("Referrer-Policy"); got != want {
			t.Errorf("%s: Referrer-Policy is %q", page.Path, got)
		}
		if cache := page.Header.Get("Cache-Control"); cache != "no-store" && page.Path != css { // item 37
			t.Errorf("%s (%d): Cache-Control is %q", page.Path, page.Status, cache)
		}
		if kind := page.Header.Get("Content-Type"); kind != "" && !strings.Contains(strings.ToLower(kind), "charset=utf-8") { // item 42
			t.Errorf("%s (%d): Content-Type is %q", page.Path, page.Status, kind)
		}
		for _, name := range []string{"Server", "X-Powered-By", "Access-Control-Allow-Origin"} {
			if page.Header.Get(name) != "" {
				t.Errorf("%s: %s is %q", page.Path, name, page.Header.Get(name))
			}
		}
	}
}

func TestNoPageHasInlineScriptsOrStyles(t *testing.T) {
	site().EachPage(t, func(_ string, page *apptest.Page) {
		if strings.HasSuffix(page.Path, "/html") {
			return // a mail, with a policy of its own
		}
		for n := range page.Document().Descendants() {
			if n.Data == "style" || n.Data == "script" && apptest.Attr(n, "src") == "" {
				t.Errorf("%s has an inline <%s>", page.Path, n.Data)
			}
			for _, a := range n.Attr {
				if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
					t.Errorf("%s has <%s %s>", page.Path, n.Data, a.Key)
				}
			}
		}
	})
}

// Item 69: announced or not, more than a megabyte is refused.
func TestItem69ABodyOverAMegabyteIs413(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	large := "name=" + strings.Repeat("x", 1<<20)
	for _, body := range []io.Reader{strings.NewReader(large), io.MultiReader(strings.NewReader(large))} { // the second is chunked
		r := ada.Request(http.MethodPost, "/account", body)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		page, err := ada.Send(r)
		if err != nil {
			t.Fatal(err)
		}
		page.WantStatus(t, http.StatusRequestEntityTooLarge).WantText(t, "too large")
	}
}

// Item 69: as one of several parts it is no smaller.
func TestItem69AMultipartBodyOverAMegabyteIs413(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	body.WriteString(strings.Repeat("a preamble that goes on and on\r\n", 40_000)) // where the reader looks for the first part
	form.WriteField("name", "Ada")
	form.Close()
	r := ada.Request(http.MethodPost, "/account", io.MultiReader(&body)) // chunked, so that its length is not announced
	r.Header.Set("Content-Type", form.FormDataContentType())
	page, err := ada.Send(r)
	if err != nil {
		t.Fatal(err)
	}
	page.WantStatus(t, http.StatusRequestEntityTooLarge)
}

func TestAMultipartFormIsAForm(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	form.WriteField("name", "Countess")
	form.Close()
	r := ada.Request(http.MethodPost, "/account", &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	page, err := ada.Send(r)
	if err != nil {
		t.Fatal(err)
	}
	page.WantRedirect(t, "/account").WantText(t, "Countess")
}

// Item 43: what went wrong inside is for the log.
func TestItem43AFaultInsideIsA500ThatTellsNothing(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	if err := app.DB.Exec("ALTER TABLE sessions RENAME TO gone").Error; err != nil {
		t.Fatal(err)
	}
	page := ada.Get("/account/sessions").WantStatus(t, 500).WantText(t, "on our side")
	page.WantNoText(t, "sessions", "SQL", "no such table", "relation", "goroutine")
	if !strings.Contains(app.Log.String(), "request failed") {
		t.Error("the log does not tell")
	}
}

// Item 42: unknown methods are refused.
func TestItem42UnknownMethodsAreRefused(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	for _, method := range []string{http.MethodTrace, http.MethodPut, http.MethodDelete, http.MethodPatch, "FOO"} {
		if page := ada.Do(method, "/account", nil); page.Status < 400 || page.Status >= 500 {
			t.Errorf("%s /account is %d", method, page.Status)
		}
	}
}

func TestReadyzTellsWhetherTheDatabaseAnswersAndIsMigrated(t *testing.T) {
	app := apptest.New(t)
	app.Browser().Get("/readyz").WantStatus(t, 200)
	if err := app.DB.Exec("DELETE FROM goose_db_version WHERE version_id = (SELECT max(version_id) FROM goose_db_version)").Error; err != nil {
		t.Fatal(err)
	}
	app.Clock.Advance(time.Second)
	app.Browser().Get("/readyz").WantStatus(t, 503)
	if err := models.Close(app.DB); err != nil {
		t.Fatal(err)
	}
	app.Clock.Advance(time.Second)
	app.Browser().Get("/readyz").WantStatus(t, 503)
	app.Browser().Get("/healthz").WantStatus(t, 200)
}

// Readiness reports that mail is delayed, and stays: without mail the server
// still serves logged-in users.
func TestReadyz_TellsThatMailIsDelayed(t *testing.T) {
	app := apptest.New(t)
	app.Browser().Get("/readyz").WantStatus(t, 200).WantNoText(t, "delayed")
	app.Mailbox.Stop()
	app.Browser().Post("/password/forgot", "email", app.LoggedOut("ada@example.com").Email)
	for range 500 {
		if app.Outbox.Trouble() != nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	app.Browser().Get("/readyz").WantStatus(t, 200).WantText(t, "mail is delayed")
	app.LocalBrowser().Get("/dev/mail").WantText(t, "Mail is delayed")
	app.Mailbox.Start()
	app.Clock.Advance(time.Minute)
	app.Outbox.Wake()
	app.WaitForMail()
	app.Browser().Get("/readyz").WantStatus(t, 200).WantNoText(t, "delayed")
	app.LocalBrowser().Get("/dev/mail").WantNoText(t, "Mail is delayed")
}

func TestTheDevelopmentMailboxIsNotThereInProduction(t *testing.T) {
	app := apptest.New(t, func(app *apptest.App) { app.Config.Production = true })
	app.LocalBrowser().Get("/dev/mail").WantStatus(t, 404)
}

// Hashes are few at a time, those who wait for one are not many, and everybody else is answered meanwhile.
func TestAFloodOfLogInsIsShedWithA503(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada := app.LoggedOut("ada@example.com")
	slow, err := bcrypt.GenerateFromPassword([]byte(apptest.Password), 8) // an imported one, that takes its time
	if err != nil {
		t.Fatal(err)
	}
	app.Exec("UPDATE users SET password_hash = ?", string(slow))
	slots := max(1, runtime.GOMAXPROCS(0)-1)
	statuses, left := make([]int, 65*slots+20), atomic.Int32{}
	left.Store(int32(len(statuses)))
	apptest.AtOnce(len(statuses)+1, func(i int) {
		if i == len(statuses) {
			if page, err := app.Browser().Try(http.MethodGet, "/password/forgot", nil); err != nil || page.Status != 200 || left.Load() == 0 {
				t.Errorf("a page had to wait for the last of the flood (%v)", err)
			}
			return
		}
		page, err := ada.Try(http.MethodPost, "/login", url.Values{"email": {ada.Email}, "password": {"wrong wrong wrong wrong"}})
		if err != nil {
			t.Error(err)
			return
		}
		left.Add(-1)
		if statuses[i] = page.Status; page.Status == 503 && page.Header.Get("Retry-After") != "5" {
			t.Errorf("a 503 says to come back after %q", page.Header.Get("Retry-After"))
		}
	})
	counts := map[int]int{}
	for _, status := range statuses {
		counts[status]++
	}
	if counts[503] == 0 || counts[422] == 0 || counts[503]+counts[422] != len(statuses) {
		t.Errorf("the answers were %v", counts)
	}
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
}

// Item 43: a fault in one page ends that page.
func TestItem43APanicIsA500AndALineInTheLog(t *testing.T) {
	app := apptest.New(t)
	// Without a database, asking whether it is ready is a nil pointer.
	broken := core.Core{Config: app.Config, Auth: app.Auth, Outbox: app.Outbox, Now: app.Clock.Now,
		Log: slog.New(slog.NewJSONHandler(app.Log, nil))}
	app.Server.Config.Handler, _ = broken.Site()
	page := app.Browser().Get("/readyz").WantStatus(t, 500).WantText(t, "on our side").
		WantNoText(t, "panic", "nil pointer", ".go:")
	if log := app.Log.String(); !strings.Contains(log, "nil pointer") || page.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the log does not tell: %s", log)
	}
}

// Item 29: a request is one line of the log, which names the route: addresses carry tokens.
func TestItem29TheLogNamesRoutesAndNotAddresses(t *testing.T) {
	app := apptest.New(t)
	ada := app.Browser()
	ada.Get("/email/confirm?token=hidden").WantStatus(t, 410)
	ada.Get("/-nothing/hidden").WantStatus(t, 404)
	log := app.Log.String()
	if strings.Contains(log, "hidden") || !strings.Contains(log, `"route":"/email/confirm","status":410`) || !strings.Contains(log, `"ip":"`+ada.IP) {
		t.Error(log)
	}
}

// Item 29: a session is proven by its cookie and by nothing in an address.
func TestItem29ATokenInAnAddressSignsNobodyIn(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	for _, name := range []string{"session", app.CookieName("session"), "__Host-session", "token"} {
		for _, token := range []string{ada.Cookie("session"), apptest.CookieValue(ada.Cookie("session"))} {
			app.Browser().Get("/dashboard?"+url.Values{name: {token}}.Encode()).WantStatus(t, 303)
		}
	}
	for _, path := range []string{"/dashboard", "/account", "/account/sessions"} {
		ada.Get(path).WantNoText(t, ada.Cookie("session"), apptest.CookieValue(ada.Cookie("session")))
	}
}

func TestAMailInTheDevelopmentMailboxCanDoNothing(t *testing.T) {
	seen := 0
	site().EachPage(t, func(_ string, page *apptest.Page) {
		if !strings.HasSuffix(page.Path, "/html") {
			return
		}
		seen++
		policy := page.Header.Get("Content-Security-Policy")
		if strings.Contains(policy, "script") || !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'self'") ||
			page.Header.Get("X-Frame-Options") != "SAMEORIGIN" || !strings.Contains(page.Body, `<base target="_blank">`) {
			t.Errorf("%s has the policy %q and %q", page.Path, policy, page.Header.Get("X-Frame-Options"))
		}
	})
	if seen == 0 {
		t.Error("no mail was shown")
	}
}

// Anyone can hang up, and must not be able to fill the log with errors by it.
func TestHangingUpIsNoErrorOfOurs(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada := app.LoggedOut("ada@example.com")
	ctx, hangUp := context.WithCancel(t.Context())
	const name = "hanging up"
	err := app.DB.Callback().Query().Before("gorm:query").Register(name, func(db *gorm.DB) {
		hangUp()
		select { // until the server has noticed
		case <-db.Statement.Context.Done():
		case <-time.After(10 * time.Second):
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	r := ada.Request(http.MethodPost, "/login", strings.NewReader("email=ada@example.com&password=wrong+wrong+wrong")).
		WithContext(ctx)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if page, err := ada.Send(r); err == nil {
		t.Fatalf("it is answered %d", page.Status)
	}
	// Who has hung up does not see when the server is done.
	for late := time.Now().Add(10 * time.Second); !strings.Contains(app.Log.String(), `"status":499`) && time.Now().Before(late); {
		time.Sleep(time.Millisecond)
	}
	if err := app.DB.Callback().Query().Remove(name); err != nil {
		t.Fatal(err)
	}
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
	if log := app.Log.String(); strings.Contains(log, `"level":"ERROR"`) || !strings.Contains(log, `"status":499`) {
		t.Errorf("the log has errors, or nobody who hung up:\n%s", log)
	}
}
