package handlers

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"testing"

	"github.com/labstack/echo/v4"

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
	e, list := echo.New(), []Route{}
	h := New(config.Config{AppURL: &url.URL{Scheme: "https"}}, nil, nil, nil, nil, nil)
	e.HTTPErrorHandler = func(err error, c echo.Context) { c.NoContent(h.errorPage(c, err).Status) }
	site := newGroup(e, &list, "anyone")
	app := behind(site, func(echo.Context) int { return 7 })
	site.POST("/small", func(c echo.Context) error { return bind(c, &struct{}{}) })
	site.POST("/large", func(c echo.Context) error { return bind(c, &struct{}{}) }, body(4<<20))
	app.POST("/mine", func(c echo.Context, _ int) error { return bind(c, &struct{}{}) }, body(4<<20))
	for path, most := range map[string]int{"/small": 1 << 20, "/large": 4 << 20, "/mine": 4 << 20} {
		for size, want := range map[int]int{most - 1000: http.StatusOK, most: http.StatusRequestEntityTooLarge} {
			for _, announced := range []bool{true, false} {
				w := httptest.NewRecorder()
				e.ServeHTTP(w, upload(t, path, size, announced))
				if w.Code != want {
					t.Errorf("%s: %d bytes, announced %v, are answered %d", path, size, announced, w.Code)
				}
			}
		}
	}
	if left, err := os.ReadDir(disk); err != nil || len(left) > 0 {
		t.Errorf("of what was sent %d files are left on disk (%v)", len(left), err)
	}
	if got := fmt.Sprint(list[0].MaxBody, list[1].MaxBody, list[2].MaxBody); got != "1048576 4194304 4194304" {
		t.Errorf("the map tells %s", got)
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
