package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/mail/mailtest"
	"example.com/gatehouse/models"
)

func TestANameIsChangedAndShown(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	ada.Get("/account").Submit("name", "Ada, Countess of Lovelace").WantRedirect(t, "/account").
		WantText(t, "saved", "Countess")
	ada.Get("/account").WantNoText(t, "Your name is saved") // it is said once
	ada.Get("/account").Submit("name", "   ").WantStatus(t, 422).WantText(t, "Enter your name")
	ada.Get("/account").Submit("name", strings.Repeat("é", 101)).WantStatus(t, 422).WantText(t, "100 characters")
	ada.Get("/account").Submit("name", "Ada\u202egnp.exe").WantStatus(t, 422).
		WantText(t, "hidden character after “Ada”")
	ada.Get("/account").Submit("name", "\u3164").WantStatus(t, 422).WantText(t, "This name shows nothing")
	ada.Get("/account").Submit("name", "\u200fAda King, Countess\u200b").WantRedirect(t, "/account").
		WantText(t, "saved", "Ada King, Countess")
	ada.Get("/dashboard").WantText(t, "Countess")
}

// Item 66: what people type is text, wherever it is shown.
func TestItem66ANameIsNeverMarkup(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	const name = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>`
	ada.Get("/account").Submit("name", name).WantRedirect(t, "/account").WantText(t, name).
		WantNoText(t, "<script>alert", "<img src=x")
	ada.Get("/dashboard").WantNoText(t, "<script>alert", "<img src=x")
}

// Item 8: the current password is asked. Item 24, 33: other sessions end. Item 17: the owner is told.
func TestItem8ChangingThePasswordAsksTheCurrentOne(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	laptop := app.Browser()
	laptop.Email = ada.Email
	laptop.Login(apptest.Password).WantRedirect(t, "/dashboard")
	stolen := ada.Tab()
	page := ada.Get("/account/security")
	page.Submit("current_password", "", "password", apptest.OtherPassword).WantStatus(t, 422).
		WantText(t, "Enter your current password")
	page.Submit("current_password", "not it, not it, not it", "password", apptest.OtherPassword).WantStatus(t, 422).
		WantText(t, "not your current password").WantNoText(t, apptest.OtherPassword)
	page.Submit("current_password", apptest.Password, "password", "ada").WantStatus(t, 422)
	page.Submit("current_password", apptest.Password, "password", apptest.OtherPassword).
		WantRedirect(t, "/account/security").WantText(t, "changed")
	ada.Get("/dashboard").WantStatus(t, 200)
	laptop.Get("/dashboard").WantRedirect(t, "/login?next=%2Fdashboard")
	stolen.Get("/dashboard").WantRedirect(t, "/login?next=%2Fdashboard") // item 30: proving oneself renews the token
	told := ada.Mail()
	if !strings.Contains(strings.ToLower(told.Subject), "password") || !strings.Contains(told.Text, "Firefox on Linux") || !strings.Contains(told.Text, ada.IP) {
		t.Errorf("the owner is told %q:\n%s", told.Subject, told.Text)
	}
	ada.Post("/logout")
	ada.Login(apptest.Password).WantStatus(t, 422)
	ada.Login(apptest.OtherPassword).WantRedirect(t, "/dashboard")
}

func TestAStolenSessionIsNoPlaceToGuessThePassword(t *testing.T) {
	app := apptest.New(t)
	attacker := app.LoggedIn("ada@example.com")
	for range 5 {
		attacker.Post("/account/security", "current_password", "wrong wrong wrong", "password", apptest.OtherPassword).
			WantStatus(t, 422)
	}
	attacker.Post("/account/security", "current_password", apptest.Password, "password", apptest.OtherPassword).
		WantStatus(t, 429)
}

func TestAChangedPasswordVoidsMailedLinks(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	ada.Post("/password/forgot", "email", ada.Email)
	link := ada.Mail().Link
	ada.Post("/account/security", "current_password", apptest.Password, "password", apptest.OtherPassword).
		WantStatus(t, 303)
	app.Browser().Get(link).WantStatus(t, 410)
}

// Item 33: one sees and ends one's sessions.
func TestItem33OneSeesAndEndsOnesSessions(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	phone := app.Browser()
	phone.Email, phone.UserAgent = ada.Email, "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
	phone.Login(apptest.Password).WantRedirect(t, "/dashboard")
	page := ada.Get("/account/sessions").
		WantText(t, "Firefox on Linux", "Safari on iOS", "This device", ada.IP, phone.IP)
	if n := strings.Count(page.Text(), "This device"); n != 1 {
		t.Errorf("%d sessions are marked as this one", n)
	}
	var session models.Session
	if err := app.DB.Where("device = ?", "Safari on iOS").Take(&session).Error; err != nil {
		t.Fatal(err)
	}
	ada.Post("/account/sessions/end", "id", session.ID).WantRedirect(t, "/account/sessions").WantText(t, "logged out").
		WantNoText(t, phone.IP)
	phone.Get("/dashboard").WantRedirect(t, "/login?next=%2Fdashboard")
}

func TestItem33OneEndsAllOtherSessionsAtOnce(t *testing.T) {
	app := apptest.New(t)
	ada, bob := app.LoggedIn("ada@example.com"), app.LoggedIn("bob@example.com")
	var others []*apptest.Browser
	for range 3 {
		other := app.Browser()
		other.Email = ada.Email
		other.Login(apptest.Password).WantRedirect(t, "/dashboard")
		others = append(others, other)
	}
	ada.Post("/account/sessions/end-others").WantRedirect(t, "/account/sessions")
	for _, other := range others {
		other.Get("/dashboard").WantRedirect(t, "/login?next=%2Fdashboard")
	}
	ada.Get("/dashboard").WantStatus(t, 200)
	bob.Get("/dashboard").WantStatus(t, 200)
}

// Item 61: an id is no proof of access, and somebody else's row is not there.
func TestItem61NobodyEndsSomebodyElsesSession(t *testing.T) {
	app := apptest.New(t)
	ada, mallory := app.LoggedIn("ada@example.com"), app.LoggedIn("mallory@example.com")
	var session models.Session
	app.DB.Joins("JOIN users ON users.id = sessions.user_id").Where("users.email = ?", ada.Email).Take(&session)
	for _, id := range []string{session.ID, "", "nonsense", "' OR 1=1 --", "00000000-0000-0000-0000-000000000000"} {
		mallory.Post("/account/sessions/end", "id", id).WantStatus(t, 404)
	}
	ada.Get("/dashboard").WantStatus(t, 200)
	if n := app.Count("events", "name = 'access.denied' AND user_id IS NOT NULL"); n != 5 {
		t.Errorf("%d of 5 refusals are on record", n)
	}
	mallory.Get("/account/sessions").WantNoText(t, session.ID, ada.IP)
}

func TestEndingThisSessionIsLoggingOut(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	var session models.Session
	app.DB.Take(&session)
	ada.Post("/account/sessions/end", "id", session.ID).WantRedirect(t, "/login").WantText(t, "logged out")
}

// Items 65: a form sets what it is for and nothing else.
func TestItem65ExtraFieldsAreIgnoredAndDoubledOnesRefused(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	ada.Post("/account", "name", "Ada", "email", "root@example.com", "password_hash", "x", "id", "y", "disabled_at", "z").
		WantStatus(t, 303)
	if n := app.Count("users", "email = ? AND disabled_at IS NULL AND password_hash <> 'x'", ada.Email); n != 1 {
		t.Error("a form changed what it is not for")
	}
	ada.Post("/account", "name", "Ada", "name", "Eve").WantStatus(t, 400)
	ada.Post("/account", "name", "A\x00da").WantStatus(t, 400)
	ada.Post("/account", "name", "A\xffda").WantStatus(t, 400)
	// A password in an address is a password in a log.
	bob := app.LoggedOut("bob@example.com")
	bob.Do(http.MethodPost, "/login?email=bob%40example.com&password="+url.QueryEscape(apptest.Password), nil).
		WantStatus(t, 422)
}

// Item 68: each of these is a row, with who, where and when.
func TestItem68TheSecurityLogTellsTheWholeStory(t *testing.T) {
	app := apptest.New(t)
	ada := app.Browser()
	ada.SignUp("Ada", "ada@example.com", apptest.Password).WantRedirect(t, "/dashboard")
	ada.Get("/account").Submit("name", "Countess")
	ada.Post("/account/security", "current_password", "wrong wrong wrong", "password", apptest.OtherPassword).
		WantStatus(t, 422)
	ada.Post("/account/security", "current_password", apptest.Password, "password", apptest.OtherPassword).
		WantStatus(t, 303)
	ada.Tab().StartLogin()
	ada.Post("/account/sessions/end-others")
	ada.Post("/logout")
	ada.Login(apptest.Password).WantStatus(t, 422)
	ada.Mail()
	ada.Post("/password/forgot", "email", ada.Email)
	ada.Get(ada.Mail().Link).Submit("password", apptest.Password).WantRedirect(t, "/login")
	ada.Post("/password/reset", "token", "nonsense", "password", apptest.Password).WantStatus(t, 410)
	ada.Login(apptest.Password).WantStatus(t, 303)
	ada.Origin = "https://evil.example"
	ada.Post("/logout").WantStatus(t, 403)
	want := "registration.requested email.confirmed session.started account.renamed password.change_failed password.changed session.started session.ended session.ended " +
		"login.failed password.reset_requested password.reset password.reset_failed session.started origin.refused"
	if got := strings.Join(app.Events(), " "); got != want {
		t.Errorf("the log tells\n%s, not\n%s", got, want)
	}
	var events []models.Event
	app.DB.Find(&events)
	for _, e := range events {
		if e.IP != ada.IP || e.Device != "Firefox on Linux" || e.At.Location() != time.UTC || e.At.IsZero() {
			t.Errorf("%s: at %s from %s with %s", e.Name, e.At, e.IP, e.Device)
		}
		if !strings.Contains(app.Log.String(), e.ID) {
			t.Errorf("%s has no line in the log", e.Name)
		}
	}
}

// ASVS 16.4.1, OWASP Injection Prevention: what a User-Agent header says
// stands in no mail, no page and no line of the log.
func TestDevice_IsNamedFromTheListAlone(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	for _, agent := range []string{
		"Your account is hacked Call support 0800 1234567",
		`Evil/1.0 "} {"msg":"session.started"` + strings.Repeat("x", 500) + "\t(X11; <b>Linux</b>)",
		"Mozilla/5.0 (X11; Linux x86_64) Chrome/140 Safari/537.36 \u202eCall\u200b support/0800",
	} {
		attacker := app.BrowserOf(ada.Email)
		attacker.UserAgent = agent
		attacker.Login(apptest.Password).WantRedirect(t, "/dashboard")
		told := attacker.NewDeviceMail()
		if !strings.Contains(told.Text, "an unknown browser") || !strings.Contains(told.HTML, "an unknown browser") {
			t.Errorf("the alert about %q says:\n%s", agent, told.Text)
		}
		for _, page := range []string{"/account/sessions", "/account/activity"} {
			if got := attacker.Get(page); got.Status == http.StatusOK { // activity is optional
				got.WantText(t, "an unknown browser").
					WantNoText(t, "hacked", "support/0800", "Evil", "<b>Linux", "\u202e", "\u200b")
			}
		}
		if said := told.Text + told.HTML + app.Log.String(); strings.Contains(said, "support/0800") || strings.Contains(said, "hacked") {
			t.Errorf("%q is repeated in the mail or the log", agent)
		}
	}
	for line := range strings.Lines(app.Log.String()) {
		if !strings.HasPrefix(line, "{") || !strings.HasSuffix(line, "}\n") {
			t.Errorf("the log has the line %q", line)
		}
	}
}

// Rows from before the list may hold what a header said.
func TestDevice_StoredBeforeTheListIsNotShown(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	if err := app.DB.Exec("UPDATE sessions SET device = 'Call support 0800 on Linux'").Error; err != nil {
		t.Fatal(err)
	}
	ada.Get("/account/sessions").WantText(t, "an unknown browser on Linux").WantNoText(t, "0800")
}

// A stranger chooses both the name and whose mailbox the sign-up's mail goes to.
func TestSignUp_MailDoesNotRepeatTheName(t *testing.T) {
	app := apptest.New(t)
	stranger := app.BrowserOf("ada@example.com")
	stranger.Post("/register", "name", "Your account is hacked Call support", "email", stranger.Email, "password", apptest.Password)
	if m := stranger.Mail(); strings.Contains(m.Text+m.HTML+m.Subject, "hacked") {
		t.Errorf("the mail repeats the name:\n%s", m.Text)
	}
}

// Item 33: the list tells from where a session was used last.
func TestItem33ASessionShowsWhereItWasSeenLast(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	app.Clock.Advance(61 * time.Second)
	former := ada.IP
	ada.IP = "198.51.100.7"
	ada.Get("/account/sessions").WantText(t, "198.51.100.7").WantNoText(t, former)
}

// Item 33: what has ended is not on the list.
func TestItem33TheListShowsLivingSessionsAlone(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	phone := ada.Tab()
	phone.IP = "198.51.100.7"
	phone.Client.Jar.SetCookies(app.Config.AppURL, []*http.Cookie{{Name: app.CookieName("session"), Path: "/", MaxAge: -1}})
	phone.Login(apptest.Password).WantRedirect(t, "/dashboard")
	app.Clock.Advance(13 * time.Hour)
	ada.Get("/dashboard").WantStatus(t, 200)
	app.Clock.Advance(13 * time.Hour)
	ada.Get("/account/sessions").WantNoText(t, phone.IP)
}

// Item 61: a name is changed where its owner is, and nowhere else.
func TestItem61ARenamingTouchesNobodyElse(t *testing.T) {
	app := apptest.New(t)
	ada, bob := app.LoggedIn("ada@example.com"), app.LoggedIn("bob@example.com")
	ada.Get("/account").Submit("name", "Countess").WantRedirect(t, "/account")
	bob.Get("/dashboard").WantText(t, "Bob").WantNoText(t, "Countess")
}

// Item 61: nor does a new password.
func TestItem61ANewPasswordIsItsOwnersAlone(t *testing.T) {
	app := apptest.New(t)
	ada, bob := app.LoggedIn("ada@example.com"), app.LoggedIn("bob@example.com")
	ada.Post("/account/security", "current_password", apptest.Password, "password", apptest.OtherPassword).
		WantStatus(t, 303)
	bob.Get("/dashboard").WantStatus(t, 200)
	bob.Post("/logout")
	bob.Login(apptest.Password).WantRedirect(t, "/dashboard")
}

// Item 68: who is refused again and again fills the log, which is rotated, and not the database.
func TestItem68RefusalsPastTheirNumberAreOnlyLogged(t *testing.T) {
	app := apptest.New(t)
	eve := app.Browser()
	eve.Origin = "https://evil.example"
	eve.Post("/login").WantStatus(t, 403)
	app.SetHits("refusal-ip", 49)
	for range 3 {
		eve.Post("/login").WantStatus(t, 403)
	}
	if n, lines := app.Count("events", "name = 'origin.refused'"), strings.Count(app.Log.String(), `"msg":"origin.refused"`); n != 2 || lines != 4 {
		t.Errorf("of 4 refusals %d are rows and %d are lines", n, lines)
	}
}

// Item 17: whoever changed it, and however, the owner is told.
func TestItem17TheOwnerIsToldOfEveryNewPassword(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	ada.Post("/account/security", "current_password", apptest.Password, "password", apptest.OtherPassword).
		WantStatus(t, 303)
	changed := ada.Mail()
	ada.Post("/password/forgot", "email", ada.Email)
	ada.Get(ada.Mail().Link).Submit("password", apptest.Password).WantRedirect(t, "/login")
	for _, told := range []mailtest.Message{changed, ada.Mail()} {
		if !strings.Contains(told.Text, "Firefox on Linux") || !strings.Contains(told.Text, ada.IP) || !strings.Contains(told.Link, "/security-alert?token=") {
			t.Errorf("the owner is told %q", told.Text)
		}
	}
}

// Item 67: those who come too late are not logged in any more, or are told that too much is being hashed.
func TestItem67OfFiftyNewPasswordsAtOnceOneWins(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada := app.LoggedIn("ada@example.com")
	to := make([]string, 50)
	app.AtOnce(len(to), func(i int) {
		page, err := ada.Try(http.MethodPost, "/account/security", url.Values{"current_password": {apptest.Password}, "password": {apptest.OtherPassword + strings.Repeat("!", i)}})
		if err != nil {
			t.Error(err)
			return
		}
		to[i] = fmt.Sprint(page.Status, page.Header.Get("Location"))
	})
	slices.Sort(to)
	if to = slices.Compact(to); !slices.Equal(slices.DeleteFunc(to, func(answer string) bool { return answer == "503" }), []string{"303/account/security", "303/login"}) {
		t.Errorf("they were answered %q", to)
	}
	if n := app.Count("events", "name = 'password.changed'"); n != 1 {
		t.Errorf("%d of them are on record", n)
	}
}

func TestANewPasswordKeepsARememberedSessionRememberedAsLong(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	ada.Post("/login", "email", ada.Email, "password", apptest.Password, "remember", "on").WantStatus(t, 303)
	app.Clock.Advance(10 * 24 * time.Hour)
	page := ada.Post("/account/security", "current_password", apptest.Password, "password", apptest.OtherPassword).
		WantStatus(t, 303)
	answer := http.Response{Header: page.Header}
	for _, c := range answer.Cookies() {
		if left := 20*24*3600 - c.MaxAge; c.Name == app.CookieName("session") && (left < 0 || left > 1) {
			t.Errorf("Max-Age is %d", c.MaxAge)
		}
	}
	app.Clock.Advance(19 * 24 * time.Hour)
	ada.Get("/dashboard").WantStatus(t, 200)
}

// Item 33: who has not finished logging in is no more in than the other sessions.
func TestItem33EndingTheOthersEndsWhatIsNotFinished(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	app.Exec("UPDATE users SET password_due_at = ?", app.Clock.Now())
	owed := ada.OtherBrowser().Login(apptest.Password).WantRedirect(t, "/login/password")
	ada.Post("/account/sessions/end-others").WantRedirect(t, "/account/sessions")
	owed.Submit("password", "the attacker chose this one").WantRedirect(t, "/login")
}
