package handlers_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/auth"
)

func TestWhatWasTypedWhenTheSessionEndedIsSentAfterLoggingIn(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	login := ada.PostAfterIdle()
	login.WantText(t, "what you typed is still there").WantNoText(t, "Lovelace")
	back := login.Submit("email", ada.Email, "password", apptest.Password).WantStatus(t, http.StatusOK).
		WantText(t, "You are back", "Name", "Ada Lovelace", "not")
	ada.Get("/account").WantNoText(t, "Lovelace") // nothing is sent behind her back
	back.Submit().WantRedirect(t, "/account").WantText(t, "Your name is saved.", "Ada Lovelace")
}

func TestWhatWasTypedSurvivesAWrongPassword(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	login := ada.PostAfterIdle()
	again := login.Submit("email", ada.Email, "password", apptest.OtherPassword).
		WantStatus(t, http.StatusUnprocessableEntity).WantText(t, "still there")
	again.Submit("email", ada.Email, "password", apptest.Password).WantStatus(t, http.StatusOK).
		WantText(t, "You are back", "Ada Lovelace")
}

func TestWhatWasTypedSurvivesAWaitForTheNextTry(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	login := ada.PostAfterIdle()
	for login.Status != http.StatusTooManyRequests {
		login = login.Submit("email", ada.Email, "password", apptest.OtherPassword)
	}
	wait, err := strconv.Atoi(login.Header.Get("Retry-After"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(login.WantText(t, "Try again in", "still there").Body, `href="/password/forgot" target="_blank"`) {
		t.Error("the way to another password leads away from what is kept")
	}
	app.Clock.Advance(time.Duration(wait) * time.Second)
	login.Submit("email", ada.Email, "password", apptest.Password).WantStatus(t, http.StatusOK).
		WantText(t, "You are back", "Ada Lovelace")
}

func TestWhatWasTypedIsKeptWhenAnotherDeviceEndedTheSession(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	phone := app.Browser()
	phone.Post("/login", "email", ada.Email, "password", apptest.Password)
	phone.Post("/account/sessions/end-others").WantRedirect(t, "/account/sessions")
	login := ada.Post("/account", "name", "Ada Lovelace").WantStatus(t, http.StatusUnauthorized)
	login.Submit("email", ada.Email, "password", apptest.Password).WantStatus(t, http.StatusOK).
		WantText(t, "Ada Lovelace")
}

func TestWhoLoggedInInAnotherTabFindsWhatWasKept(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	login := ada.PostAfterIdle()
	ada.Login(apptest.Password).WantRedirect(t, "/dashboard")
	login.Submit("email", ada.Email, "password", apptest.Password).WantStatus(t, http.StatusOK).
		WantText(t, "You are back", "Ada Lovelace")
}

func TestAnotherTabsPageDoesNotLoseWhoseFormItWas(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	app.Clock.Advance(app.Config.SessionIdle)
	ada.Get("/dashboard").WantRedirect(t, "/login?next=%2Fdashboard")
	ada.Post("/account", "name", "Ada Lovelace").WantStatus(t, http.StatusUnauthorized).WantText(t, "still there")
}

func TestSomebodyElseGetsNothingOfWhatWasKept(t *testing.T) {
	app := apptest.New(t)
	login := app.LoggedIn("ada@example.com").PostAfterIdle()
	bob := app.LoggedOut("bob@example.com")
	login.Browser = bob
	login.Submit("email", bob.Email, "password", apptest.Password).WantRedirect(t, "/dashboard").
		WantNoText(t, "Lovelace")
}

func TestWhatWasKeptIsGoneAfterAnHour(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	login := ada.PostAfterIdle()
	app.Clock.Advance(time.Hour)
	login.Submit("email", ada.Email, "password", apptest.Password).WantRedirect(t, "/dashboard").
		WantNoText(t, "Lovelace")
}

func TestJunkInPlaceOfWhatWasKeptIsNothing(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	for _, junk := range []string{"x", "%", strings.Repeat("A", 200), strings.Repeat("A", 200_000)} {
		ada.Post("/login", "email", ada.Email, "password", apptest.Password, "kept", junk).WantRedirect(t, "/dashboard")
		ada.Post("/login", "kept", junk).WantRedirect(t, "/dashboard") // logged in
		ada.Post("/logout")
		ada.Post("/login", "email", ada.Email, "password", apptest.OtherPassword, "kept", junk).WantStatus(t, 422).
			WantNoText(t, strings.Repeat("A", 100_000))
	}
}

// Who logged out is gone: there is nobody to keep a form for, and a stranger sees the page of every visitor.
func TestNothingIsKeptForWhoLoggedOutOrNeverCame(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	attacker := ada.Tab()
	ada.Post("/logout").WantRedirect(t, "/login")
	for _, who := range []*apptest.Browser{ada, attacker, app.Browser()} {
		who.Post("/account", "name", "Ada Lovelace").WantRedirect(t, "/login").WantNoText(t, `name="kept"`)
	}
}

func TestNothingIsKeptForADisabledAccount(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	app.Exec("UPDATE users SET disabled_at = ?", app.Clock.Now())
	ada.Post("/account", "name", "Ada Lovelace").WantRedirect(t, "/login").WantNoText(t, `name="kept"`)
}

func TestItem68NothingKeptIsStoredOrLogged(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	login := ada.PostAfterIdle()
	sealed := apptest.Attr(login.Input("kept"), "value")
	login.Submit("email", ada.Email, "password", apptest.Password).WantStatus(t, http.StatusOK)
	for table, rows := range app.Tables() {
		if strings.Contains(rows, sealed) || strings.Contains(rows, "Lovelace") {
			t.Errorf("%s holds what was kept", table)
		}
	}
	if len(sealed) < 50 || strings.Contains(app.Log.String(), sealed) || strings.Contains(app.Log.String(), "Lovelace") {
		t.Errorf("what was kept is in the log, or was %q", sealed)
	}
}

func TestSecretsAndFilesAreNeverKept(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	app.Clock.Advance(app.Config.SessionIdle)
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	w.WriteField("title", "Plans")
	w.WriteField("current_password", "a secret")
	part, _ := w.CreateFormFile("picture", "cat.png")
	part.Write([]byte("a picture"))
	w.Close()
	r := ada.Request(http.MethodPost, "/account", &form)
	r.Header.Set("Content-Type", w.FormDataContentType())
	login, err := ada.Send(r)
	if err != nil {
		t.Fatal(err)
	}
	back := login.WantStatus(t, 401).Submit("email", ada.Email, "password", apptest.Password)
	back.WantText(t, "Title Plans", "Passwords, codes and files are never kept").
		WantNoText(t, "a secret", "a picture", "current_password")
}

func TestAFormOfSecretsAloneIsNotKept(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	app.Clock.Advance(app.Config.SessionIdle)
	ada.Post("/account/security", "current_password", apptest.Password, "password", apptest.OtherPassword).
		WantRedirect(t, "/login").WantNoText(t, `name="kept"`)
}

func TestWhereNothingIsKeptTheLogInLeadsBackToTheForm(t *testing.T) {
	app := apptest.New(t)
	for from, to := range map[string]string{"/account/security": "/login?next=%2Faccount%2Fsecurity", "//evil.example": "/login", "/login": "/login"} {
		r := app.Browser().Request(http.MethodPost, "/account/security", strings.NewReader("password=x"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Referer", app.Config.AppURL.String()+from)
		page, err := app.Browser().Send(r)
		if err != nil {
			t.Fatal(err)
		}
		page.WantRedirect(t, to).WantStatus(t, http.StatusOK)
	}
}

func TestWhatIsTooLongToBeKeptIsSaid(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	app.Clock.Advance(app.Config.SessionIdle)
	long := strings.Repeat("x", auth.MaxKept)
	ada.Post("/account", "name", long).WantStatus(t, 413).WantText(t, "too long to be kept", "another tab").
		WantNoText(t, `name="kept"`, "xxxx")
	ada.Post("/account", "name", long[:auth.MaxKept-200]).WantStatus(t, 401).WantText(t, "still there")
}

func TestLongTextIsShownInPartAndSentWhole(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	app.Clock.Advance(app.Config.SessionIdle)
	login := ada.Post("/account", "name", strings.Repeat("né ", 300)+"end", "color", "")
	back := login.Submit("email", ada.Email, "password", apptest.Password).
		WantText(t, "Color Left empty", "and 303 characters more")
	if sent := apptest.Attr(back.Input("name"), "value"); !strings.HasSuffix(sent, "né end") || back.Submit().Status != 422 {
		t.Errorf("%q is sent", sent)
	}
}

// What a password manager fills, or a page hides as a token, has a name by which it is never kept.
func TestLawEverySecretFieldIsNeverKept(t *testing.T) {
	secrets := 0
	site().EachPage(t, func(_ string, page *apptest.Page) {
		for _, n := range page.All("input") {
			fill, name := apptest.Attr(n, "autocomplete"), apptest.Attr(n, "name")
			if apptest.Attr(n, "type") != "password" && name != "token" && fill != "one-time-code" && !strings.HasPrefix(fill, "cc-") {
				continue
			}
			if secrets++; !auth.NeverKept(name) {
				t.Errorf("%s: the field %q would be kept when a session ends; auth.NeverKept has to know it", page.Path, name)
			}
		}
	})
	if secrets < 5 {
		t.Errorf("only %d secret fields were seen", secrets)
	}
}

// What is sent is what its sender has typed: no link brings it, though whoever made it has sealed it for them.
func TestNoLinkBringsSomethingToSend(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	kept := apptest.Attr(ada.PostAfterIdle().Input("kept"), "value")
	for _, path := range []string{"/login", "/login/factor", "/login/password"} {
		page := ada.OtherBrowser().Get(path + "?kept=" + kept)
		if page.Status == http.StatusSeeOther {
			page = page.Browser.Get(page.Header.Get("Location"))
		}
		if page.WantStatus(t, http.StatusOK); strings.Contains(page.Body, kept) {
			t.Errorf("%s takes it from its address", path)
		}
	}
}
