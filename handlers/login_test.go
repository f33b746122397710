package handlers_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/config"
)

func TestItem16LoggingInAnswersTheSameForKnownAndUnknownAddresses(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	bob := s.visitor()
	bob.email = "bob@example.com"
	known, unknown := ada.login(otherPassword).is(t, 422), bob.login(otherPassword).is(t, 422)
	known.body = strings.ReplaceAll(known.body, ada.email, "…")
	unknown.body = strings.ReplaceAll(unknown.body, bob.email, "…")
	sameAnswer(t, known, unknown)
}

// Item 3: the password counts as sent: its case, its spaces, its last character.
func TestItem3TheWholePasswordCountsExactlyAsSent(t *testing.T) {
	s := newStage(t, noRateLimit)
	ada := s.user("ada@example.com")
	for _, almost := range []string{goodPassword + " ", " " + goodPassword, strings.ToUpper(goodPassword), goodPassword[:len(goodPassword)-1]} {
		ada.login(almost).is(t, 422)
	}
	long := strings.Repeat("sixty-four bytes and far beyond, ", 7)
	eve := s.visitor()
	eve.signUp("Eve", "eve@example.com", long+"end").redirects(t, "/dashboard")
	eve.post("/logout")
	eve.login(long+"and").is(t, 422)
	eve.login(long+"end").redirects(t, "/dashboard")
}

func TestOneGoesBackToWhereOneWasGoing(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	page := ada.get("/account/sessions?from=mail").redirects(t, "/login?next=%2Faccount%2Fsessions%3Ffrom%3Dmail")
	page.submit("email", ada.email, "password", otherPassword).is(t, 422).
		submit("email", ada.email, "password", goodPassword).redirects(t, "/account/sessions?from=mail").is(t, 200)
}

// Item 41: redirects lead to this site alone.
func TestItem41NextNeverLeadsOffTheSite(t *testing.T) {
	s := newStage(t, noRateLimit)
	for i, next := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, "javascript:alert(1)", "/%09/evil.example", "/\t/evil.example", "data:text/html,x"} {
		ada := s.user(fmt.Sprintf("ada%d@example.com", i))
		ada.get("/login?next="+url.QueryEscape(next)).hides(t, "evil.example", "alert(1)")
		ada.get("/register?next="+url.QueryEscape(next)).hides(t, "evil.example", "alert(1)")
		ada.post("/login", "email", ada.email, "password", "", "next", next).is(t, 422).hides(t, "evil.example", "alert(1)")
		ada.post("/login", "email", ada.email, "password", goodPassword, "next", next).redirects(t, "/dashboard")
	}
}

// Item 30: a new token at each login, and the old one dead.
func TestItem30EverySignInStartsAFreshSession(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	stolen := ada.twin()
	first := ada.cookie("session")
	ada.post("/logout")
	stolen.get("/dashboard").redirects(t, "/login?next=%2Fdashboard")
	ada.login(goodPassword)
	if ada.cookie("session") == first {
		t.Error("the token is the same")
	}
	// A browser that is made to log in while it carries a session loses that one.
	planted := s.member("bob@example.com")
	entry, err := s.auth.Login(t.Context(), ada.user(), auth.ByPassword(false), auth.Browser{Session: carried(planted.cookie("session"))}, auth.Client{})
	if err != nil || entry.Session == "" {
		t.Fatal(entry, err)
	}
	planted.get("/dashboard").redirects(t, "/login?next=%2Fdashboard")
	raw, err := base64.URLEncoding.DecodeString(ada.cookie("session"))
	if err != nil || len(raw) < 43 {
		t.Errorf("the cookie carries %d bytes (%v)", len(raw), err)
	}
}

func TestAForgedOrUnreadableCookieIsASignedOutVisitor(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	good := ada.cookie("session")
	for _, forged := range []string{good[:len(good)-4] + "AAAA", "x", strings.Repeat("A", 4000), good[4:]} {
		eve := s.visitor()
		eve.client.Jar.SetCookies(s.config.AppURL, []*http.Cookie{{Name: s.cookieNamed("session"), Value: forged, Path: "/"}})
		eve.get("/dashboard").redirects(t, "/login?next=%2Fdashboard")
		eve.get("/").is(t, 200)
	}
}

func TestARotatedKeyKeepsEverybodySignedIn(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	s.config.SecretKeys = append([]string{"a fresh key of more than thirty-two bytes"}, s.config.SecretKeys...)
	s.open()
	ada.get("/dashboard").is(t, 200)
	s.config.SecretKeys = s.config.SecretKeys[:1]
	s.open()
	ada.get("/dashboard").redirects(t, "/login?next=%2Fdashboard")
}

// Item 36: the names, attributes and size of cookies.
func TestItem36CookiesAreHostBoundHttpOnlyLaxAndSmall(t *testing.T) {
	for scheme, name := range map[string]string{"http": "acme-3000-session", "https": "__Host-session"} {
		t.Run(scheme, func(t *testing.T) {
			s := newStage(t, func(c *config.Config) { c.AppURL.Scheme = scheme })
			name := strings.Replace(name, "3000", s.config.AppURL.Port(), 1)
			ada := s.user("ada@example.com")
			page := ada.post("/login", "email", ada.email, "password", goodPassword, "remember", "on").is(t, 303)
			answer := http.Response{Header: page.header}
			found := false
			for _, c := range answer.Cookies() {
				found = found || c.Name == name
				if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure != (scheme == "https") {
					t.Errorf("%s: %s", scheme, c)
				}
				if len(c.Name)+len(c.Value) > 4096 || c.MaxAge > 400*24*3600 {
					t.Errorf("%s is too large or lives too long: %s", scheme, c)
				}
				if strings.Contains(decoded(c.Value), "ada") {
					t.Errorf("%s carries personal data: %s", scheme, c)
				}
			}
			if !found {
				t.Errorf("%s sets no %s: %v", scheme, name, page.header["Set-Cookie"])
			}
		})
	}
}

func decoded(value string) string {
	raw, _ := base64.URLEncoding.DecodeString(value)
	return value + string(raw)
}

func TestRememberMeOutlivesTheBrowserAndOtherwiseItDoesNot(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	for remember, want := range map[string]int{"": 0, "on": 720 * 3600, "false": 0, "0": 0} {
		page := ada.post("/login", "email", ada.email, "password", goodPassword, "remember", remember).is(t, 303)
		answer := http.Response{Header: page.header}
		for _, c := range answer.Cookies() {
			if c.Name == s.cookieNamed("session") && c.MaxAge != want {
				t.Errorf("remember=%q: Max-Age is %d, not %d", remember, c.MaxAge, want)
			}
		}
		ada.post("/logout")
	}
}

// Item 32: idle and absolute ends, decided on the server.
func TestItem32ASessionEndsWhenItIsIdleOrOld(t *testing.T) {
	s := newStage(t)
	idle, busy, remembered := s.member("idle@example.com"), s.member("busy@example.com"), s.user("remembered@example.com")
	remembered.post("/login", "email", remembered.email, "password", goodPassword, "remember", "on").is(t, 303)
	for range 7 {
		s.clock.passes(23 * time.Hour)
		busy.get("/dashboard").is(t, 200)
	}
	idle.get("/dashboard").redirects(t, "/login?next=%2Fdashboard")
	s.clock.passes(8 * time.Hour)
	busy.get("/dashboard").redirects(t, "/login?next=%2Fdashboard")
	s.clock.passes(22 * 24 * time.Hour)
	remembered.get("/dashboard").is(t, 200)
	s.clock.passes(2 * 24 * time.Hour)
	remembered.get("/dashboard").redirects(t, "/login?next=%2Fdashboard")
}

func TestLastSeenIsWrittenAtMostOnceAMinute(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	before := s.tables()["sessions"]
	ada.get("/dashboard")
	if s.tables()["sessions"] != before {
		t.Error("a request within the minute wrote to the session")
	}
	s.clock.passes(61 * time.Second)
	ada.get("/dashboard")
	if s.tables()["sessions"] == before {
		t.Error("a request after the minute did not")
	}
}

// Item 31: logging out ends the session on the server. Item 37: and clears what the browser keeps.
func TestItem31LoggingOutEndsTheSessionOnTheServer(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	stolen := ada.twin()
	page := ada.post("/logout").is(t, 303)
	if ada.cookie("session") != "" || ada.cookie("device") == "" {
		t.Error("the browser keeps its session, or is not known any more")
	}
	if got := page.header.Get("Clear-Site-Data"); got != `"cache", "storage"` {
		t.Errorf("Clear-Site-Data is %q", got)
	}
	stolen.get("/dashboard").redirects(t, "/login?next=%2Fdashboard")
	if n := s.count("sessions", "true"); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
	ada.post("/logout").redirects(t, "/login")
}

// Item 39: and a link or an image on another site cannot do it.
func TestItem39LoggingOutIsNoLink(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.get("/logout").is(t, 404)
	ada.get("/dashboard").is(t, 200)
}

// Item 15: wherever the guesses come from, they are counted by account, and slowed down ever more.
func TestItem15GuessesFromEverywhereAreSlowedDownByAccount(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	guess := func() *page {
		bot := s.visitor()
		bot.email = ada.email
		return bot.login("wrong wrong wrong wrong")
	}
	for range 5 {
		guess().is(t, 422)
	}
	var last int
	for range 8 {
		page := guess().is(t, 429).says(t, "Too many")
		wait, err := strconv.Atoi(page.header.Get("Retry-After"))
		if err != nil || wait < last {
			t.Fatalf("Retry-After went from %d to %q", last, page.header.Get("Retry-After"))
		}
		last = wait
		s.clock.passes(time.Duration(wait) * time.Second)
		guess().is(t, 422)
	}
	if last < 60 {
		t.Errorf("after 13 guesses the wait is %d seconds", last)
	}
}

// Item 14: no stranger can lock the owner out, and nobody guesses more than 100 times in a row.
func TestItem14AStrangerCannotLockTheOwnerOut(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	guessed := 0
	for range 8 {
		bot := s.visitor()
		bot.email = ada.email
		if bot.login("wrong wrong wrong wrong").status == http.StatusUnprocessableEntity {
			guessed++
		}
		if guessed == 1 {
			s.hits("login-account", 95) // 94 more, without waiting for their hashes
		}
		s.clock.passes(61 * time.Minute)
	}
	if guessed != 6 {
		t.Errorf("a stranger could guess %d times in a row", guessed+94)
	}
	ada.login(goodPassword).is(t, 429)
	ada.resets(otherPassword)
	ada.login(otherPassword).redirects(t, "/dashboard")
}

func TestItem14AKnownDeviceIsNotSlowedDownByStrangers(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.post("/logout")
	for range 6 {
		bot := s.visitor()
		bot.email = ada.email
		bot.login("wrong wrong wrong wrong")
	}
	ada.login(goodPassword).redirects(t, "/dashboard")
}

func TestItem14AStrangerInTheSameOfficeCannotLockAKnownDeviceOut(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.post("/logout")
	stranger := s.visitor()
	stranger.ip, stranger.email = ada.ip, ada.email
	for range 11 {
		s.clock.passes(30 * time.Second)
		stranger.login("wrong wrong wrong wrong")
	}
	stranger.login("wrong wrong wrong wrong").is(t, 429)
	ada.login(goodPassword).redirects(t, "/dashboard")
}

func TestAKnownDeviceHasACountOfItsOwn(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.post("/logout")
	for i := range 6 {
		ada.ip = fmt.Sprintf("198.51.100.%d", i+1)
		ada.login("wrong wrong wrong wrong")
	}
	ada.ip = "198.51.100.99"
	ada.login(goodPassword).is(t, 429)
}

// Item 19: forwarding headers count only when they come from a trusted proxy.
func TestItem19AnAddressIsNotTheClientsToChoose(t *testing.T) {
	s := newStage(t, func(c *config.Config) { c.TrustedProxies = nil })
	ada := s.user("ada@example.com")
	for i := range 10 {
		ada.ip = fmt.Sprintf("198.51.100.%d", i)
		s.clock.passes(40 * time.Second)
		ada.login("wrong wrong wrong wrong")
	}
	ada.ip = "198.51.100.200"
	ada.login(goodPassword).is(t, 429)
	var ips []string
	s.db.Table("events").Distinct("ip").Pluck("ip", &ips)
	if len(ips) != 1 || ips[0] != "127.0.0.1" {
		t.Errorf("the security log believed in %v", ips)
	}
}

func TestItem19BehindAProxyOnlyTheProxysOwnWordCounts(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	ada.ip = "6.6.6.6, 198.51.100.7" // the first was sent by the client, the second added by the proxy
	ada.login("wrong wrong wrong wrong")
	if n := s.count("events", "ip = ?", "198.51.100.7"); n == 0 {
		t.Error("the address next to the proxy is not the one in the log")
	}
}

// Item 19: a proxy vouches for its peer, whatever kind of address that is; and who is no proxy vouches for nobody.
func TestItem19OnlyTrustedProxiesAreBelieved(t *testing.T) {
	here, before := netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("10.0.0.0/8")
	for _, claim := range []struct {
		proxies         []netip.Prefix
		forwarded, want string
	}{
		{[]netip.Prefix{here}, "6.6.6.6, 192.168.1.9", "192.168.1.9"},
		{[]netip.Prefix{here}, "6.6.6.6, 169.254.1.9", "169.254.1.9"},
		{[]netip.Prefix{here}, "6.6.6.6, 127.0.0.9", "127.0.0.9"},
		{[]netip.Prefix{before}, "6.6.6.6", "127.0.0.1"},
		{[]netip.Prefix{here, before}, "6.6.6.6, 198.51.100.7, 10.0.0.2, 10.0.0.3", "198.51.100.7"},
	} {
		t.Run(claim.want, func(t *testing.T) {
			s := newStage(t, func(c *config.Config) { c.TrustedProxies = claim.proxies })
			ada := s.user("ada@example.com")
			ada.ip = claim.forwarded
			r := ada.request(http.MethodPost, "/login", strings.NewReader("email=ada%40example.com&password=wrong"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("X-Real-IP", "7.7.7.7")
			if _, err := ada.send(r); err != nil || s.count("events", "ip = ?", claim.want) != 1 {
				t.Errorf("behind %s, %s is not %s (%v)", claim.proxies, claim.forwarded, claim.want, err)
			}
		})
	}
}

func TestItem19AProxyMayWriteThePort(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	for _, address := range []string{"198.51.100.8:49152", "[2001:db8::8]:49152", "[2001:db8::9]"} {
		ada.ip = address
		ada.login("wrong wrong wrong wrong")
	}
	for _, ip := range []string{"198.51.100.8", "2001:db8::8", "2001:db8::9"} {
		if s.count("events", "ip = ?", ip) == 0 {
			t.Errorf("nothing is on record from %s", ip)
		}
	}
}

func TestGuessesFromOneIPv6NetworkAreCountedTogether(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	for i := range 10 {
		ada.ip = fmt.Sprintf("2001:db8:1:2::%x", i+1)
		s.clock.passes(40 * time.Second)
		ada.login("wrong wrong wrong wrong")
	}
	ada.ip = "2001:db8:1:2:ffff::1"
	ada.login(goodPassword).is(t, 429)
	ada.ip = "2001:db8:1:3::1"
	s.clock.passes(40 * time.Second)
	ada.login(goodPassword).redirects(t, "/dashboard")
}

// Item 67: fifty guesses at once are fifty guesses.
func TestItem67SimultaneousGuessesAreAllCounted(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	var looked atomic.Int32
	s.atOnce(50, func(int) {
		page, err := ada.try(http.MethodPost, "/login", url.Values{"email": {ada.email}, "password": {"wrong wrong wrong wrong"}})
		if err != nil {
			t.Error(err)
		} else if page.status != http.StatusTooManyRequests {
			looked.Add(1)
		}
	})
	if looked.Load() > 5 {
		t.Errorf("%d of 50 simultaneous guesses were looked at, and 5 are free", looked.Load())
	}
}

func TestLimitsHoldAcrossARestart(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	for range 5 {
		ada.login("wrong wrong wrong wrong").is(t, 422)
	}
	s.open()
	ada.login(goodPassword).is(t, 429)
}

func TestManyPeopleBehindOneAddressCanAllLogIn(t *testing.T) {
	s := newStage(t)
	for i := range 5 {
		person := s.user(fmt.Sprintf("p%d@example.com", i))
		person.ip = "198.51.100.7"
		person.login("wrong wrong wrong wrong").is(t, 422)
		if i == 0 {
			s.hits("login-ip", 95)
		}
		person.login(goodPassword).redirects(t, "/dashboard") // the last is the hundredth, and takes itself back
	}
}

// Whoever has an account of their own must not use it to guess at others for ever.
func TestARightPasswordForgivesNoGuessesAtOtherAccounts(t *testing.T) {
	s := newStage(t)
	mallory, ada := s.user("mallory@example.com"), s.user("ada@example.com")
	ada.ip = mallory.ip
	ada.login("wrong wrong wrong wrong").is(t, 422)
	s.hits("login-ip", 99)
	mallory.login(goodPassword).redirects(t, "/dashboard")
	ada.login("wrong wrong wrong wrong").is(t, 422)
	ada.login("wrong wrong wrong wrong").is(t, 429)
}

// Item 12: old hashes are replaced at the next login; bcrypt is read for imports.
func TestItem12AnImportedBcryptHashWorksAndIsReplaced(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	old, err := bcrypt.GenerateFromPassword([]byte(goodPassword), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	s.exec("UPDATE users SET password_hash = ?", string(old))
	ada.login(otherPassword).is(t, 422)
	ada.login(goodPassword).redirects(t, "/dashboard")
	var hash string
	s.db.Raw("SELECT password_hash FROM users").Scan(&hash)
	if !strings.HasPrefix(hash, "$argon2id$") {
		t.Errorf("the hash is still %s", hash)
	}
	ada.post("/logout")
	ada.login(goodPassword).redirects(t, "/dashboard")
}

// Several devices that log in at once after an import all get in, and one of them replaces the hash.
func TestItem12LogInsAtOnceWithAnOldHashAllSucceed(t *testing.T) {
	s := newStage(t, noRateLimit)
	ada := s.user("ada@example.com")
	old, err := bcrypt.GenerateFromPassword([]byte(goodPassword), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	s.exec("UPDATE users SET password_hash = ?", string(old))
	var in atomic.Int32
	s.atOnce(4, func(int) {
		page, err := ada.twin().try(http.MethodPost, "/login", url.Values{"email": {ada.email}, "password": {goodPassword}})
		if err == nil && page.header.Get("Location") == "/dashboard" {
			in.Add(1)
		}
	})
	if in.Load() != 4 {
		t.Errorf("%d of 4 are in", in.Load())
	}
}

// Item 31: disabling an account ends its sessions with the next request.
func TestItem31ADisabledAccountIsOutAtOnce(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	s.exec("UPDATE users SET disabled_at = ?", s.clock.now())
	ada.get("/dashboard").redirects(t, "/login?next=%2Fdashboard")
	ada.login(goodPassword).is(t, 422)
}

func TestTheSignedInAreSentFromGuestPagesToTheirDashboard(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.get("/login").redirects(t, "/dashboard")
	ada.get("/register").redirects(t, "/dashboard")
}

// One person's guesses close nothing for the others behind the same address.
func TestOnesGuessesAreNotTheirNeighbors(t *testing.T) {
	s := newStage(t)
	ada, bob := s.user("ada@example.com"), s.user("bob@example.com")
	bob.ip = ada.ip
	ada.login("wrong wrong wrong wrong").is(t, 422)
	s.hits("login-pair", 9)
	ada.login("wrong wrong wrong wrong").is(t, 422)
	if page := ada.login(goodPassword).is(t, 429); page.header.Get("Retry-After") != "900" {
		t.Errorf("Retry-After is %q, not a quarter of an hour", page.header.Get("Retry-After"))
	}
	bob.login(goodPassword).redirects(t, "/dashboard")
	s.clock.passes(15 * time.Minute)
	ada.login(goodPassword).redirects(t, "/dashboard")
}

// Item 16: strangers see their own tries in the counts, and not whether somebody with the address has logged in since.
func TestItem16StrangersCountsDoNotTellWhoHasAnAccount(t *testing.T) {
	s := newStage(t)
	new, known, forgetful := s.user("new@example.com"), s.member("known@example.com"), s.user("forgetful@example.com")
	known.post("/logout")
	comeBack := map[string]func(){
		"nobody@example.com": func() {},
		new.email:            func() { s.visitorAs(new.email).login(goodPassword).redirects(t, "/dashboard") },
		known.email:          func() { known.login(goodPassword).redirects(t, "/dashboard"); known.post("/logout") },
		forgetful.email:      func() { forgetful.resets(goodPassword) },
	}
	seen := map[string][]string{}
	for _, wait := range []time.Duration{0, 10 * time.Second, 24 * time.Hour, 16 * 24 * time.Hour, 14 * 24 * time.Hour, 24 * time.Hour} {
		s.clock.passes(wait)
		for email, comesBack := range comeBack {
			comesBack()
			for range 4 {
				page := s.visitorAs(email).login("wrong wrong wrong wrong")
				seen[email] = append(seen[email], fmt.Sprint(page.status, page.header.Get("Retry-After")))
			}
		}
	}
	for email, answers := range seen {
		if !slices.Equal(answers, seen["nobody@example.com"]) {
			t.Errorf("%s:\n%v\nnobody:\n%v", email, answers, seen["nobody@example.com"])
		}
	}
}

// Item 14: a reset lets its browser in at once, whatever was tried there before, and whatever strangers try.
func TestItem14WhoResetsThePasswordLogsInAtOnceThere(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.post("/logout")
	for range 5 {
		ada.login("wrong wrong wrong wrong").is(t, 422)
		s.visitorAs(ada.email).login("wrong wrong wrong wrong").is(t, 422)
	}
	ada.login(goodPassword).is(t, 429)
	ada.resets(otherPassword)
	ada.login(otherPassword).redirects(t, "/dashboard")
	s.visitorAs(ada.email).login(otherPassword).is(t, 429)
}

// A device that is known for one account is a stranger's to every other.
func TestItem14ADeviceIsKnownForItsOwnAccountAlone(t *testing.T) {
	s := newStage(t)
	ada, mallory, phone := s.member("ada@example.com"), s.member("mallory@example.com"), s.visitor()
	mallory.post("/logout")
	mallory.email, phone.email = ada.email, ada.email
	for range 5 {
		mallory.login("wrong wrong wrong wrong").is(t, 422)
	}
	phone.login(goodPassword).is(t, 429)
}

// Item 15: and the wait never grows past an hour, or nobody could come back the same day.
func TestItem15TheWaitGrowsToAnHourAndNoFurther(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	ada.login("wrong wrong wrong wrong").is(t, 422)
	s.hits("login-account", 50)
	ada.login("wrong wrong wrong wrong").is(t, 422)
	if page := ada.login(goodPassword).is(t, 429); page.header.Get("Retry-After") != "3600" {
		t.Errorf("Retry-After is %q", page.header.Get("Retry-After"))
	}
	s.clock.passes(29 * 24 * time.Hour) // and a month after the first try, no less, the count starts anew
	ada.login("wrong wrong wrong wrong").is(t, 422)
	ada.login(goodPassword).is(t, 429)
	s.clock.passes(24 * time.Hour)
	ada.login("wrong wrong wrong wrong").is(t, 422)
	ada.login(goodPassword).redirects(t, "/dashboard")
}

// Item 68: the log tells that somebody was stopped, once: a flood must not fill it.
func TestItem68AReachedLimitIsOnRecordOnceAndSoIsWhomItConcerned(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	for range 10 {
		ada.login("wrong wrong wrong wrong")
	}
	if n := s.count("events", "name = 'limit.reached'"); n != 1 {
		t.Errorf("%d limits are on record", n)
	}
	if n := s.count("events", "name = 'login.failed' AND user_id = (SELECT id FROM users)"); n != 5 {
		t.Errorf("%d of 5 failures name the account", n)
	}
}

func TestADeviceKeepsItsToken(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	first := carried(ada.cookie("device"))
	ada.post("/logout")
	ada.login(goodPassword).redirects(t, "/dashboard")
	if again := carried(ada.cookie("device")); again != first || first == "" || s.count("known_devices", "true") != 1 {
		t.Errorf("the device was %q and is %q", first, again)
	}
}

// sets reports whether the answer sets or clears a cookie.
func (g *page) sets(name string) bool {
	for _, cookie := range (&http.Response{Header: g.header}).Cookies() {
		if strings.HasSuffix(cookie.Name, name) {
			return true
		}
	}
	return false
}

// ASVS 7.2.4: reauthentication renews the token. A request of the same browser that was under way carries the old one, and its late answer must
// not delete the new cookie.
func TestSession_LateRequestKeepsRenewedCookie(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	late := ada.twin()
	ada.get("/account/prove?next=%2Faccount").submit("answer", goodPassword).redirects(t, "/account")
	ada.get("/dashboard").is(t, 200)
	for _, path := range []string{"/", "/dashboard", "/login", "/nowhere"} {
		if late.get(path).sets("session") {
			t.Errorf("%s answers the old token with a cookie, want none", path)
		}
	}
	if late.post("/account", "name", "Ada").sets("session") {
		t.Error("a form with the old token is answered with a cookie, want none")
	}
}

func TestSession_UnknownTokenIsAVisitor(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	s.exec("DELETE FROM sessions")
	ada.get("/").is(t, 200)
	ada.get("/dashboard").redirects(t, "/login?next=%2Fdashboard")
	ada.login(goodPassword).redirects(t, "/dashboard")
}

// A user may have logged in in another tab, or follow a link that asked for a login.
func TestLogin_LoggedInUserGoesOnToNext(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	const next = "/account/sessions?from=mail"
	for _, page := range []string{"/login", "/register"} {
		ada.get(page+"?next="+url.QueryEscape(next)).redirects(t, next)
		for _, unsafe := range []string{"", "//evil.example", "https://evil.example/", "/login", "/logout", "/register"} {
			ada.get(page+"?next="+url.QueryEscape(unsafe)).redirects(t, "/dashboard")
		}
	}
	visitor := s.user("grace@example.com")
	other := visitor.get("/login?next=" + url.QueryEscape(next))
	visitor.login(goodPassword).redirects(t, "/dashboard")
	other.submit("email", visitor.email, "password", goodPassword).redirects(t, next)
	visitor.post("/login", "email", visitor.email, "password", goodPassword, "next", "//evil.example").redirects(t, "/dashboard")
}

// Item 10: a password is changed when its owner wants to, and there is no second, weaker one.
func TestItem10APasswordDoesNotAge(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	s.clock.passes(5 * 366 * 24 * time.Hour)
	ada.login(goodPassword).redirects(t, "/dashboard").is(t, 200)
}

// Item 37: nothing of a person's pages stays in a cache, in the browser's memory or in a proxy's.
func TestItem37NothingOfAPersonIsKeptByCaches(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	for _, path := range []string{"/dashboard", "/account", "/account/security", "/account/sessions"} {
		if cache := ada.get(path).is(t, 200).header.Get("Cache-Control"); cache != "no-store" {
			t.Errorf("%s: Cache-Control is %q", path, cache)
		}
		ada.get(path+"/x.css").is(t, 404)
		ada.get(path+".css").is(t, 404)
	}
	if page := ada.post("/logout"); page.header.Get("Cache-Control") != "no-store" || !strings.Contains(page.header.Get("Clear-Site-Data"), `"cache"`) {
		t.Errorf("logging out leaves %v", page.header)
	}
}

// Whoever comes back when they were told to is not told to wait again.
func TestRetryAfterIsNeverTooEarly(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	ada.login("wrong wrong wrong wrong").is(t, 422)
	s.hits("login-account", 5)
	ada.login("wrong wrong wrong wrong").is(t, 422)
	s.clock.passes(500 * time.Millisecond)
	if page := ada.login(goodPassword).is(t, 429); page.header.Get("Retry-After") != "2" {
		t.Errorf("a second and a half before the next try, Retry-After is %q", page.header.Get("Retry-After"))
	}
}

func TestAWindowEndsWhenItSaidHoweverManyTriesFollow(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	for _, wait := range []time.Duration{0, 14 * time.Minute, 2 * time.Minute} {
		s.clock.passes(wait)
		ada.login("wrong wrong wrong wrong").is(t, 422)
	}
	if s.count("limits", "id LIKE 'login-pair:%' AND hits = 1") != 1 {
		t.Error("the third try, a quarter of an hour after the first, is counted with it")
	}
}
