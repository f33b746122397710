package handlers_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"example.com/gatehouse/apptest"
)

// These examples show each helper of apptest once.

func TestExample_BrowserUsesForms(t *testing.T) {
	app := apptest.New(t) // on SQLite, or on PostgreSQL with TEST_DATABASE=postgres
	// Others are app.LoggedOut, whose user has an account, and app.Browser, whose
	// visitor has none.
	ada := app.LoggedIn("ada@example.com")
	page := ada.Get("/account").WantStatus(t, 200).WantText(t, "ada@example.com").WantNoText(t, apptest.Password)
	page.Submit("name", "Ada King").WantRedirect(t, "/account").WantText(t, "Your name is saved.", "Ada King")
	ada.Post("/account", "name", "").WantStatus(t, 422).WantText(t, "Enter your name.")
	app.Browser().Get("/account").WantRedirect(t, "/login?next=%2Faccount").WantText(t, "Log in")
}

func TestExample_ClockAdvances(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	app.Clock.Advance(app.Config.SessionIdle - time.Minute)
	ada.Get("/dashboard").WantStatus(t, 200)
	app.Clock.Advance(app.Config.SessionIdle + time.Minute)
	ada.Get("/dashboard").WantRedirect(t, "/login?next=%2Fdashboard")
}

func TestExample_MailArrives(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedOut("ada@example.com")
	ada.Post("/password/forgot", "email", ada.Email).WantRedirect(t, "/password/forgot/sent")
	message := ada.Mail() // with a Subject, a Text, an HTML and a Link
	ada.Get(message.Link).Submit("password", apptest.OtherPassword).WantRedirect(t, "/login")
}

func TestExample_OptionsChangeSettings(t *testing.T) {
	production := func(app *apptest.App) { app.Config.Production = true }
	app := apptest.New(t, apptest.NoRateLimit, apptest.Named("Boathouse"), production)
	app.Browser().Get("/login").WantText(t, "Boathouse")
	app.LocalBrowser().Get("/dev/mail").WantStatus(t, 404)
}

func TestExample_DatabaseHasRows(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	before := app.Tables()
	ada.Post("/account", "name", "Ada King")
	if got := app.ChangedTables(before); len(got) == 0 || app.Count("users", "name = ?", "Ada King") != 1 {
		t.Errorf("got changes in %v, want the new name in users", got)
	}
}

func TestExample_TabsSendRequestsAtOnce(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	apptest.AtOnce(10, func(int) {
		if page, err := ada.Tab().Try(http.MethodGet, "/dashboard", nil); err != nil || page.Status != 200 {
			t.Errorf("got %v, %v, want status 200", page, err)
		}
	})
}

func TestExample_ServiceAnswersClient(t *testing.T) {
	weather := apptest.NewService(t, func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte(`{"city": "` + r.FormValue("city") + `", "sky": "clear"}`))
	})
	answer, err := weather.Client().Get(weather.URL + "/today?" + url.Values{"city": {"London"}}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if got := weather.Requests(); len(got) != 1 || got[0].FormValue("city") != "London" {
		t.Errorf("got the requests %v, want one about London", got)
	}
}
