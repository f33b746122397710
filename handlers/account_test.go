package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/gatehouse/mail/mailtest"
	"example.com/gatehouse/models"
)

func TestANameIsChangedAndShown(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.get("/account").submit("name", "Ada, Countess of Lovelace").redirects(t, "/account").says(t, "saved", "Countess")
	ada.get("/account").hides(t, "Your name is saved") // it is said once
	ada.get("/account").submit("name", "   ").is(t, 422).says(t, "Enter your name")
	ada.get("/account").submit("name", strings.Repeat("é", 101)).is(t, 422).says(t, "100 characters")
	ada.get("/account").submit("name", "Ada\u202egnp.exe").is(t, 422).says(t, "hidden character after “Ada”")
	ada.get("/account").submit("name", "\u3164").is(t, 422).says(t, "This name shows nothing")
	ada.get("/account").submit("name", "\u200fAda King, Countess\u200b").redirects(t, "/account").says(t, "saved", "Ada King, Countess")
	ada.get("/dashboard").says(t, "Countess")
}

// Item 66: what people type is text, wherever it is shown.
func TestItem66ANameIsNeverMarkup(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	const name = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>`
	ada.get("/account").submit("name", name).redirects(t, "/account").says(t, name).hides(t, "<script>alert", "<img src=x")
	ada.get("/dashboard").hides(t, "<script>alert", "<img src=x")
}

// Item 8: the current password is asked. Item 24, 33: other sessions end. Item 17: the owner is told.
func TestItem8ChangingThePasswordAsksTheCurrentOne(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	laptop := s.visitor()
	laptop.email = ada.email
	laptop.login(goodPassword).redirects(t, "/dashboard")
	stolen := ada.twin()
	page := ada.get("/account/security")
	page.submit("current_password", "", "password", otherPassword).is(t, 422).says(t, "Enter your current password")
	page.submit("current_password", "not it, not it, not it", "password", otherPassword).is(t, 422).says(t, "not your current password").hides(t, otherPassword)
	page.submit("current_password", goodPassword, "password", "ada").is(t, 422)
	page.submit("current_password", goodPassword, "password", otherPassword).redirects(t, "/account/security").says(t, "changed")
	ada.get("/dashboard").is(t, 200)
	laptop.get("/dashboard").redirects(t, "/login?next=%2Fdashboard")
	stolen.get("/dashboard").redirects(t, "/login?next=%2Fdashboard") // item 30: proving oneself renews the token
	told := ada.mail()
	if !strings.Contains(strings.ToLower(told.Subject), "password") || !strings.Contains(told.Text, "Firefox on Linux") || !strings.Contains(told.Text, ada.ip) {
		t.Errorf("the owner is told %q:\n%s", told.Subject, told.Text)
	}
	ada.post("/logout")
	ada.login(goodPassword).is(t, 422)
	ada.login(otherPassword).redirects(t, "/dashboard")
}

func TestAStolenSessionIsNoPlaceToGuessThePassword(t *testing.T) {
	s := newStage(t)
	thief := s.member("ada@example.com")
	for range 5 {
		thief.post("/account/security", "current_password", "wrong wrong wrong", "password", otherPassword).is(t, 422)
	}
	thief.post("/account/security", "current_password", goodPassword, "password", otherPassword).is(t, 429)
}

func TestAChangedPasswordVoidsMailedLinks(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.post("/password/forgot", "email", ada.email)
	link := ada.mail().Link
	ada.post("/account/security", "current_password", goodPassword, "password", otherPassword).is(t, 303)
	s.visitor().get(link).is(t, 410)
}

// Item 33: one sees and ends one's sessions.
func TestItem33OneSeesAndEndsOnesSessions(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	phone := s.visitor()
	phone.email, phone.agent = ada.email, "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
	phone.login(goodPassword).redirects(t, "/dashboard")
	page := ada.get("/account/sessions").says(t, "Firefox on Linux", "Safari on iOS", "This device", ada.ip, phone.ip)
	if n := strings.Count(page.text(), "This device"); n != 1 {
		t.Errorf("%d sessions are marked as this one", n)
	}
	var session models.Session
	if err := s.db.Where("device = ?", "Safari on iOS").Take(&session).Error; err != nil {
		t.Fatal(err)
	}
	ada.post("/account/sessions/end", "id", session.ID).redirects(t, "/account/sessions").says(t, "logged out").hides(t, phone.ip)
	phone.get("/dashboard").redirects(t, "/login?next=%2Fdashboard")
}

func TestItem33OneEndsAllOtherSessionsAtOnce(t *testing.T) {
	s := newStage(t)
	ada, bob := s.member("ada@example.com"), s.member("bob@example.com")
	var others []*person
	for range 3 {
		other := s.visitor()
		other.email = ada.email
		other.login(goodPassword).redirects(t, "/dashboard")
		others = append(others, other)
	}
	ada.post("/account/sessions/end-others").redirects(t, "/account/sessions")
	for _, other := range others {
		other.get("/dashboard").redirects(t, "/login?next=%2Fdashboard")
	}
	ada.get("/dashboard").is(t, 200)
	bob.get("/dashboard").is(t, 200)
}

// Item 61: an id is no proof of access, and somebody else's row is not there.
func TestItem61NobodyEndsSomebodyElsesSession(t *testing.T) {
	s := newStage(t)
	ada, mallory := s.member("ada@example.com"), s.member("mallory@example.com")
	var session models.Session
	s.db.Joins("JOIN users ON users.id = sessions.user_id").Where("users.email = ?", ada.email).Take(&session)
	for _, id := range []string{session.ID, "", "nonsense", "' OR 1=1 --", "00000000-0000-0000-0000-000000000000"} {
		mallory.post("/account/sessions/end", "id", id).is(t, 404)
	}
	ada.get("/dashboard").is(t, 200)
	if n := s.count("events", "name = 'access.denied' AND user_id IS NOT NULL"); n != 5 {
		t.Errorf("%d of 5 refusals are on record", n)
	}
	mallory.get("/account/sessions").hides(t, session.ID, ada.ip)
}

func TestEndingThisSessionIsLoggingOut(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	var session models.Session
	s.db.Take(&session)
	ada.post("/account/sessions/end", "id", session.ID).redirects(t, "/login").says(t, "logged out")
}

// Items 65: a form sets what it is for and nothing else.
func TestItem65ExtraFieldsAreIgnoredAndDoubledOnesRefused(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.post("/account", "name", "Ada", "email", "root@example.com", "password_hash", "x", "id", "y", "disabled_at", "z").is(t, 303)
	if n := s.count("users", "email = ? AND disabled_at IS NULL AND password_hash <> 'x'", ada.email); n != 1 {
		t.Error("a form changed what it is not for")
	}
	ada.post("/account", "name", "Ada", "name", "Eve").is(t, 400)
	ada.post("/account", "name", "A\x00da").is(t, 400)
	ada.post("/account", "name", "A\xffda").is(t, 400)
	// A password in an address is a password in a log.
	bob := s.user("bob@example.com")
	bob.do(http.MethodPost, "/login?email=bob%40example.com&password="+url.QueryEscape(goodPassword), nil).is(t, 422)
}

// Item 68: each of these is a row, with who, where and when.
func TestItem68TheSecurityLogTellsTheWholeStory(t *testing.T) {
	s := newStage(t)
	ada := s.visitor()
	ada.signUp("Ada", "ada@example.com", goodPassword).redirects(t, "/dashboard")
	ada.get("/account").submit("name", "Countess")
	ada.post("/account/security", "current_password", "wrong wrong wrong", "password", otherPassword).is(t, 422)
	ada.post("/account/security", "current_password", goodPassword, "password", otherPassword).is(t, 303)
	ada.twin().enters()
	ada.post("/account/sessions/end-others")
	ada.post("/logout")
	ada.login(goodPassword).is(t, 422)
	ada.mail()
	ada.post("/password/forgot", "email", ada.email)
	ada.get(ada.mail().Link).submit("password", goodPassword).redirects(t, "/login")
	ada.post("/password/reset", "token", "nonsense", "password", goodPassword).is(t, 410)
	ada.login(goodPassword).is(t, 303)
	ada.origin = "https://evil.example"
	ada.post("/logout").is(t, 403)
	want := "registration.requested email.confirmed session.started account.renamed password.change_failed password.changed session.started session.ended session.ended " +
		"login.failed password.reset_requested password.reset password.reset_failed session.started origin.refused"
	if got := strings.Join(s.events(), " "); got != want {
		t.Errorf("the log tells\n%s, not\n%s", got, want)
	}
	var events []models.Event
	s.db.Find(&events)
	for _, e := range events {
		if e.IP != ada.ip || e.Device != "Firefox on Linux" || e.At.Location() != time.UTC || e.At.IsZero() {
			t.Errorf("%s: at %s from %s with %s", e.Name, e.At, e.IP, e.Device)
		}
		if !strings.Contains(s.log.String(), e.ID) {
			t.Errorf("%s has no line in the log", e.Name)
		}
	}
}

// ASVS 16.4.1, OWASP Injection Prevention: what a User-Agent header says
// stands in no mail, no page and no line of the log.
func TestDevice_IsNamedFromTheListAlone(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	for _, agent := range []string{
		"Your account is hacked Call support 0800 1234567",
		`Evil/1.0 "} {"msg":"session.started"` + strings.Repeat("x", 500) + "\t(X11; <b>Linux</b>)",
		"Mozilla/5.0 (X11; Linux x86_64) Chrome/140 Safari/537.36 \u202eCall\u200b support/0800",
	} {
		thief := s.visitorAs(ada.email)
		thief.agent = agent
		thief.login(goodPassword).redirects(t, "/dashboard")
		told := thief.notice()
		if !strings.Contains(told.Text, "an unknown browser") || !strings.Contains(told.HTML, "an unknown browser") {
			t.Errorf("the alert about %q says:\n%s", agent, told.Text)
		}
		for _, page := range []string{"/account/sessions", "/account/activity"} {
			if got := thief.get(page); got.status == http.StatusOK { // activity is optional
				got.says(t, "an unknown browser").hides(t, "hacked", "support/0800", "Evil", "<b>Linux", "\u202e", "\u200b")
			}
		}
		if said := told.Text + told.HTML + s.log.String(); strings.Contains(said, "support/0800") || strings.Contains(said, "hacked") {
			t.Errorf("%q is repeated in the mail or the log", agent)
		}
	}
	for line := range strings.Lines(s.log.String()) {
		if !strings.HasPrefix(line, "{") || !strings.HasSuffix(line, "}\n") {
			t.Errorf("the log has the line %q", line)
		}
	}
}

// Rows from before the list may hold what a header said.
func TestDevice_StoredBeforeTheListIsNotShown(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	if err := s.db.Exec("UPDATE sessions SET device = 'Call support 0800 on Linux'").Error; err != nil {
		t.Fatal(err)
	}
	ada.get("/account/sessions").says(t, "an unknown browser on Linux").hides(t, "0800")
}

// A stranger chooses both the name and whose mailbox the sign-up's mail goes to.
func TestSignUp_MailDoesNotRepeatTheName(t *testing.T) {
	s := newStage(t)
	stranger := s.visitorAs("ada@example.com")
	stranger.post("/register", "name", "Your account is hacked Call support", "email", stranger.email, "password", goodPassword)
	if m := stranger.mail(); strings.Contains(m.Text+m.HTML+m.Subject, "hacked") {
		t.Errorf("the mail repeats the name:\n%s", m.Text)
	}
}

// Item 33: the list tells from where a session was used last.
func TestItem33ASessionShowsWhereItWasSeenLast(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	s.clock.passes(61 * time.Second)
	former := ada.ip
	ada.ip = "198.51.100.7"
	ada.get("/account/sessions").says(t, "198.51.100.7").hides(t, former)
}

// Item 33: what has ended is not on the list.
func TestItem33TheListShowsLivingSessionsAlone(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	phone := ada.twin()
	phone.ip = "198.51.100.7"
	phone.client.Jar.SetCookies(s.config.AppURL, []*http.Cookie{{Name: s.cookieNamed("session"), Path: "/", MaxAge: -1}})
	phone.login(goodPassword).redirects(t, "/dashboard")
	s.clock.passes(13 * time.Hour)
	ada.get("/dashboard").is(t, 200)
	s.clock.passes(13 * time.Hour)
	ada.get("/account/sessions").hides(t, phone.ip)
}

// Item 61: a name is changed where its owner is, and nowhere else.
func TestItem61ARenamingTouchesNobodyElse(t *testing.T) {
	s := newStage(t)
	ada, bob := s.member("ada@example.com"), s.member("bob@example.com")
	ada.get("/account").submit("name", "Countess").redirects(t, "/account")
	bob.get("/dashboard").says(t, "Bob").hides(t, "Countess")
}

// Item 61: nor does a new password.
func TestItem61ANewPasswordIsItsOwnersAlone(t *testing.T) {
	s := newStage(t)
	ada, bob := s.member("ada@example.com"), s.member("bob@example.com")
	ada.post("/account/security", "current_password", goodPassword, "password", otherPassword).is(t, 303)
	bob.get("/dashboard").is(t, 200)
	bob.post("/logout")
	bob.login(goodPassword).redirects(t, "/dashboard")
}

// Item 68: who is refused again and again fills the log, which is rotated, and not the database.
func TestItem68RefusalsPastTheirNumberAreOnlyLogged(t *testing.T) {
	s := newStage(t)
	eve := s.visitor()
	eve.origin = "https://evil.example"
	eve.post("/login").is(t, 403)
	s.hits("refusal-ip", 49)
	for range 3 {
		eve.post("/login").is(t, 403)
	}
	if n, lines := s.count("events", "name = 'origin.refused'"), strings.Count(s.log.String(), `"msg":"origin.refused"`); n != 2 || lines != 4 {
		t.Errorf("of 4 refusals %d are rows and %d are lines", n, lines)
	}
}

// Item 17: whoever changed it, and however, the owner is told.
func TestItem17TheOwnerIsToldOfEveryNewPassword(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.post("/account/security", "current_password", goodPassword, "password", otherPassword).is(t, 303)
	changed := ada.mail()
	ada.post("/password/forgot", "email", ada.email)
	ada.get(ada.mail().Link).submit("password", goodPassword).redirects(t, "/login")
	for _, told := range []mailtest.Message{changed, ada.mail()} {
		if !strings.Contains(told.Text, "Firefox on Linux") || !strings.Contains(told.Text, ada.ip) || !strings.Contains(told.Link, "/security-alert?token=") {
			t.Errorf("the owner is told %q", told.Text)
		}
	}
}

// Item 67: those who come too late are not logged in any more, or are told that too much is being hashed.
func TestItem67OfFiftyNewPasswordsAtOnceOneWins(t *testing.T) {
	s := newStage(t, noRateLimit)
	ada := s.member("ada@example.com")
	to := make([]string, 50)
	s.atOnce(len(to), func(i int) {
		page, err := ada.try(http.MethodPost, "/account/security", url.Values{"current_password": {goodPassword}, "password": {otherPassword + strings.Repeat("!", i)}})
		if err != nil {
			t.Error(err)
			return
		}
		to[i] = fmt.Sprint(page.status, page.header.Get("Location"))
	})
	slices.Sort(to)
	if to = slices.Compact(to); !slices.Equal(slices.DeleteFunc(to, func(answer string) bool { return answer == "503" }), []string{"303/account/security", "303/login"}) {
		t.Errorf("they were answered %q", to)
	}
	if n := s.count("events", "name = 'password.changed'"); n != 1 {
		t.Errorf("%d of them are on record", n)
	}
}

func TestANewPasswordKeepsARememberedSessionRememberedAsLong(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	ada.post("/login", "email", ada.email, "password", goodPassword, "remember", "on").is(t, 303)
	s.clock.passes(10 * 24 * time.Hour)
	page := ada.post("/account/security", "current_password", goodPassword, "password", otherPassword).is(t, 303)
	answer := http.Response{Header: page.header}
	for _, c := range answer.Cookies() {
		if left := 20*24*3600 - c.MaxAge; c.Name == s.cookieNamed("session") && (left < 0 || left > 1) {
			t.Errorf("Max-Age is %d", c.MaxAge)
		}
	}
	s.clock.passes(19 * 24 * time.Hour)
	ada.get("/dashboard").is(t, 200)
}

// Item 33: who has not finished logging in is no more in than the other sessions.
func TestItem33EndingTheOthersEndsWhatIsNotFinished(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	s.exec("UPDATE users SET password_due_at = ?", s.clock.now())
	owed := ada.elsewhere().login(goodPassword).redirects(t, "/login/password")
	ada.post("/account/sessions/end-others").redirects(t, "/account/sessions")
	owed.submit("password", "the thief chose this one").redirects(t, "/login")
}
