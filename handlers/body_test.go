package handlers_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/auth"
	"example.com/gatehouse/web"
)

const form = "application/x-www-form-urlencoded"

// sendPart sends the beginning of a body and holds the rest back, and returns the answer that comes all the same. length is what the
// request announces, -1 for a chunked body.
func sendPart(b *apptest.Browser, t *testing.T, path, mediaType string, length int64, part io.Reader) *apptest.Page {
	t.Helper()
	rest, end := io.Pipe()
	defer end.Close()
	r := b.Request(http.MethodPost, path, io.MultiReader(part, rest))
	r.Header.Set("Content-Type", mediaType)
	r.ContentLength = length
	patient, stop := context.WithTimeout(r.Context(), 20*time.Second)
	defer stop()
	context.AfterFunc(patient, func() { end.CloseWithError(context.Cause(patient)) })
	page, err := b.Send(r.WithContext(patient))
	if err != nil {
		t.Fatalf("POST %s waits for the rest of the body: %v", path, err)
	}
	return page
}

// ASVS 5.0 15.2.2: what a visitor sends to a route for users is refused before it takes memory. A visitor who holds the last byte back
// would otherwise fill the memory with what came before it.
func TestLawVisitorsSendNoLargeBodyToARouteForUsers(t *testing.T) {
	app := apptest.New(t)
	visitor, routes := app.Browser(), 0
	for _, route := range app.Routes {
		if route.Method != http.MethodPost || route.Guard != "logged in" {
			continue
		}
		routes++
		for _, media := range []string{form, "multipart/form-data; boundary=b"} {
			sendPart(visitor, t, route.Path, media, 8_900_000, strings.NewReader("")).WantStatus(t, 413)
			sendPart(visitor, t, route.Path, media, -1, strings.NewReader("text="+strings.Repeat("x", 512<<10))).
				WantStatus(t, 413)
		}
		for size, want := range map[int]int{auth.MaxKept: 303, auth.MaxKept + 1: 413} {
			for _, body := range []io.Reader{strings.NewReader(strings.Repeat("x", size)), io.MultiReader(strings.NewReader(strings.Repeat("x", size)))} {
				r := visitor.Request(http.MethodPost, route.Path, body) // the second is chunked
				r.Header.Set("Content-Type", form)
				page, err := visitor.Send(r)
				if err != nil {
					t.Fatal(err)
				}
				page.WantStatus(t, want)
			}
		}
	}
	if routes == 0 {
		t.Error("got no route for logged-in users, want some")
	}
}

// On the other routes a visitor sends what a saved form takes, and no more.
func TestLawVisitorsSendNoLargeBodyAnywhere(t *testing.T) {
	app := apptest.New(t)
	for _, route := range app.Routes {
		if route.Method == http.MethodPost && route.Guard != "logged in" {
			sendPart(app.Browser(), t, route.Path, form, 256<<10, strings.NewReader(strings.Repeat("x", 1<<10))).
				WantStatus(t, 413)
		}
	}
	for _, path := range []string{"/-nothing", "/dashboard"} {
		if page := sendPart(app.Browser(), t, path, form, 8_900_000, strings.NewReader("x=")); page.Status < 400 {
			t.Errorf("POST %s is answered %d", path, page.Status)
		}
	}
}

func TestTooLargeBody_TellsAVisitorToLogIn(t *testing.T) {
	app := apptest.New(t)
	sendPart(app.Browser(), t, "/account", form, 8_900_000, strings.NewReader("")).WantStatus(t, 413).
		WantText(t, "isn't logged in", "log in again in another tab")
	ada := app.LoggedIn("ada@example.com")
	sendPart(ada, t, "/account", form, 8_900_000, strings.NewReader("")).WantStatus(t, 413).
		WantNoText(t, "isn&#39;t logged in")
}

// A letter outside ASCII takes two bytes, and six once a browser has escaped it.
func TestSavedForm_KeepsTextThatGrowsWhenItIsEncoded(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	app.Clock.Advance(app.Config.SessionIdle)
	text := strings.Repeat("ж", auth.MaxKept/2-100)
	login := ada.Post("/account", "name", text).WantStatus(t, 401).WantText(t, "still there")
	back := login.Submit("email", ada.Email, "password", apptest.Password).WantStatus(t, 200)
	if got := apptest.Attr(back.Input("name"), "value"); got != text {
		t.Errorf("%d bytes of %d were kept", len(got), len(text))
	}
}

func TestSavedForm_SaysThatALargeOneIsNotKept(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	app.Clock.Advance(app.Config.SessionIdle)
	sendPart(ada, t, "/account", form, -1, strings.NewReader("name="+strings.Repeat("x", 512<<10))).WantStatus(t, 413).
		WantText(t, "too long to be kept")
	sendPart(ada, t, "/account", form, 8_900_000, strings.NewReader("")).WantStatus(t, 413).
		WantText(t, "log in again in another tab")
}

// uploadRoutes are the paths of the routes that take more than MaxBody.
func uploadRoutes(app *apptest.App) (paths []string) {
	for _, route := range app.Routes {
		if route.MaxBody > web.MaxBody {
			paths = append(paths, route.Path)
		}
	}
	return paths
}

// What a user sends as text stays in memory, so it may not be as large as a file, which waits on disk.
func TestUpload_TakesNoMoreTextThanAnyForm(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	for _, path := range uploadRoutes(app) {
		for _, announced := range []bool{true, false} {
			if page := sendText(ada, t, path, 900<<10, announced); page.Status == 413 {
				t.Errorf("%s refuses 900 kB", path)
			}
			sendText(ada, t, path, 2<<20, announced).WantStatus(t, 413)
		}
	}
}

// One user must not fill the disk, or take every place in the queue for pictures.
func TestUpload_LimitsHowManyAUserSendsAtOnce(t *testing.T) {
	app := apptest.New(t)
	bob := app.LoggedIn("bob@example.com")
	started := time.Now()
	for i, path := range uploadRoutes(app) {
		// Another user for each, since a place is free a moment after its answer.
		ada := app.LoggedIn(fmt.Sprintf("ada%d@example.com", i))
		first, second := ada.BeginPost(path, "x", "y"), ada.BeginPost(path, "x", "y")
		for _, other := range uploadRoutes(app) {
			if page := ada.Post(other).WantStatus(t, 503); page.Header.Get("Retry-After") == "" {
				t.Errorf("%s does not say when to try again", other)
			}
			if page := bob.Post(other); page.Status == 503 {
				t.Errorf("%s makes Bob wait for Ada", other)
			}
		}
		first()
		for ada.Post(path).Status == 503 {
			if time.Since(started) > time.Minute {
				t.Fatalf("%s refuses the next upload after the first has ended", path)
			}
		}
		second()
	}
}

// sendText sends a multipart form with one long field.
func sendText(b *apptest.Browser, t *testing.T, path string, size int, announced bool) *apptest.Page {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	w.WriteField("text", strings.Repeat("x", size))
	w.Close()
	var sent io.Reader = &body
	if !announced {
		sent = io.MultiReader(&body)
	}
	r := b.Request(http.MethodPost, path, sent)
	r.Header.Set("Content-Type", w.FormDataContentType())
	page, err := b.Send(r)
	if err != nil {
		t.Fatal(err)
	}
	return page
}
