package handlers_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/gatehouse/auth"
)

func TestWhatWasTypedWhenTheSessionEndedIsSentAfterLoggingIn(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	login := ada.isAway()
	login.says(t, "what you typed is still there").hides(t, "Lovelace")
	back := login.submit("email", ada.email, "password", goodPassword).is(t, http.StatusOK).says(t, "You are back", "Name", "Ada Lovelace", "not")
	ada.get("/account").hides(t, "Lovelace") // nothing is sent behind her back
	back.submit().redirects(t, "/account").says(t, "Your name is saved.", "Ada Lovelace")
}

func TestWhatWasTypedSurvivesAWrongPassword(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	login := ada.isAway()
	again := login.submit("email", ada.email, "password", otherPassword).is(t, http.StatusUnprocessableEntity).says(t, "still there")
	again.submit("email", ada.email, "password", goodPassword).is(t, http.StatusOK).says(t, "You are back", "Ada Lovelace")
}

func TestWhatWasTypedSurvivesAWaitForTheNextTry(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	login := ada.isAway()
	for login.status != http.StatusTooManyRequests {
		login = login.submit("email", ada.email, "password", otherPassword)
	}
	wait, err := strconv.Atoi(login.header.Get("Retry-After"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(login.says(t, "Try again in", "still there").body, `href="/password/forgot" target="_blank"`) {
		t.Error("the way to another password leads away from what is kept")
	}
	s.clock.passes(time.Duration(wait) * time.Second)
	login.submit("email", ada.email, "password", goodPassword).is(t, http.StatusOK).says(t, "You are back", "Ada Lovelace")
}

func TestWhatWasTypedIsKeptWhenAnotherDeviceEndedTheSession(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	phone := s.visitor()
	phone.post("/login", "email", ada.email, "password", goodPassword)
	phone.post("/account/sessions/end-others").redirects(t, "/account/sessions")
	login := ada.post("/account", "name", "Ada Lovelace").is(t, http.StatusUnauthorized)
	login.submit("email", ada.email, "password", goodPassword).is(t, http.StatusOK).says(t, "Ada Lovelace")
}

func TestWhoLoggedInInAnotherTabFindsWhatWasKept(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	login := ada.isAway()
	ada.login(goodPassword).redirects(t, "/dashboard")
	login.submit("email", ada.email, "password", goodPassword).is(t, http.StatusOK).says(t, "You are back", "Ada Lovelace")
}

func TestAnotherTabsPageDoesNotLoseWhoseFormItWas(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	s.clock.passes(idle)
	ada.get("/dashboard").redirects(t, "/login?next=%2Fdashboard")
	ada.post("/account", "name", "Ada Lovelace").is(t, http.StatusUnauthorized).says(t, "still there")
}

func TestSomebodyElseGetsNothingOfWhatWasKept(t *testing.T) {
	s := newStage(t)
	login := s.member("ada@example.com").isAway()
	bob := s.user("bob@example.com")
	login.p = bob
	login.submit("email", bob.email, "password", goodPassword).redirects(t, "/dashboard").hides(t, "Lovelace")
}

func TestWhatWasKeptIsGoneAfterAnHour(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	login := ada.isAway()
	s.clock.passes(time.Hour)
	login.submit("email", ada.email, "password", goodPassword).redirects(t, "/dashboard").hides(t, "Lovelace")
}

func TestJunkInPlaceOfWhatWasKeptIsNothing(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	for _, junk := range []string{"x", "%", strings.Repeat("A", 200), strings.Repeat("A", 200_000)} {
		ada.post("/login", "email", ada.email, "password", goodPassword, "kept", junk).redirects(t, "/dashboard")
		ada.post("/login", "kept", junk).redirects(t, "/dashboard") // logged in
		ada.post("/logout")
		ada.post("/login", "email", ada.email, "password", otherPassword, "kept", junk).is(t, 422).hides(t, strings.Repeat("A", 100_000))
	}
}

// Who logged out is gone: there is nobody to keep a form for, and a stranger sees the page of every visitor.
func TestNothingIsKeptForWhoLoggedOutOrNeverCame(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	thief := ada.twin()
	ada.post("/logout").redirects(t, "/login")
	for _, who := range []*person{ada, thief, s.visitor()} {
		who.post("/account", "name", "Ada Lovelace").redirects(t, "/login").hides(t, `name="kept"`)
	}
}

func TestNothingIsKeptForADisabledAccount(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	s.exec("UPDATE users SET disabled_at = ?", s.clock.now())
	ada.post("/account", "name", "Ada Lovelace").redirects(t, "/login").hides(t, `name="kept"`)
}

func TestItem68NothingKeptIsStoredOrLogged(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	login := ada.isAway()
	sealed := attribute(login.input("kept"), "value")
	login.submit("email", ada.email, "password", goodPassword).is(t, http.StatusOK)
	for table, rows := range s.tables() {
		if strings.Contains(rows, sealed) || strings.Contains(rows, "Lovelace") {
			t.Errorf("%s holds what was kept", table)
		}
	}
	if len(sealed) < 50 || strings.Contains(s.log.String(), sealed) || strings.Contains(s.log.String(), "Lovelace") {
		t.Errorf("what was kept is in the log, or was %q", sealed)
	}
}

func TestSecretsAndFilesAreNeverKept(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	s.clock.passes(idle)
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	w.WriteField("title", "Plans")
	w.WriteField("current_password", "a secret")
	part, _ := w.CreateFormFile("picture", "cat.png")
	part.Write([]byte("a picture"))
	w.Close()
	r := ada.request(http.MethodPost, "/account", &form)
	r.Header.Set("Content-Type", w.FormDataContentType())
	login, err := ada.send(r)
	if err != nil {
		t.Fatal(err)
	}
	back := login.is(t, 401).submit("email", ada.email, "password", goodPassword)
	back.says(t, "Title Plans", "Passwords, codes and files are never kept").hides(t, "a secret", "a picture", "current_password")
}

func TestAFormOfSecretsAloneIsNotKept(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	s.clock.passes(idle)
	ada.post("/account/security", "current_password", goodPassword, "password", otherPassword).redirects(t, "/login").hides(t, `name="kept"`)
}

func TestWhereNothingIsKeptTheLogInLeadsBackToTheForm(t *testing.T) {
	s := newStage(t)
	for from, to := range map[string]string{"/account/security": "/login?next=%2Faccount%2Fsecurity", "//evil.example": "/login", "/login": "/login"} {
		r := s.visitor().request(http.MethodPost, "/account/security", strings.NewReader("password=x"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Referer", s.config.AppURL.String()+from)
		page, err := s.visitor().send(r)
		if err != nil {
			t.Fatal(err)
		}
		page.redirects(t, to).is(t, http.StatusOK)
	}
}

func TestWhatIsTooLongToBeKeptIsSaid(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	s.clock.passes(idle)
	long := strings.Repeat("x", auth.MaxKept)
	ada.post("/account", "name", long).is(t, 413).says(t, "too long to be kept", "another tab").hides(t, `name="kept"`, "xxxx")
	ada.post("/account", "name", long[:auth.MaxKept-200]).is(t, 401).says(t, "still there")
}

func TestLongTextIsShownInPartAndSentWhole(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	s.clock.passes(idle)
	login := ada.post("/account", "name", strings.Repeat("né ", 300)+"end", "color", "")
	back := login.submit("email", ada.email, "password", goodPassword).says(t, "Color Left empty", "and 303 characters more")
	if sent := attribute(back.input("name"), "value"); !strings.HasSuffix(sent, "né end") || back.submit().status != 422 {
		t.Errorf("%q is sent", sent)
	}
}

// What a password manager fills, or a page hides as a token, has a name by which it is never kept.
func TestLawEverySecretFieldIsNeverKept(t *testing.T) {
	secrets := 0
	everyPage(t, func(_ string, page *page) {
		for _, n := range page.all("input") {
			fill, name := attribute(n, "autocomplete"), attribute(n, "name")
			if attribute(n, "type") != "password" && name != "token" && fill != "one-time-code" && !strings.HasPrefix(fill, "cc-") {
				continue
			}
			if secrets++; !auth.NeverKept(name) {
				t.Errorf("%s: the field %q would be kept when a session ends; auth.NeverKept has to know it", page.path, name)
			}
		}
	})
	if secrets < 5 {
		t.Errorf("only %d secret fields were seen", secrets)
	}
}

// What is sent is what its sender has typed: no link brings it, though whoever made it has sealed it for them.
func TestNoLinkBringsSomethingToSend(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	kept := attribute(ada.isAway().input("kept"), "value")
	for _, path := range []string{"/login", "/login/factor", "/login/password"} {
		page := ada.elsewhere().get(path + "?kept=" + kept)
		if page.status == http.StatusSeeOther {
			page = page.p.get(page.header.Get("Location"))
		}
		if page.is(t, http.StatusOK); strings.Contains(page.body, kept) {
			t.Errorf("%s takes it from its address", path)
		}
	}
}
