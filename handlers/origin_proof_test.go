package handlers_test

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"example.com/gatehouse/apptest"
)

// safari15 is what Safari 15.6 on macOS sends: no Sec-Fetch headers, which came
// with 16.4, and the origin "null" from a page whose policy is no-referrer, as
// the Fetch standard has it ("append a request Origin header").
type safari15 struct {
	http.RoundTripper
	origin string
	policy string // of the page that is open
}

func (s *safari15) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	maps.Copy(r.Header, http.Header{
		"User-Agent":      {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.6.1 Safari/605.1.15"},
		"Accept":          {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
		"Accept-Language": {"en-US,en;q=0.9"},
	})
	if r.Method == http.MethodPost {
		r.Header.Set("Origin", map[bool]string{true: "null", false: s.origin}[s.policy == "no-referrer"])
	}
	answer, err := s.RoundTripper.RoundTrip(r)
	if err == nil {
		s.policy = answer.Header.Get("Referrer-Policy")
	}
	return answer, err
}

// useSafari15 has the user use that browser from now on.
func useSafari15(b *apptest.Browser) {
	b.Client.Transport = &safari15{RoundTripper: b.Client.Transport, origin: b.App.Config.AppURL.String()}
}

func overHTTPS(app *apptest.App) { app.Config.AppURL.Scheme = "https" }

func TestOriginProof_LetsSafari15UseMailedLinks(t *testing.T) {
	app := apptest.New(t, overHTTPS)
	ada := app.Browser()
	useSafari15(ada)
	ada.SignUp("Ada", "ada@example.com", apptest.Password).WantRedirect(t, "/dashboard").WantStatus(t, 200)

	// The logout button on the page of a mailed link, and the form itself, also
	// after an answer with a problem.
	ada.Post("/password/forgot", "email", "ada@example.com").WantRedirect(t, "/password/forgot/sent")
	link := ada.Mail().Link
	page := ada.Get(link)
	ada.Post("/logout", "origin_proof", field(page, "origin_proof")).WantRedirect(t, "/login")
	page = ada.Get(link).Submit("password", "short").WantStatus(t, 422)
	page.Submit("password", apptest.OtherPassword).WantStatus(t, 303)
	if page.Header.Get("Referrer-Policy") != "no-referrer" { // item 23
		t.Errorf("got the policy %q, want no-referrer", page.Header.Get("Referrer-Policy"))
	}
}

// field is the value of the first input with a name; "" for none.
func field(p *apptest.Page, name string) string {
	for n := range p.Document().Descendants() {
		if n.Data == "input" && apptest.Attr(n, "name") == name {
			return apptest.Attr(n, "value")
		}
	}
	return ""
}

// Browsers that say where a form comes from get neither the field nor the cookie.
func TestOriginProof_IsForBrowsersWithoutSecFetchAlone(t *testing.T) {
	app := apptest.New(t, overHTTPS)
	ada := app.LoggedOut("ada@example.com")
	ada.Post("/password/forgot", "email", ada.Email)
	r := ada.Request(http.MethodGet, ada.Mail().Link, nil)
	r.Header.Set("Sec-Fetch-Site", "none")
	page, err := ada.Send(r)
	if err != nil {
		t.Fatal(err)
	}
	if got := field(page.WantStatus(t, 200), "origin_proof"); got != "" || ada.Cookie("origin_proof") != "" {
		t.Errorf("got the field %q and the cookie %q, want neither", got, ada.Cookie("origin_proof"))
	}
}

// ASVS 3.5.1. A sandboxed frame and a data: URL of an attacker send "null" from
// old browsers, as our own pages without a referrer do.
func TestOriginProof_RefusesWhatAnAttackersPageCanSend(t *testing.T) {
	app := apptest.New(t, overHTTPS)
	ada, mallory := app.LoggedOut("ada@example.com"), app.LoggedOut("mallory@example.com")
	for _, b := range []*apptest.Browser{ada, mallory} {
		useSafari15(b)
		b.Post("/password/forgot", "email", b.Email).WantStatus(t, 303)
	}
	link, malloryLink := ada.Mail().Link, mallory.Mail().Link
	authn, malloryProof := field(ada.Get(link), "origin_proof"), field(mallory.Get(malloryLink), "origin_proof")
	if authn == "" || authn == malloryProof {
		t.Fatalf("got the proofs %q and %q, want two", authn, malloryProof)
	}
	token := malloryLink[strings.Index(malloryLink, "token=")+len("token="):]
	visitor := app.Browser() // a browser that has never opened a mailed link, or that withholds its cookies
	twoProofs := url.Values{"token": {token}, "password": {apptest.OtherPassword}, "origin_proof": {authn, authn}}.Encode()
	for name, forged := range map[string]struct {
		from      *apptest.Browser
		authn     string
		fetchSite string
		media     string
		body      string
	}{
		"no cookie, and no proof":                              {from: visitor},
		"no cookie, and the attacker's own proof":              {from: visitor, authn: malloryProof},
		"no cookie, and the user's proof":                      {from: visitor, authn: authn},
		"the user's cookie, and no proof":                      {from: ada},
		"the user's cookie, and the attacker's own proof":      {from: ada, authn: malloryProof},
		"both, from a frame in a browser that says so":         {from: ada, authn: authn, fetchSite: "cross-site"},
		"both, from another site in a browser that says so":    {from: ada, authn: authn, fetchSite: "same-site"},
		"both, in another kind of form":                        {from: ada, authn: authn, media: "text/plain"},
		"both, the proof twice":                                {from: ada, body: twoProofs},
		"both, in a form that is too large to be a link's own": {from: ada, authn: authn, body: "x=" + strings.Repeat("x", 16<<10) + "&origin_proof=" + authn},
	} {
		body := forged.body
		if body == "" {
			body = url.Values{"token": {token}, "password": {apptest.OtherPassword}, "origin_proof": {forged.authn}}.Encode()
		}
		r := forged.from.Request(http.MethodPost, "/password/reset", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if forged.media != "" {
			r.Header.Set("Content-Type", forged.media)
		}
		if forged.fetchSite != "" {
			r.Header.Set("Sec-Fetch-Site", forged.fetchSite)
		}
		r.Header.Set("Origin", "null")
		twin := forged.from.Tab()
		answer, err := twin.Send(r)
		if err != nil {
			t.Fatal(err)
		}
		if answer.Status != http.StatusForbidden {
			t.Errorf("%s: got %d, want 403", name, answer.Status)
		}
	}
}

// The cookie is what a page of another site cannot make the browser send.
func TestOriginProof_CookieStaysWithThisSite(t *testing.T) {
	app := apptest.New(t, overHTTPS)
	ada := app.LoggedOut("ada@example.com")
	ada.Post("/password/forgot", "email", ada.Email)
	cookie := ada.Get(ada.Mail().Link).Header.Get("Set-Cookie")
	for _, want := range []string{"__Host-origin_proof=", "HttpOnly", "Secure", "SameSite=Lax", "Path=/"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("got %q, want %s in it", cookie, want)
		}
	}
}
