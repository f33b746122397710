package handlers_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"
)

// How a story is told, once through. A stage is the whole application with a database of its own, and people use it.

func TestExampleAStory(t *testing.T) {
	s := newStage(t)                   // on SQLite, or on PostgreSQL with TEST_DATABASE=postgres
	ada := s.member("ada@example.com") // logged in; s.user has an account and is logged out, s.visitor has none
	ada.get("/account").is(t, 200).says(t, "ada@example.com").hides(t, goodPassword)
	ada.get("/account").submit("name", "Ada King").redirects(t, "/account").says(t, "Your name is saved.", "Ada King")
	ada.post("/account", "name", "").is(t, 422).says(t, "Enter your name.")
	s.visitor().get("/account").redirects(t, "/login?next=%2Faccount").says(t, "Log in")
}

func TestExampleTheClockIsTheStorys(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	s.clock.passes(s.config.SessionIdle - time.Minute)
	ada.get("/dashboard").is(t, 200)
	s.clock.passes(s.config.SessionIdle + time.Minute)
	ada.get("/dashboard").redirects(t, "/login?next=%2Fdashboard")
}

func TestExampleMailArrives(t *testing.T) {
	s := newStage(t)
	ada := s.user("ada@example.com")
	ada.post("/password/forgot", "email", ada.email).redirects(t, "/password/forgot/sent")
	message := ada.mail() // the next one; it has a Subject, a Text, an HTML and a Link
	ada.get(message.Link).submit("password", otherPassword).redirects(t, "/login")
}

func TestExampleSettingsAreTheStorys(t *testing.T) {
	s := newStage(t, noRateLimit, named("Acme"))
	s.visitor().get("/login").says(t, "Acme")
}

func TestExampleTheDatabaseIsLookedInto(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	before := s.tables()
	ada.post("/account", "name", "Ada King")
	if s.tables()["users"] == before["users"] || s.count("users", "name = ?", "Ada King") != 1 {
		t.Error("the name is not changed")
	}
}

func TestExampleManyComeAtOnce(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	atOnce(10, func(int) {
		if page, err := ada.twin().try(http.MethodGet, "/dashboard", nil); err != nil || page.status != 200 {
			t.Errorf("%v, %v", page, err)
		}
	})
}

// A service of somebody else's is faked as a server, so that what is tested is the real client.
func TestExampleAServiceIsFaked(t *testing.T) {
	weather := fake(t, func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte(`{"city": "` + r.FormValue("city") + `", "sky": "clear"}`))
	})
	answer, err := weather.Client().Get(weather.URL + "/today?" + url.Values{"city": {"London"}}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if asked := weather.asked(); len(asked) != 1 || asked[0].FormValue("city") != "London" {
		t.Errorf("it was asked %v", asked)
	}
}
