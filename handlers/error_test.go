package handlers_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"example.com/gatehouse/config"
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
		ada.get("/"), ada.get("/dashboard"), ada.get("/nothing"), ada.get("/login"), ada.get(css), ada.get("/healthz"), foreign.post("/login"),
		ada.post("/account/sessions/end", "id", "x"), s.visitor().post("/login"), ada.get("/email/confirm?token=x"),
	} {
		for name, want := range map[string]string{
			"Strict-Transport-Security": "max-age=63072000; includeSubDomains", "X-Content-Type-Options": "nosniff",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := page.header.Get(name); got != want {
				t.Errorf("%s (%d): %s is %q", page.path, page.status, name, got)
			}
		}
		policy := page.header.Get("Content-Security-Policy")
		if strings.Contains(policy, "unsafe") || !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "base-uri 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s (%d): the policy is %q", page.path, page.status, policy)
		}
		if referrer := page.header.Get("Referrer-Policy"); referrer != "same-origin" && referrer != "no-referrer" {
			t.Errorf("%s: Referrer-Policy is %q", page.path, referrer)
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
	s.db.Exec("ALTER TABLE sessions RENAME TO gone")
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
	s.visitor().get("/readyz").is(t, 503)
	if err := models.Close(s.db); err != nil {
		t.Fatal(err)
	}
	s.visitor().get("/readyz").is(t, 503)
	s.visitor().get("/healthz").is(t, 200)
}

func TestTheDevelopmentMailboxIsNotThereInProduction(t *testing.T) {
	s := newStage(t, func(c *config.Config) { c.Production = true })
	s.visitor().get("/dev/mail").is(t, 404)
}

// Hashes are few at a time, those who wait for one are not many, and everybody else is answered meanwhile.
func TestAFloodOfLogInsIsShedWithA503(t *testing.T) {
	s := newStage(t, noRateLimit)
	ada := s.user("ada@example.com")
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
