package handlers_test

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"example.com/gatehouse/config"
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

// inSafari15 has the person use that browser from now on.
func (p *person) inSafari15() {
	p.client.Transport = &safari15{RoundTripper: p.client.Transport, origin: p.s.config.AppURL.String()}
}

func overHTTPS(c *config.Config) { c.AppURL.Scheme = "https" }

func TestOriginProof_LetsSafari15UseMailedLinks(t *testing.T) {
	s := newStage(t, overHTTPS)
	ada := s.visitor()
	ada.inSafari15()
	ada.signUp("Ada", "ada@example.com", goodPassword).redirects(t, "/dashboard").is(t, 200)

	// The logout button on the page of a mailed link, and the form itself, also
	// after an answer with a problem.
	ada.post("/password/forgot", "email", "ada@example.com").redirects(t, "/password/forgot/sent")
	link := ada.mail().Link
	page := ada.get(link)
	ada.post("/logout", "origin_proof", field(page, "origin_proof")).redirects(t, "/login")
	page = ada.get(link).submit("password", "short").is(t, 422)
	page.submit("password", otherPassword).is(t, 303)
	if page.header.Get("Referrer-Policy") != "no-referrer" { // item 23
		t.Errorf("got the policy %q, want no-referrer", page.header.Get("Referrer-Policy"))
	}
}

// field is the value of the first input with a name; "" for none.
func field(p *page, name string) string {
	for n := range p.document().Descendants() {
		if n.Data == "input" && attribute(n, "name") == name {
			return attribute(n, "value")
		}
	}
	return ""
}

// Browsers that say where a form comes from get neither the field nor the cookie.
func TestOriginProof_IsForBrowsersWithoutSecFetchAlone(t *testing.T) {
	s := newStage(t, overHTTPS)
	ada := s.user("ada@example.com")
	ada.post("/password/forgot", "email", ada.email)
	r := ada.request(http.MethodGet, ada.mail().Link, nil)
	r.Header.Set("Sec-Fetch-Site", "none")
	page, err := ada.send(r)
	if err != nil {
		t.Fatal(err)
	}
	if got := field(page.is(t, 200), "origin_proof"); got != "" || ada.cookie("origin_proof") != "" {
		t.Errorf("got the field %q and the cookie %q, want neither", got, ada.cookie("origin_proof"))
	}
}

// ASVS 3.5.1. A sandboxed frame and a data: URL of an attacker send "null" from
// old browsers, as our own pages without a referrer do.
func TestOriginProof_RefusesWhatAnAttackersPageCanSend(t *testing.T) {
	s := newStage(t, overHTTPS)
	ada, mallory := s.user("ada@example.com"), s.user("mallory@example.com")
	for _, p := range []*person{ada, mallory} {
		p.inSafari15()
		p.post("/password/forgot", "email", p.email).is(t, 303)
	}
	link, malloryLink := ada.mail().Link, mallory.mail().Link
	authn, malloryProof := field(ada.get(link), "origin_proof"), field(mallory.get(malloryLink), "origin_proof")
	if authn == "" || authn == malloryProof {
		t.Fatalf("got the proofs %q and %q, want two", authn, malloryProof)
	}
	token := malloryLink[strings.Index(malloryLink, "token=")+len("token="):]
	visitor := s.visitor() // a browser that has never opened a mailed link, or that withholds its cookies
	twoProofs := url.Values{"token": {token}, "password": {otherPassword}, "origin_proof": {authn, authn}}.Encode()
	for name, forged := range map[string]struct {
		from      *person
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
			body = url.Values{"token": {token}, "password": {otherPassword}, "origin_proof": {forged.authn}}.Encode()
		}
		r := forged.from.request(http.MethodPost, "/password/reset", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if forged.media != "" {
			r.Header.Set("Content-Type", forged.media)
		}
		if forged.fetchSite != "" {
			r.Header.Set("Sec-Fetch-Site", forged.fetchSite)
		}
		r.Header.Set("Origin", "null")
		twin := forged.from.twin()
		answer, err := twin.send(r)
		if err != nil {
			t.Fatal(err)
		}
		if answer.status != http.StatusForbidden {
			t.Errorf("%s: got %d, want 403", name, answer.status)
		}
	}
}

// The cookie is what a page of another site cannot make the browser send.
func TestOriginProof_CookieStaysWithThisSite(t *testing.T) {
	s := newStage(t, overHTTPS)
	ada := s.user("ada@example.com")
	ada.post("/password/forgot", "email", ada.email)
	cookie := ada.get(ada.mail().Link).header.Get("Set-Cookie")
	for _, want := range []string{"__Host-origin_proof=", "HttpOnly", "Secure", "SameSite=Lax", "Path=/"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("got %q, want %s in it", cookie, want)
		}
	}
}
