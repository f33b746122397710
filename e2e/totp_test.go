package e2e

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// app computes codes, as oathtool does.
type app struct {
	p      *person
	secret string
	last   int64 // the step of the last code
}

// key returns the secret on the open page.
func (p *person) key() string {
	return evaluate[string](p, `document.getElementById("totp-key").textContent.replaceAll(" ", "")`)
}

// enrolls sets up an authenticator with the key on the open page.
func (p *person) enrolls() *app {
	p.t.Helper()
	a := &app{p: p, secret: p.key()}
	p.fill("Code", a.code()).press("Turn it on")
	p.message("security")
	return a
}

// code returns a code that was not used yet. It waits if the next one would be
// refused as too early.
func (a *app) code() string {
	a.p.t.Helper()
	oathtool, err := exec.LookPath("oathtool")
	if err != nil {
		missing(a.p.t, "this test needs oathtool (on Debian: apt-get install oathtool)")
	}
	step := max(time.Now().Unix()/30, a.last+1)
	time.Sleep(time.Until(time.Unix((step-1)*30, 0)))
	a.last = step
	code, err := exec.Command(oathtool, "--totp", "--base32", "--now",
		time.Unix(step*30, 0).UTC().Format("2006-01-02 15:04:05 UTC"), a.secret).Output()
	if err != nil {
		a.p.t.Fatal(err)
	}
	return strings.TrimSpace(string(code))
}

// totpViews are the pages of authenticators, and those of second factors, which
// need one.
func totpViews(t *testing.T) []view {
	s := startWithMail(t, "RATE_LIMIT=off")
	ada := s.visit(t, "Ada Lovelace").joins()
	var phone *app
	return []view{
		{"totp-none", "/account/totp", 200, ada, opens("/account/totp")},
		{"totp-new", "/account/totp/new", 200, ada, opens("/account/totp/new")},
		{"totp-new-wrong", "/account/totp/new", 422, ada, func(p *person) {
			p.open("/account/totp/new").fill("Code", "000000").fill("Name", " ").press("Turn it on")
		}},
		{"prove", "/account/prove", 200, ada, opens("/account/prove")},
		{"prove-wrong", "/account/prove", 422, ada, func(p *person) {
			p.open("/account/prove").fill("Password", "a wrong guess").press("Go on")
		}},
		{"totp-added", "", 200, ada, func(p *person) { phone = p.open("/account/totp/new").enrolls() }},
		{"security-unsafe", "/account/security", 200, ada, opens("/account/security")},
		{"recovery-codes-none", "/account/recovery-codes", 200, ada, opens("/account/recovery-codes")},                                          // feature:recovery_codes
		{"recovery-codes-new", "", 200, ada, func(p *person) { p.open("/account/recovery-codes").press("Make new codes").message("security") }}, // feature:recovery_codes
		{"recovery-codes", "/account/recovery-codes", 200, ada, opens("/account/recovery-codes")},                                               // feature:recovery_codes
		{"security-safe", "/account/security", 200, ada, opens("/account/security")},
		{"totp", "/account/totp", 200, ada, opens("/account/totp")},
		{"totp-rename", "/account/totp", 200, ada, func(p *person) { p.open("/account/totp").toggle("Rename") }},
		{"factor", "/login/factor", 200, ada, func(p *person) { p.open("/account").press("Log out").logIn() }},
		{"factor-wrong", "/login/factor", 422, ada, func(p *person) { p.fill("Code", "000000").press("Log in") }},
		{"factor-recovery-code", "", 200, ada, func(p *person) { p.press("Use a recovery code") }}, // feature:recovery_codes
		{"factor-passed", "", 200, ada, func(p *person) {
			p.logIn().fill("Code", phone.code()).press("Log in").at("/dashboard", http.StatusOK)
		}},
		{"password-reset-factor", "/password/reset", 200, ada, func(p *person) {
			p.press("Log out").open("/password/forgot").fill("Email", p.email).press("Send the link")
			p.open(p.message("Reset").Link)
		}},
		{"factor-reset", "/login/factor", 200, ada, func(p *person) { p.press("Go on") }},
	}
}

// zbarimg reads the QR code from a picture of the page.
func TestTOTP_QRCodeHasTheKey(t *testing.T) {
	zbarimg, err := exec.LookPath("zbarimg")
	if err != nil {
		missing(t, "this test needs zbarimg (on Debian: apt-get install zbar-tools)")
	}
	for _, scheme := range []string{"light", "dark"} {
		ada := startWithMail(t).visit(t, "Ada Lovelace").joins().look(scheme, 1280).open("/account/totp/new")
		ada.settle()
		picture, err := ada.picture()
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "page.png")
		if err := os.WriteFile(file, picture, 0o600); err != nil {
			t.Fatal(err)
		}
		read, err := exec.CommandContext(context.Background(), zbarimg, "--quiet", "--raw", file).Output()
		if err != nil {
			t.Fatalf("nothing is read from the page in %s: %v", scheme, err)
		}
		address, err := url.Parse(strings.TrimSpace(string(read)))
		if err != nil {
			t.Fatal(err)
		}
		if key := ada.key(); address.Query().Get("secret") != key {
			t.Errorf("the QR code holds %s, the page shows %s", address, key)
		}
	}
}

func TestTOTP_LogsIn(t *testing.T) {
	t.Parallel() // it waits for the clock
	for _, scripts := range []bool{true, false} {
		ada := startWithMail(t).visit(t, "Ada Lovelace").joins()
		if !scripts {
			ada.withoutScripts()
		}
		ada.open("/account/totp/new")
		phone := ada.enrolls()
		ada.press("Log out").logIn().at("/login/factor", http.StatusOK)
		ada.fill("Code", phone.code()).press("Log in").at("/dashboard", http.StatusOK)
	}
}

func TestTOTP_IsRenamedAndRemoved(t *testing.T) {
	for _, scripts := range []bool{true, false} {
		ada := startWithMail(t).visit(t, "Ada Lovelace").joins()
		if !scripts {
			ada.withoutScripts()
		}
		ada.open("/account/totp/new").enrolls()
		ada.open("/account/totp").toggle("Rename").fill("Name", "My old phone").press("Save name").at("/account/totp",
			http.StatusOK).sees("My old phone")
		ada.press("Remove").at("/account/totp", http.StatusOK).sees("Set up").message("security")
		ada.press("Log out").logIn().at("/dashboard", http.StatusOK)
	}
}

func TestPasswordReset_AsksForTheSecondFactor(t *testing.T) {
	t.Parallel() // it waits for the clock
	ada := startWithMail(t).visit(t, "Ada Lovelace").joins().open("/account/totp/new")
	phone := ada.enrolls()
	ada.open("/password/forgot").fill("Email", ada.email).press("Send the link")
	ada.open(ada.message("Reset").Link).press("Go on").at("/login/factor", http.StatusOK)
	ada.fill("Code", phone.code()).press("Go on").at("/login/password", http.StatusOK)
	ada.password = "quiet rivers carry paper boats"
	ada.fill("New password", ada.password).press("Set new password").at("/login", http.StatusOK)
	ada.logIn().fill("Code", phone.code()).press("Log in").at("/dashboard", http.StatusOK)
}

// recovers opens the page behind the mailed link, for a user who has lost the
// app.
func (s *site) recovers(p *person) {
	p.joins().open("/account/totp/new").enrolls()
	s.runs(p.t, "user", "recover", p.email)
	p.open(p.message("Get back").Link)
}
