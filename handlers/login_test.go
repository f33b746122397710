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

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/auth"
)

func TestItem16LoggingInAnswersTheSameForKnownAndUnknownAddresses(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	bob := app.Browser()
	bob.Email = "bob@example.com"
	known, unknown := ada.Login(apptest.OtherPassword).WantStatus(t, 422), bob.Login(apptest.OtherPassword).
		WantStatus(t, 422)
	known.Body = strings.ReplaceAll(known.Body, ada.Email, "…")
	unknown.Body = strings.ReplaceAll(unknown.Body, bob.Email, "…")
	sameAnswer(t, known, unknown)
}

// Item 3: the password counts as sent: its case, its spaces, its last character.
func TestItem3TheWholePasswordCountsExactlyAsSent(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada := app.LoggedOut("ada@example.com")
	for _, almost := range []string{apptest.Password + " ", " " + apptest.Password, strings.ToUpper(apptest.Password), apptest.Password[:len(apptest.Password)-1]} {
		ada.Login(almost).WantStatus(t, 422)
	}
	long := strings.Repeat("sixty-four bytes and far beyond, ", 7)
	eve := app.Browser()
	eve.SignUp("Eve", "eve@example.com", long+"end").WantRedirect(t, "/dashboard")
	eve.Post("/logout")
	eve.Login(long+"and").WantStatus(t, 422)
	eve.Login(long+"end").WantRedirect(t, "/dashboard")
}

func TestOneGoesBackToWhereOneWasGoing(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	page := ada.Get("/account/sessions?from=mail").WantRedirect(t, "/login?next=%2Faccount%2Fsessions%3Ffrom%3Dmail")
	page.Submit("email", ada.Email, "password", apptest.OtherPassword).WantStatus(t, 422).
		Submit("email", ada.Email, "password", apptest.Password).WantRedirect(t, "/account/sessions?from=mail").
		WantStatus(t, 200)
}

// Item 41: redirects lead to this site alone.
func TestItem41NextNeverLeadsOffTheSite(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	for i, next := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, "javascript:alert(1)", "/%09/evil.example", "/\t/evil.example", "data:text/html,x"} {
		ada := app.LoggedOut(fmt.Sprintf("ada%d@example.com", i))
		ada.Get("/login?next="+url.QueryEscape(next)).WantNoText(t, "evil.example", "alert(1)")
		ada.Get("/register?next="+url.QueryEscape(next)).WantNoText(t, "evil.example", "alert(1)")
		ada.Post("/login", "email", ada.Email, "password", "", "next", next).WantStatus(t, 422).
			WantNoText(t, "evil.example", "alert(1)")
		ada.Post("/login", "email", ada.Email, "password", apptest.Password, "next", next).WantRedirect(t, "/dashboard")
	}
}

// Item 30: a new token at each login, and the old one dead.
func TestItem30EverySignInStartsAFreshSession(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	stolen := ada.Tab()
	first := ada.Cookie("session")
	ada.Post("/logout")
	stolen.Get("/dashboard").WantRedirect(t, "/login?next=%2Fdashboard")
	ada.Login(apptest.Password)
	if ada.Cookie("session") == first {
		t.Error("the token is the same")
	}
	// A browser that is made to log in while it carries a session loses that one.
	planted := app.LoggedIn("bob@example.com")
	entry, err := app.Auth.Login(t.Context(), ada.User(), auth.ByPassword(false), auth.Browser{Session: apptest.CookieValue(planted.Cookie("session"))}, auth.Client{})
	if err != nil || entry.Session == "" {
		t.Fatal(entry, err)
	}
	planted.Get("/dashboard").WantRedirect(t, "/login?next=%2Fdashboard")
	raw, err := base64.URLEncoding.DecodeString(ada.Cookie("session"))
	if err != nil || len(raw) < 43 {
		t.Errorf("the cookie carries %d bytes (%v)", len(raw), err)
	}
}

func TestAForgedOrUnreadableCookieIsASignedOutVisitor(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	good := ada.Cookie("session")
	for _, forged := range []string{good[:len(good)-4] + "AAAA", "x", strings.Repeat("A", 4000), good[4:]} {
		eve := app.Browser()
		eve.Client.Jar.SetCookies(app.Config.AppURL, []*http.Cookie{{Name: app.CookieName("session"), Value: forged, Path: "/"}})
		eve.Get("/dashboard").WantRedirect(t, "/login?next=%2Fdashboard")
		eve.Get("/").WantStatus(t, 200)
	}
}

func TestARotatedKeyKeepsEverybodySignedIn(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	app.Config.SecretKeys = append([]string{"a fresh key of more than thirty-two bytes"}, app.Config.SecretKeys...)
	app.Restart()
	ada.Get("/dashboard").WantStatus(t, 200)
	app.Config.SecretKeys = app.Config.SecretKeys[:1]
	app.Restart()
	ada.Get("/dashboard").WantRedirect(t, "/login?next=%2Fdashboard")
}

// Item 36: the names, attributes and size of cookies.
func TestItem36CookiesAreHostBoundHttpOnlyLaxAndSmall(t *testing.T) {
	for scheme, name := range map[string]string{"http": "acme-3000-session", "https": "__Host-session"} {
		t.Run(scheme, func(t *testing.T) {
			app := apptest.New(t, func(app *apptest.App) { app.Config.AppURL.Scheme = scheme })
			name := strings.Replace(name, "3000", app.Config.AppURL.Port(), 1)
			ada := app.LoggedOut("ada@example.com")
			page := ada.Post("/login", "email", ada.Email, "password", apptest.Password, "remember", "on").
				WantStatus(t, 303)
			answer := http.Response{Header: page.Header}
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
				t.Errorf("%s sets no %s: %v", scheme, name, page.Header["Set-Cookie"])
			}
		})
	}
}

func decoded(value string) string {
	raw, _ := base64.URLEncoding.DecodeString(value)
	return value + string(raw)
}

func TestRememberMeOutlivesTheBrowserAndOtherwiseItDoesNot(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	for remember, want := range map[string]int{"": 0, "on": 720 * 3600, "false": 0, "0": 0} {
		page := ada.Post("/login", "email", ada.Email, "password", apptest.Password, "remember", remember).
			WantStatus(t, 303)
		answer := http.Response{Header: page.Header}
		for _, c := range answer.Cookies() {
			if c.Name == app.CookieName("session") && c.MaxAge != want {
				t.Errorf("remember=%q: Max-Age is %d, not %d", remember, c.MaxAge, want)
			}
		}
		ada.Post("/logout")
	}
}

// Item 32: idle and absolute ends, decided on the server.
func TestItem32ASessionEndsWhenItIsIdleOrOld(t *testing.T) {
	app := apptest.New(t)
	idle, busy, remembered := app.LoggedIn("idle@example.com"), app.LoggedIn("busy@example.com"), app.LoggedOut("remembered@example.com")
	remembered.Post("/login", "email", remembered.Email, "password", apptest.Password, "remember", "on").
		WantStatus(t, 303)
	for range 7 {
		app.Clock.Advance(23 * time.Hour)
		busy.Get("/dashboard").WantStatus(t, 200)
	}
	idle.Get("/dashboard").WantRedirect(t, "/login?next=%2Fdashboard")
	app.Clock.Advance(8 * time.Hour)
	busy.Get("/dashboard").WantRedirect(t, "/login?next=%2Fdashboard")
	app.Clock.Advance(22 * 24 * time.Hour)
	remembered.Get("/dashboard").WantStatus(t, 200)
	app.Clock.Advance(2 * 24 * time.Hour)
	remembered.Get("/dashboard").WantRedirect(t, "/login?next=%2Fdashboard")
}

func TestLastSeenIsWrittenAtMostOnceAMinute(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	before := app.Tables()["sessions"]
	ada.Get("/dashboard")
	if app.Tables()["sessions"] != before {
		t.Error("a request within the minute wrote to the session")
	}
	app.Clock.Advance(61 * time.Second)
	ada.Get("/dashboard")
	if app.Tables()["sessions"] == before {
		t.Error("a request after the minute did not")
	}
}

// Item 31: logging out ends the session on the server. Item 37: and clears what the browser keeps.
func TestItem31LoggingOutEndsTheSessionOnTheServer(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	stolen := ada.Tab()
	page := ada.Post("/logout").WantStatus(t, 303)
	if ada.Cookie("session") != "" || ada.Cookie("device") == "" {
		t.Error("the browser keeps its session, or is not known any more")
	}
	if got := page.Header.Get("Clear-Site-Data"); got != `"cache", "storage"` {
		t.Errorf("Clear-Site-Data is %q", got)
	}
	stolen.Get("/dashboard").WantRedirect(t, "/login?next=%2Fdashboard")
	if n := app.Count("sessions", "true"); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
	ada.Post("/logout").WantRedirect(t, "/login")
}

// Item 39: and a link or an image on another site cannot do it.
func TestItem39LoggingOutIsNoLink(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	ada.Get("/logout").WantStatus(t, 404)
	ada.Get("/dashboard").WantStatus(t, 200)
}

// Item 15: wherever the guesses come from, they are counted by account, and slowed down ever more.
func TestItem15GuessesFromEverywhereAreSlowedDownByAccount(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	guess := func() *apptest.Page {
		bot := app.Browser()
		bot.Email = ada.Email
		return bot.Login("wrong wrong wrong wrong")
	}
	for range 5 {
		guess().WantStatus(t, 422)
	}
	var last int
	for range 8 {
		page := guess().WantStatus(t, 429).WantText(t, "Too many")
		wait, err := strconv.Atoi(page.Header.Get("Retry-After"))
		if err != nil || wait < last {
			t.Fatalf("Retry-After went from %d to %q", last, page.Header.Get("Retry-After"))
		}
		last = wait
		app.Clock.Advance(time.Duration(wait) * time.Second)
		guess().WantStatus(t, 422)
	}
	if last < 60 {
		t.Errorf("after 13 guesses the wait is %d seconds", last)
	}
}

// Item 14: no stranger can lock the owner out, and nobody guesses more than 100 times in a row.
func TestItem14AStrangerCannotLockTheOwnerOut(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	guessed := 0
	for range 8 {
		bot := app.Browser()
		bot.Email = ada.Email
		if bot.Login("wrong wrong wrong wrong").Status == http.StatusUnprocessableEntity {
			guessed++
		}
		if guessed == 1 {
			app.SetHits("login-account", 95) // 94 more, without waiting for their hashes
		}
		app.Clock.Advance(61 * time.Minute)
	}
	if guessed != 6 {
		t.Errorf("a stranger could guess %d times in a row", guessed+94)
	}
	ada.Login(apptest.Password).WantStatus(t, 429)
	ada.ResetPassword(apptest.OtherPassword)
	ada.Login(apptest.OtherPassword).WantRedirect(t, "/dashboard")
}

func TestItem14AKnownDeviceIsNotSlowedDownByStrangers(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	ada.Post("/logout")
	for range 6 {
		bot := app.Browser()
		bot.Email = ada.Email
		bot.Login("wrong wrong wrong wrong")
	}
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
}

func TestItem14AStrangerInTheSameOfficeCannotLockAKnownDeviceOut(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	ada.Post("/logout")
	stranger := app.Browser()
	stranger.IP, stranger.Email = ada.IP, ada.Email
	for range 11 {
		app.Clock.Advance(30 * time.Second)
		stranger.Login("wrong wrong wrong wrong")
	}
	stranger.Login("wrong wrong wrong wrong").WantStatus(t, 429)
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
}

func TestAKnownDeviceHasACountOfItsOwn(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	ada.Post("/logout")
	for i := range 6 {
		ada.IP = fmt.Sprintf("198.51.100.%d", i+1)
		ada.Login("wrong wrong wrong wrong")
	}
	ada.IP = "198.51.100.99"
	ada.Login(apptest.Password).WantStatus(t, 429)
}

// Item 19: forwarding headers count only when they come from a trusted proxy.
func TestItem19AnAddressIsNotTheClientsToChoose(t *testing.T) {
	app := apptest.New(t, func(app *apptest.App) { app.Config.TrustedProxies = nil })
	ada := app.LoggedOut("ada@example.com")
	for i := range 10 {
		ada.IP = fmt.Sprintf("198.51.100.%d", i)
		app.Clock.Advance(40 * time.Second)
		ada.Login("wrong wrong wrong wrong")
	}
	ada.IP = "198.51.100.200"
	ada.Login(apptest.Password).WantStatus(t, 429)
	var ips []string
	app.DB.Table("events").Distinct("ip").Pluck("ip", &ips)
	if len(ips) != 1 || ips[0] != "127.0.0.1" {
		t.Errorf("the security log believed in %v", ips)
	}
}

func TestItem19BehindAProxyOnlyTheProxysOwnWordCounts(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	ada.IP = "6.6.6.6, 198.51.100.7" // the first was sent by the client, the second added by the proxy
	ada.Login("wrong wrong wrong wrong")
	if n := app.Count("events", "ip = ?", "198.51.100.7"); n == 0 {
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
			app := apptest.New(t, func(app *apptest.App) { app.Config.TrustedProxies = claim.proxies })
			ada := app.LoggedOut("ada@example.com")
			ada.IP = claim.forwarded
			r := ada.Request(http.MethodPost, "/login", strings.NewReader("email=ada%40example.com&password=wrong"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("X-Real-IP", "7.7.7.7")
			if _, err := ada.Send(r); err != nil || app.Count("events", "ip = ?", claim.want) != 1 {
				t.Errorf("behind %s, %s is not %s (%v)", claim.proxies, claim.forwarded, claim.want, err)
			}
		})
	}
}

func TestItem19AProxyMayWriteThePort(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	for _, address := range []string{"198.51.100.8:49152", "[2001:db8::8]:49152", "[2001:db8::9]"} {
		ada.IP = address
		ada.Login("wrong wrong wrong wrong")
	}
	for _, ip := range []string{"198.51.100.8", "2001:db8::8", "2001:db8::9"} {
		if app.Count("events", "ip = ?", ip) == 0 {
			t.Errorf("nothing is on record from %s", ip)
		}
	}
}

func TestGuessesFromOneIPv6NetworkAreCountedTogether(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	for i := range 10 {
		ada.IP = fmt.Sprintf("2001:db8:1:2::%x", i+1)
		app.Clock.Advance(40 * time.Second)
		ada.Login("wrong wrong wrong wrong")
	}
	ada.IP = "2001:db8:1:2:ffff::1"
	ada.Login(apptest.Password).WantStatus(t, 429)
	ada.IP = "2001:db8:1:3::1"
	app.Clock.Advance(40 * time.Second)
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
}

// Item 67: fifty guesses at once are fifty guesses.
func TestItem67SimultaneousGuessesAreAllCounted(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	var looked atomic.Int32
	app.AtOnce(50, func(int) {
		page, err := ada.Try(http.MethodPost, "/login", url.Values{"email": {ada.Email}, "password": {"wrong wrong wrong wrong"}})
		if err != nil {
			t.Error(err)
		} else if page.Status != http.StatusTooManyRequests {
			looked.Add(1)
		}
	})
	if looked.Load() > 5 {
		t.Errorf("%d of 50 simultaneous guesses were looked at, and 5 are free", looked.Load())
	}
}

func TestLimitsHoldAcrossARestart(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	for range 5 {
		ada.Login("wrong wrong wrong wrong").WantStatus(t, 422)
	}
	app.Restart()
	ada.Login(apptest.Password).WantStatus(t, 429)
}

func TestManyPeopleBehindOneAddressCanAllLogIn(t *testing.T) {
	app := apptest.New(t)
	for i := range 5 {
		browser := app.LoggedOut(fmt.Sprintf("p%d@example.com", i))
		browser.IP = "198.51.100.7"
		browser.Login("wrong wrong wrong wrong").WantStatus(t, 422)
		if i == 0 {
			app.SetHits("login-ip", 95)
		}
		browser.Login(apptest.Password).WantRedirect(t, "/dashboard") // the last is the hundredth, and takes itself back
	}
}

// Whoever has an account of their own must not use it to guess at others for ever.
func TestARightPasswordForgivesNoGuessesAtOtherAccounts(t *testing.T) {
	app := apptest.New(t)
	mallory, ada := app.LoggedOut("mallory@example.com"), app.LoggedOut("ada@example.com")
	ada.IP = mallory.IP
	ada.Login("wrong wrong wrong wrong").WantStatus(t, 422)
	app.SetHits("login-ip", 99)
	mallory.Login(apptest.Password).WantRedirect(t, "/dashboard")
	ada.Login("wrong wrong wrong wrong").WantStatus(t, 422)
	ada.Login("wrong wrong wrong wrong").WantStatus(t, 429)
}

// Item 12: old hashes are replaced at the next login; bcrypt is read for imports.
func TestItem12AnImportedBcryptHashWorksAndIsReplaced(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	old, err := bcrypt.GenerateFromPassword([]byte(apptest.Password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	app.Exec("UPDATE users SET password_hash = ?", string(old))
	ada.Login(apptest.OtherPassword).WantStatus(t, 422)
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
	var hash string
	app.DB.Raw("SELECT password_hash FROM users").Scan(&hash)
	if !strings.HasPrefix(hash, "$argon2id$") {
		t.Errorf("the hash is still %s", hash)
	}
	ada.Post("/logout")
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
}

// Several devices that log in at once after an import all get in, and one of them replaces the hash.
func TestItem12LogInsAtOnceWithAnOldHashAllSucceed(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada := app.LoggedOut("ada@example.com")
	old, err := bcrypt.GenerateFromPassword([]byte(apptest.Password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	app.Exec("UPDATE users SET password_hash = ?", string(old))
	var in atomic.Int32
	app.AtOnce(4, func(int) {
		page, err := ada.Tab().
			Try(http.MethodPost, "/login", url.Values{"email": {ada.Email}, "password": {apptest.Password}})
		if err == nil && page.Header.Get("Location") == "/dashboard" {
			in.Add(1)
		}
	})
	if in.Load() != 4 {
		t.Errorf("%d of 4 are in", in.Load())
	}
}

// Item 31: disabling an account ends its sessions with the next request.
func TestItem31ADisabledAccountIsOutAtOnce(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	app.Exec("UPDATE users SET disabled_at = ?", app.Clock.Now())
	ada.Get("/dashboard").WantRedirect(t, "/login?next=%2Fdashboard")
	ada.Login(apptest.Password).WantStatus(t, 422)
}

func TestTheSignedInAreSentFromGuestPagesToTheirDashboard(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	ada.Get("/login").WantRedirect(t, "/dashboard")
	ada.Get("/register").WantRedirect(t, "/dashboard")
}

// One user's guesses close nothing for the others behind the same address.
func TestOnesGuessesAreNotTheirNeighbors(t *testing.T) {
	app := apptest.New(t)
	ada, bob := app.LoggedOut("ada@example.com"), app.LoggedOut("bob@example.com")
	bob.IP = ada.IP
	ada.Login("wrong wrong wrong wrong").WantStatus(t, 422)
	app.SetHits("login-pair", 9)
	ada.Login("wrong wrong wrong wrong").WantStatus(t, 422)
	if page := ada.Login(apptest.Password).WantStatus(t, 429); page.Header.Get("Retry-After") != "900" {
		t.Errorf("Retry-After is %q, not a quarter of an hour", page.Header.Get("Retry-After"))
	}
	bob.Login(apptest.Password).WantRedirect(t, "/dashboard")
	app.Clock.Advance(15 * time.Minute)
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
}

// Item 16: strangers see their own tries in the counts, and not whether somebody with the address has logged in since.
func TestItem16StrangersCountsDoNotTellWhoHasAnAccount(t *testing.T) {
	app := apptest.New(t)
	new, known, forgetful := app.LoggedOut("new@example.com"), app.LoggedIn("known@example.com"), app.LoggedOut("forgetful@example.com")
	known.Post("/logout")
	comeBack := map[string]func(){
		"nobody@example.com": func() {},
		new.Email:            func() { app.BrowserOf(new.Email).Login(apptest.Password).WantRedirect(t, "/dashboard") },
		known.Email:          func() { known.Login(apptest.Password).WantRedirect(t, "/dashboard"); known.Post("/logout") },
		forgetful.Email:      func() { forgetful.ResetPassword(apptest.Password) },
	}
	seen := map[string][]string{}
	for _, wait := range []time.Duration{0, 10 * time.Second, 24 * time.Hour, 16 * 24 * time.Hour, 14 * 24 * time.Hour, 24 * time.Hour} {
		app.Clock.Advance(wait)
		for email, comesBack := range comeBack {
			comesBack()
			for range 4 {
				page := app.BrowserOf(email).Login("wrong wrong wrong wrong")
				seen[email] = append(seen[email], fmt.Sprint(page.Status, page.Header.Get("Retry-After")))
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
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	ada.Post("/logout")
	for range 5 {
		ada.Login("wrong wrong wrong wrong").WantStatus(t, 422)
		app.BrowserOf(ada.Email).Login("wrong wrong wrong wrong").WantStatus(t, 422)
	}
	ada.Login(apptest.Password).WantStatus(t, 429)
	ada.ResetPassword(apptest.OtherPassword)
	ada.Login(apptest.OtherPassword).WantRedirect(t, "/dashboard")
	app.BrowserOf(ada.Email).Login(apptest.OtherPassword).WantStatus(t, 429)
}

// A device that is known for one account is a stranger's to every other.
func TestItem14ADeviceIsKnownForItsOwnAccountAlone(t *testing.T) {
	app := apptest.New(t)
	ada, mallory, phone := app.LoggedIn("ada@example.com"), app.LoggedIn("mallory@example.com"), app.Browser()
	mallory.Post("/logout")
	mallory.Email, phone.Email = ada.Email, ada.Email
	for range 5 {
		mallory.Login("wrong wrong wrong wrong").WantStatus(t, 422)
	}
	phone.Login(apptest.Password).WantStatus(t, 429)
}

// Item 15: and the wait never grows past an hour, or nobody could come back the same day.
func TestItem15TheWaitGrowsToAnHourAndNoFurther(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	ada.Login("wrong wrong wrong wrong").WantStatus(t, 422)
	app.SetHits("login-account", 50)
	ada.Login("wrong wrong wrong wrong").WantStatus(t, 422)
	if page := ada.Login(apptest.Password).WantStatus(t, 429); page.Header.Get("Retry-After") != "3600" {
		t.Errorf("Retry-After is %q", page.Header.Get("Retry-After"))
	}
	app.Clock.Advance(29 * 24 * time.Hour) // and a month after the first try, no less, the count starts anew
	ada.Login("wrong wrong wrong wrong").WantStatus(t, 422)
	ada.Login(apptest.Password).WantStatus(t, 429)
	app.Clock.Advance(24 * time.Hour)
	ada.Login("wrong wrong wrong wrong").WantStatus(t, 422)
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
}

// Item 68: the log tells that somebody was stopped, once: a flood must not fill it.
func TestItem68AReachedLimitIsOnRecordOnceAndSoIsWhomItConcerned(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	for range 10 {
		ada.Login("wrong wrong wrong wrong")
	}
	if n := app.Count("events", "name = 'limit.reached'"); n != 1 {
		t.Errorf("%d limits are on record", n)
	}
	if n := app.Count("events", "name = 'login.failed' AND user_id = (SELECT id FROM users)"); n != 5 {
		t.Errorf("%d of 5 failures name the account", n)
	}
}

func TestADeviceKeepsItsToken(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	first := apptest.CookieValue(ada.Cookie("device"))
	ada.Post("/logout")
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
	if again := apptest.CookieValue(ada.Cookie("device")); again != first || first == "" || app.Count("known_devices", "true") != 1 {
		t.Errorf("the device was %q and is %q", first, again)
	}
}

// setsCookie reports whether the answer sets or clears a cookie.
func setsCookie(page *apptest.Page, name string) bool {
	for _, cookie := range (&http.Response{Header: page.Header}).Cookies() {
		if strings.HasSuffix(cookie.Name, name) {
			return true
		}
	}
	return false
}

// ASVS 7.2.4: reauthentication renews the token. A request of the same browser that was under way carries the old one, and its late answer must
// not delete the new cookie.
func TestSession_LateRequestKeepsRenewedCookie(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	late := ada.Tab()
	ada.Get("/account/prove?next=%2Faccount").Submit("answer", apptest.Password).WantRedirect(t, "/account")
	ada.Get("/dashboard").WantStatus(t, 200)
	for _, path := range []string{"/", "/dashboard", "/login", "/nowhere"} {
		if setsCookie(late.Get(path), "session") {
			t.Errorf("%s answers the old token with a cookie, want none", path)
		}
	}
	if setsCookie(late.Post("/account", "name", "Ada"), "session") {
		t.Error("a form with the old token is answered with a cookie, want none")
	}
}

func TestSession_UnknownTokenIsAVisitor(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	app.Exec("DELETE FROM sessions")
	ada.Get("/").WantStatus(t, 200)
	ada.Get("/dashboard").WantRedirect(t, "/login?next=%2Fdashboard")
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
}

// A user may have logged in in another tab, or follow a link that asked for a login.
func TestLogin_LoggedInUserGoesOnToNext(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	const next = "/account/sessions?from=mail"
	for _, page := range []string{"/login", "/register"} {
		ada.Get(page+"?next="+url.QueryEscape(next)).WantRedirect(t, next)
		for _, unsafe := range []string{"", "//evil.example", "https://evil.example/", "/login", "/logout", "/register"} {
			ada.Get(page+"?next="+url.QueryEscape(unsafe)).WantRedirect(t, "/dashboard")
		}
	}
	visitor := app.LoggedOut("grace@example.com")
	other := visitor.Get("/login?next=" + url.QueryEscape(next))
	visitor.Login(apptest.Password).WantRedirect(t, "/dashboard")
	other.Submit("email", visitor.Email, "password", apptest.Password).WantRedirect(t, next)
	visitor.Post("/login", "email", visitor.Email, "password", apptest.Password, "next", "//evil.example").
		WantRedirect(t, "/dashboard")
}

// Item 10: a password is changed when its owner wants to, and there is no second, weaker one.
func TestItem10APasswordDoesNotAge(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	app.Clock.Advance(5 * 366 * 24 * time.Hour)
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard").WantStatus(t, 200)
}

// Item 37: nothing of a user's pages stays in a cache, in the browser's memory or in a proxy's.
func TestItem37NothingOfAPersonIsKeptByCaches(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	for _, path := range []string{"/dashboard", "/account", "/account/security", "/account/sessions"} {
		if cache := ada.Get(path).WantStatus(t, 200).Header.Get("Cache-Control"); cache != "no-store" {
			t.Errorf("%s: Cache-Control is %q", path, cache)
		}
		ada.Get(path+"/x.css").WantStatus(t, 404)
		ada.Get(path+".css").WantStatus(t, 404)
	}
	if page := ada.Post("/logout"); page.Header.Get("Cache-Control") != "no-store" || !strings.Contains(page.Header.Get("Clear-Site-Data"), `"cache"`) {
		t.Errorf("logging out leaves %v", page.Header)
	}
}

// Whoever comes back when they were told to is not told to wait again.
func TestRetryAfterIsNeverTooEarly(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	ada.Login("wrong wrong wrong wrong").WantStatus(t, 422)
	app.SetHits("login-account", 5)
	ada.Login("wrong wrong wrong wrong").WantStatus(t, 422)
	app.Clock.Advance(500 * time.Millisecond)
	if page := ada.Login(apptest.Password).WantStatus(t, 429); page.Header.Get("Retry-After") != "2" {
		t.Errorf("a second and a half before the next try, Retry-After is %q", page.Header.Get("Retry-After"))
	}
}

func TestAWindowEndsWhenItSaidHoweverManyTriesFollow(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	for _, wait := range []time.Duration{0, 14 * time.Minute, 2 * time.Minute} {
		app.Clock.Advance(wait)
		ada.Login("wrong wrong wrong wrong").WantStatus(t, 422)
	}
	if app.Count("limits", "id LIKE 'login-pair:%' AND hits = 1") != 1 {
		t.Error("the third try, a quarter of an hour after the first, is counted with it")
	}
}
