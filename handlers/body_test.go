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

	"example.com/gatehouse/auth"
	"example.com/gatehouse/handlers"
)

const form = "application/x-www-form-urlencoded"

// sendsPart sends the beginning of a body and holds the rest back, and returns the answer that comes all the same. length is what the
// request announces, -1 for a chunked body.
func (p *person) sendsPart(t *testing.T, path, mediaType string, length int64, part io.Reader) *page {
	t.Helper()
	rest, end := io.Pipe()
	defer end.Close()
	r := p.request(http.MethodPost, path, io.MultiReader(part, rest))
	r.Header.Set("Content-Type", mediaType)
	r.ContentLength = length
	patient, stop := context.WithTimeout(r.Context(), 20*time.Second)
	defer stop()
	context.AfterFunc(patient, func() { end.CloseWithError(context.Cause(patient)) })
	page, err := p.send(r.WithContext(patient))
	if err != nil {
		t.Fatalf("POST %s waits for the rest of the body: %v", path, err)
	}
	return page
}

// ASVS 5.0 15.2.2: what a visitor sends to a route for users is refused before it takes memory. A visitor who holds the last byte back
// would otherwise fill the memory with what came before it.
func TestLawVisitorsSendNoLargeBodyToARouteForUsers(t *testing.T) {
	s := newStage(t)
	visitor, routes := s.visitor(), 0
	for _, route := range s.routes {
		if route.Method != http.MethodPost || route.Guard != "logged in" {
			continue
		}
		routes++
		for _, media := range []string{form, "multipart/form-data; boundary=b"} {
			visitor.sendsPart(t, route.Path, media, 8_900_000, strings.NewReader("")).is(t, 413)
			visitor.sendsPart(t, route.Path, media, -1, strings.NewReader("text="+strings.Repeat("x", 512<<10))).is(t, 413)
		}
		for size, want := range map[int]int{auth.MaxKept: 303, auth.MaxKept + 1: 413} {
			for _, body := range []io.Reader{strings.NewReader(strings.Repeat("x", size)), io.MultiReader(strings.NewReader(strings.Repeat("x", size)))} {
				r := visitor.request(http.MethodPost, route.Path, body) // the second is chunked
				r.Header.Set("Content-Type", form)
				page, err := visitor.send(r)
				if err != nil {
					t.Fatal(err)
				}
				page.is(t, want)
			}
		}
	}
	if routes == 0 {
		t.Error("got no route for logged-in users, want some")
	}
}

// On the other routes a visitor sends what a saved form takes, and no more.
func TestLawVisitorsSendNoLargeBodyAnywhere(t *testing.T) {
	s := newStage(t)
	for _, route := range s.routes {
		if route.Method == http.MethodPost && route.Guard != "logged in" {
			s.visitor().sendsPart(t, route.Path, form, 256<<10, strings.NewReader(strings.Repeat("x", 1<<10))).is(t, 413)
		}
	}
	for _, path := range []string{"/-nothing", "/dashboard"} {
		if page := s.visitor().sendsPart(t, path, form, 8_900_000, strings.NewReader("x=")); page.status < 400 {
			t.Errorf("POST %s is answered %d", path, page.status)
		}
	}
}

func TestTooLargeBody_TellsAVisitorToLogIn(t *testing.T) {
	s := newStage(t)
	s.visitor().sendsPart(t, "/account", form, 8_900_000, strings.NewReader("")).is(t, 413).says(t, "isn't logged in", "log in again in another tab")
	ada := s.member("ada@example.com")
	ada.sendsPart(t, "/account", form, 8_900_000, strings.NewReader("")).is(t, 413).hides(t, "isn&#39;t logged in")
}

// A letter outside ASCII takes two bytes, and six once a browser has escaped it.
func TestSavedForm_KeepsTextThatGrowsWhenItIsEncoded(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	s.clock.passes(idle)
	text := strings.Repeat("ж", auth.MaxKept/2-100)
	login := ada.post("/account", "name", text).is(t, 401).says(t, "still there")
	back := login.submit("email", ada.email, "password", goodPassword).is(t, 200)
	if got := attribute(back.input("name"), "value"); got != text {
		t.Errorf("%d bytes of %d were kept", len(got), len(text))
	}
}

func TestSavedForm_SaysThatALargeOneIsNotKept(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	s.clock.passes(idle)
	ada.sendsPart(t, "/account", form, -1, strings.NewReader("name="+strings.Repeat("x", 512<<10))).is(t, 413).says(t, "too long to be kept")
	ada.sendsPart(t, "/account", form, 8_900_000, strings.NewReader("")).is(t, 413).says(t, "log in again in another tab")
}

// uploadRoutes are the paths of the routes that take more than MaxBody.
func (s *stage) uploadRoutes() (paths []string) {
	for _, route := range s.routes {
		if route.MaxBody > handlers.MaxBody {
			paths = append(paths, route.Path)
		}
	}
	return paths
}

// What a user sends as text stays in memory, so it may not be as large as a file, which waits on disk.
func TestUpload_TakesNoMoreTextThanAnyForm(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	for _, path := range s.uploadRoutes() {
		for _, announced := range []bool{true, false} {
			if page := ada.sendsText(t, path, 900<<10, announced); page.status == 413 {
				t.Errorf("%s refuses 900 kB", path)
			}
			ada.sendsText(t, path, 2<<20, announced).is(t, 413)
		}
	}
}

// One user must not fill the disk, or take every place in the queue for pictures.
func TestUpload_LimitsHowManyAUserSendsAtOnce(t *testing.T) {
	s := newStage(t)
	bob := s.member("bob@example.com")
	started := time.Now()
	for i, path := range s.uploadRoutes() {
		// Another user for each, since a place is free a moment after its answer.
		ada := s.member(fmt.Sprintf("ada%d@example.com", i))
		first, second := ada.sending(path, "x", "y"), ada.sending(path, "x", "y")
		for _, other := range s.uploadRoutes() {
			if page := ada.post(other).is(t, 503); page.header.Get("Retry-After") == "" {
				t.Errorf("%s does not say when to try again", other)
			}
			if page := bob.post(other); page.status == 503 {
				t.Errorf("%s makes Bob wait for Ada", other)
			}
		}
		first()
		for ada.post(path).status == 503 {
			if time.Since(started) > time.Minute {
				t.Fatalf("%s refuses the next upload after the first has ended", path)
			}
		}
		second()
	}
}

// sendsText sends a multipart form with one long field.
func (p *person) sendsText(t *testing.T, path string, size int, announced bool) *page {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	w.WriteField("text", strings.Repeat("x", size))
	w.Close()
	var sent io.Reader = &body
	if !announced {
		sent = io.MultiReader(&body)
	}
	r := p.request(http.MethodPost, path, sent)
	r.Header.Set("Content-Type", w.FormDataContentType())
	page, err := p.send(r)
	if err != nil {
		t.Fatal(err)
	}
	return page
}
