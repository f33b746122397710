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

	"example.com/gatehouse/config"
	"example.com/gatehouse/handlers"
	"example.com/gatehouse/models"
)

// Item 40: on every answer, errors included.
func TestItem40EveryAnswerCarriesTheHeadersThatProtectIt(t *testing.T) {
	s := newStage(t, func(c *config.Config) { c.AppURL.Scheme = "https" })
	ada := s.member("ada@example.com")
	css := ""
	for _, link := range ada.get("/").all("link") {
		if attribute(link, "rel") == "stylesheet" {
			css = attribute(link, "href")
		}
	}
	foreign := s.visitor()
	foreign.origin = "https://evil.example"
	for _, page := range []*page{
		ada.get("/"), ada.get("/dashboard"), ada.get("/-nothing"), ada.get("/login"), ada.get(css), ada.get("/healthz"), foreign.post("/login"),
		ada.post("/account/sessions/end", "id", "x"), s.visitor().post("/login"), ada.get("/email/confirm?token=x"),
	} {
		for name, want := range map[string]string{
			"Strict-Transport-Security": "max-age=63072000; includeSubDomains", "X-Content-Type-Options": "nosniff",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "X-Frame-Options": "DENY",
			"Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
		} {
			if got := page.header.Get(name); got != want {
				t.Errorf("%s (%d): %s is %q", page.path, page.status, name, got)
			}
		}
		policy := page.header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"} {
			if !slices.Contains(strings.Split(policy, "; "), part) {
				t.Errorf("%s (%d): the policy is %q, without %s", page.path, page.status, policy, part)
			}
		}
		for part := range strings.SplitSeq(policy, "; ") {
			if _, sources, _ := strings.Cut(part, " "); sources != "'self'" && sources != "'none'" {
				t.Errorf("%s (%d): the policy allows %s", page.path, page.status, part)
			}
		}
		want := "same-origin"
		if page.path == "/email/confirm" {
			want = "no-referrer"
		}
		if got := page.header.Get("Referrer-Policy"); got != want {
			t.Errorf("%s: Referrer-Policy is %q", page.path, got)
		}
		if cache := page.header.Get("Cache-Control"); cache != "no-store" && page.path != css { // item 37
			t.Errorf("%s (%d): Cache-Control is %q", page.path, page.status, cache)
		}
		if kind := page.header.Get("Content-Type"); kind != "" && !strings.Contains(strings.ToLower(kind), "charset=utf-8") { // item 42
			t.Errorf("%s (%d): Content-Type is %q", page.path, page.status, kind)
		}
		for _, name := range []string{"Server", "X-Powered-By", "Access-Control-Allow-Origin"} {
			if page.header.Get(name) != "" {
				t.Errorf("%s: %s is %q", page.path, name, page.header.Get(name))
			}
		}
	}
}

func TestNoPageHasInlineScriptsOrStyles(t *testing.T) {
	everyPage(t, func(_ string, page *page) {
		if strings.HasSuffix(page.path, "/html") {
			return // a mail, with a policy of its own
		}
		for n := range page.document().Descendants() {
			if n.Data == "style" || n.Data == "script" && attribute(n, "src") == "" {
				t.Errorf("%s has an inline <%s>", page.path, n.Data)
			}
			for _, a := range n.Attr {
				if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
					t.Errorf("%s has <%s %s>", page.path, n.Data, a.Key)
				}
			}
		}
	})
}

// Item 69: announced or not, more than a megabyte is refused.
func TestItem69ABodyOverAMegabyteIs413(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	large := "name=" + strings.Repeat("x", 1<<20)
	for _, body := range []io.Reader{strings.NewReader(large), io.MultiReader(strings.NewReader(large))} { // the second is chunked
		r := ada.request(http.MethodPost, "/account", body)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		page, err := ada.send(r)
		if err != nil {
			t.Fatal(err)
		}
		page.is(t, http.StatusRequestEntityTooLarge).says(t, "too large")
	}
}

// Item 69: as one of several parts it is no smaller.
func TestItem69AMultipartBodyOverAMegabyteIs413(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	body.WriteString(strings.Repeat("a preamble that goes on and on\r\n", 40_000)) // where the reader looks for the first part
	form.WriteField("name", "Ada")
	form.Close()
	r := ada.request(http.MethodPost, "/account", io.MultiReader(&body)) // chunked, so that its length is not announced
	r.Header.Set("Content-Type", form.FormDataContentType())
	page, err := ada.send(r)
	if err != nil {
		t.Fatal(err)
	}
	page.is(t, http.StatusRequestEntityTooLarge)
}

func TestAMultipartFormIsAForm(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	form.WriteField("name", "Countess")
	form.Close()
	r := ada.request(http.MethodPost, "/account", &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	page, err := ada.send(r)
	if err != nil {
		t.Fatal(err)
	}
	page.redirects(t, "/account").says(t, "Countess")
}

// Item 43: what went wrong inside is for the log.
func TestItem43AFaultInsideIsA500ThatTellsNothing(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	if err := s.db.Exec("ALTER TABLE sessions RENAME TO gone").Error; err != nil {
		t.Fatal(err)
	}
	page := ada.get("/account/sessions").is(t, 500).says(t, "on our side")
	page.hides(t, "sessions", "SQL", "no such table", "relation", "goroutine")
	if !strings.Contains(s.log.String(), "request failed") {
		t.Error("the log does not tell")
	}
}

// Item 42: unknown methods are refused.
func TestItem42UnknownMethodsAreRefused(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	for _, method := range []string{http.MethodTrace, http.MethodPut, http.MethodDelete, http.MethodPatch, "FOO"} {
		if page := ada.do(method, "/account", nil); page.status < 400 || page.status >= 500 {
			t.Errorf("%s /account is %d", method, page.status)
		}
	}
}

func TestReadyzTellsWhetherTheDatabaseAnswersAndIsMigrated(t *testing.T) {
	s := newStage(t)
	s.visitor().get("/readyz").is(t, 200)
	if err := s.db.Exec("DELETE FROM goose_db_version WHERE version_id = (SELECT max(version_id) FROM goose_db_version)").Error; err != nil {
		t.Fatal(err)
	}
	s.clock.passes(time.Second)
	s.visitor().get("/readyz").is(t, 503)
	if err := models.Close(s.db); err != nil {
		t.Fatal(err)
	}
	s.clock.passes(time.Second)
	s.visitor().get("/readyz").is(t, 503)
	s.visitor().get("/healthz").is(t, 200)
}

// Readiness reports that mail is delayed, and stays: without mail the server
// still serves logged-in users.
func TestReadyz_TellsThatMailIsDelayed(t *testing.T) {
	s := newStage(t)
	s.visitor().get("/readyz").is(t, 200).hides(t, "delayed")
	s.mailbox.Stop()
	s.visitor().post("/password/forgot", "email", s.user("ada@example.com").email)
	for range 500 {
		if s.outbox.Trouble() != nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.visitor().get("/readyz").is(t, 200).says(t, "mail is delayed")
	s.developer().get("/dev/mail").says(t, "Mail is delayed")
	s.mailbox.Start()
	s.clock.passes(time.Minute)
	s.outbox.Wake()
	s.mailIsSent()
	s.visitor().get("/readyz").is(t, 200).hides(t, "delayed")
	s.developer().get("/dev/mail").hides(t, "Mail is delayed")
}

func TestTheDevelopmentMailboxIsNotThereInProduction(t *testing.T) {
	s := newStage(t, func(c *config.Config) { c.Production = true })
	s.developer().get("/dev/mail").is(t, 404)
}

// Hashes are few at a time, those who wait for one are not many, and everybody else is answered meanwhile.
func TestAFloodOfLogInsIsShedWithA503(t *testing.T) {
	s := newStage(t, noRateLimit)
	ada := s.user("ada@example.com")
	slow, err := bcrypt.GenerateFromPassword([]byte(goodPassword), 8) // an imported one, that takes its time
	if err != nil {
		t.Fatal(err)
	}
	s.exec("UPDATE users SET password_hash = ?", string(slow))
	slots := max(1, runtime.GOMAXPROCS(0)-1)
	statuses, left := make([]int, 65*slots+20), atomic.Int32{}
	left.Store(int32(len(statuses)))
	atOnce(len(statuses)+1, func(i int) {
		if i == len(statuses) {
			if page, err := s.visitor().try(http.MethodGet, "/password/forgot", nil); err != nil || page.status != 200 || left.Load() == 0 {
				t.Errorf("a page had to wait for the last of the flood (%v)", err)
			}
			return
		}
		page, err := ada.try(http.MethodPost, "/login", url.Values{"email": {ada.email}, "password": {"wrong wrong wrong wrong"}})
		if err != nil {
			t.Error(err)
			return
		}
		left.Add(-1)
		if statuses[i] = page.status; page.status == 503 && page.header.Get("Retry-After") != "5" {
			t.Errorf("a 503 says to come back after %q", page.header.Get("Retry-After"))
		}
	})
	counts := map[int]int{}
	for _, status := range statuses {
		counts[status]++
	}
	if counts[503] == 0 || counts[422] == 0 || counts[503]+counts[422] != len(statuses) {
		t.Errorf("the answers were %v", counts)
	}
	ada.login(goodPassword).redirects(t, "/dashboard")
}

// Item 43: a fault in one page ends that page.
func TestItem43APanicIsA500AndALineInTheLog(t *testing.T) {
	s := newStage(t)
	// Without a database, asking whether it is ready is a nil pointer.
	s.server.Config.Handler, _ = handlers.New(s.config, nil, s.auth, s.outbox, slog.New(slog.NewJSONHandler(s.log, nil)), s.clock.now).Router()
	page := s.visitor().get("/readyz").is(t, 500).says(t, "on our side").hides(t, "panic", "nil pointer", ".go:")
	if log := s.log.String(); !strings.Contains(log, "nil pointer") || page.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the log does not tell: %s", log)
	}
}

// Item 29: a request is one line of the log, which names the route: addresses carry tokens.
func TestItem29TheLogNamesRoutesAndNotAddresses(t *testing.T) {
	s := newStage(t)
	ada := s.visitor()
	ada.get("/email/confirm?token=hidden").is(t, 410)
	ada.get("/-nothing/hidden").is(t, 404)
	log := s.log.String()
	if strings.Contains(log, "hidden") || !strings.Contains(log, `"route":"/email/confirm","status":410`) || !strings.Contains(log, `"ip":"`+ada.ip) {
		t.Error(log)
	}
}

// Item 29: a session is proven by its cookie and by nothing in an address.
func TestItem29ATokenInAnAddressSignsNobodyIn(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	for _, name := range []string{"session", s.cookieNamed("session"), "__Host-session", "token"} {
		for _, token := range []string{ada.cookie("session"), carried(ada.cookie("session"))} {
			s.visitor().get("/dashboard?"+url.Values{name: {token}}.Encode()).is(t, 303)
		}
	}
	for _, path := range []string{"/dashboard", "/account", "/account/sessions"} {
		ada.get(path).hides(t, ada.cookie("session"), carried(ada.cookie("session")))
	}
}

func TestAMailInTheDevelopmentMailboxCanDoNothing(t *testing.T) {
	seen := 0
	everyPage(t, func(_ string, page *page) {
		if !strings.HasSuffix(page.path, "/html") {
			return
		}
		seen++
		policy := page.header.Get("Content-Security-Policy")
		if strings.Contains(policy, "script") || !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'self'") ||
			page.header.Get("X-Frame-Options") != "SAMEORIGIN" || !strings.Contains(page.body, `<base target="_blank">`) {
			t.Errorf("%s has the policy %q and %q", page.path, policy, page.header.Get("X-Frame-Options"))
		}
	})
	if seen == 0 {
		t.Error("no mail was shown")
	}
}

// Anyone can hang up, and must not be able to fill the log with errors by it.
func TestHangingUpIsNoErrorOfOurs(t *testing.T) {
	s := newStage(t, noRateLimit)
	ada := s.user("ada@example.com")
	ctx, hangUp := context.WithCancel(t.Context())
	const name = "hanging up"
	err := s.db.Callback().Query().Before("gorm:query").Register(name, func(db *gorm.DB) {
		hangUp()
		select { // until the server has noticed
		case <-db.Statement.Context.Done():
		case <-time.After(10 * time.Second):
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	r := ada.request(http.MethodPost, "/login", strings.NewReader("email=ada@example.com&password=wrong+wrong+wrong")).WithContext(ctx)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if page, err := ada.send(r); err == nil {
		t.Fatalf("it is answered %d", page.status)
	}
	// Who has hung up does not see when the server is done.
	for late := time.Now().Add(10 * time.Second); !strings.Contains(s.log.String(), `"status":499`) && time.Now().Before(late); {
		time.Sleep(time.Millisecond)
	}
	if err := s.db.Callback().Query().Remove(name); err != nil {
		t.Fatal(err)
	}
	ada.login(goodPassword).redirects(t, "/dashboard")
	if log := s.log.String(); strings.Contains(log, `"level":"ERROR"`) || !strings.Contains(log, `"status":499`) {
		t.Errorf("the log has errors, or nobody who hung up:\n%s", log)
	}
}
