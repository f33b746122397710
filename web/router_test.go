package web

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/config"
)

// upload is a form with a file of so many bytes, its length announced or not.
func upload(t *testing.T, path string, size int, announced bool) *http.Request {
	t.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile("file", "picture.png")
	if err != nil {
		t.Fatal(err)
	}
	part.Write(make([]byte, size))
	w.Close()
	var sent io.Reader = &form
	if !announced {
		sent = io.MultiReader(&form) // hides the length
	}
	r := httptest.NewRequest(http.MethodPost, path, sent)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return r
}

func TestABodyNamedOnARoutesLineBoundsThatRouteAlone(t *testing.T) {
	disk := t.TempDir()
	t.Setenv("TMPDIR", disk)
	w := New(config.Config{AppURL: &url.URL{Scheme: "https"}}, nil, nil, nil)
	router := &Router{web: w, echo: echo.New()}
	router.echo.HTTPErrorHandler = func(err error, c echo.Context) { c.NoContent(w.errorPage(c, err).Status) }
	known := router.group("logged in", func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			c.Set("actor", &auth.Actor{}) // as LoadActor does
			return next(c)
		}
	})
	bind := func(c echo.Context) error { return Bind(c, &struct{}{}) }
	router.group("anyone").POST("/visitor", bind, Body(4<<20))
	known.POST("/small", bind)
	app := GroupOf[int]{known, func(echo.Context) int { return 7 }}
	app.POST("/large", func(c echo.Context, _ int) error { return bind(c) }, Body(4<<20))
	list := router.list
	for path, most := range map[string]int{"/visitor": maxVisitorBody, "/small": 1 << 20, "/large": 4 << 20} {
		for size, want := range map[int]int{most - 1000: http.StatusOK, most: http.StatusRequestEntityTooLarge} {
			for _, announced := range []bool{true, false} {
				w := httptest.NewRecorder()
				router.ServeHTTP(w, upload(t, path, size, announced))
				if w.Code != want {
					t.Errorf("%s: %d bytes, announced %v, are answered %d", path, size, announced, w.Code)
				}
			}
		}
	}
	if left, err := os.ReadDir(disk); err != nil || len(left) > 0 {
		t.Errorf("of what was sent %d files are left on disk (%v)", len(left), err)
	}
	if got := fmt.Sprint(list[0].MaxBody, list[1].MaxBody, list[2].MaxBody); got != "4194304 1048576 4194304" {
		t.Errorf("the map tells %s", got)
	}
}

// A read-only root has no folder for temporary files: that is no fault of the sender's.
func TestUpload_IsUnavailableWithoutATemporaryFolder(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	var log bytes.Buffer
	w := New(config.Config{AppURL: &url.URL{Scheme: "https"}}, nil, slog.New(slog.NewTextHandler(&log, nil)), time.Now)
	for size, want := range map[int]int{MaxBody / 2: http.StatusOK, MaxBody + 1: http.StatusServiceUnavailable} {
		got := http.StatusOK
		r := upload(t, "/", size, true)
		if err := parseForm(r); err != nil {
			page := w.errorPage(echo.New().NewContext(r, httptest.NewRecorder()), err)
			if got = page.Status; page.RetryAt.IsZero() {
				t.Errorf("%d bytes: the answer %d doesn't say when to try again", size, got)
			}
		}
		if got != want {
			t.Errorf("%d bytes: got %d, want %d", size, got, want)
		}
	}
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "TMPDIR") || !strings.Contains(got, os.TempDir()) {
		t.Errorf("got the log %q, want one line with TMPDIR and the folder", got)
	}
}

// What a large form keeps in memory is bounded by MaxBody: the rest of its file is on disk until the request ends.
func TestAFileLargerThanAPlainBodyIsKeptOnDisk(t *testing.T) {
	r := upload(t, "/", 3*MaxBody, true)
	if err := parseForm(r); err != nil {
		t.Fatal(err)
	}
	file, err := r.MultipartForm.File["file"][0].Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.MultipartForm.RemoveAll()
	defer file.Close()
	if _, onDisk := file.(interface{ Name() string }); !onDisk {
		t.Error("three megabytes are in memory")
	}
}
