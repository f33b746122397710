package handlers_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/gatehouse/apptest"
)

// noteWithImage gives the user a note with a picture and returns its id.
func noteWithImage(b *apptest.Browser) string {
	b.App.T.Helper()
	id := createNote(b, "A note", "Its body")
	b.Upload("/notes/"+id+"/image", "image", "map.png", apptest.PNG(b.App.T, 4, 3)).WantRedirect(b.App.T, "/notes/"+id)
	return id
}

// notePicture is what the user sees of the picture of a note.
func notePicture(b *apptest.Browser, t *testing.T, id string) (image.Image, *apptest.Page) {
	t.Helper()
	page := b.Get("/notes/"+id+"/image").WantStatus(t, 200)
	decoded, _, err := image.Decode(strings.NewReader(page.Body))
	if err != nil {
		t.Fatal(err)
	}
	return decoded, page
}

func TestAPictureIsAddedSeenReplacedAndRemoved(t *testing.T) {
	ada := apptest.New(t).LoggedIn("ada@example.com")
	id := createNote(ada, "Poem", "")
	for name, file := range map[string][]byte{"a.png": apptest.PNG(t, 40, 30), "b.jpg": apptest.JPEG(t, 40, 30), "c.gif": apptest.GIF(t, 40, 30), "lies.exe": apptest.PNG(t, 40, 30)} {
		ada.Upload("/notes/"+id+"/image", "image", name, file).WantRedirect(t, "/notes/"+id).
			WantText(t, "The picture is saved.", "Remove picture")
		if seen, _ := notePicture(ada, t, id); seen.Bounds().Dx() != 40 || seen.Bounds().Dy() != 30 {
			t.Errorf("%s comes back %v", name, seen.Bounds())
		}
	}
	ada.Post("/notes/"+id+"/image/delete").WantRedirect(t, "/notes/"+id).
		WantText(t, "The picture is removed.", "Add a picture")
	ada.Get("/notes/"+id+"/image").WantStatus(t, 404)
	ada.Post("/notes/"+id+"/image/delete").WantStatus(t, 404)
}

// late is a body that keeps the server waiting.
type late struct {
	io.ReadCloser
	by time.Duration
}

func (l *late) Read(b []byte) (int, error) {
	time.Sleep(l.by)
	l.by = 0
	return l.ReadCloser.Read(b)
}

func TestAPictureArrivesOverASlowLine(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	slow := ada.UploadRequest("/notes/"+createNote(ada, "Poem", "")+"/image", "image", "a.png", apptest.PNG(t, 4, 3))
	impatient := httptest.NewUnstartedServer(app.Server.Config.Handler)
	impatient.Config.ReadTimeout, impatient.Config.WriteTimeout = time.Second, time.Second
	impatient.Start()
	defer impatient.Close()
	slow.URL.Host, slow.Host = strings.Replace(impatient.Listener.Addr().String(), "127.0.0.1", "localhost", 1), ""
	slow.Header.Set("Origin", "http://"+slow.URL.Host)
	slow.Body = &late{slow.Body, 2 * time.Second}
	page, err := ada.Send(slow)
	if err != nil {
		t.Fatal(err)
	}
	page.WantStatus(t, 303)
}

func TestAnotherPersonsPictureIsNotThere(t *testing.T) {
	app := apptest.New(t)
	ada, mallory := app.LoggedIn("ada@example.com"), app.LoggedIn("mallory@example.com")
	id := noteWithImage(ada)
	mallory.Get("/notes/"+id+"/image").WantStatus(t, 404)
	mallory.Upload("/notes/"+id+"/image", "image", "a.png", apptest.PNG(t, 9, 9)).WantStatus(t, 404)
	mallory.Post("/notes/"+id+"/image/delete").WantStatus(t, 404)
	if seen, _ := notePicture(ada, t, id); seen.Bounds().Dx() != 4 {
		t.Errorf("Ada's picture is %v now", seen.Bounds())
	}
	app.Browser().Get("/notes/"+id+"/image").WantStatus(t, 303)
}

func TestWhatIsNoPictureIsRefusedWhateverItIsCalled(t *testing.T) {
	ada := apptest.New(t).LoggedIn("ada@example.com")
	id := createNote(ada, "Poem", "")
	for name, content := range map[string]string{
		"nothing.png": "", "script.png": "<script>alert(1)</script>", "drawing.svg": `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`,
		"drawing.png": `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>`, "page.gif": "<html>", "photo.webp": "RIFF\x00\x00\x00\x00WEBPVP8 ",
		"archive.png": "PK\x03\x04", "start.png": "\x89PNG\r\n\x1a\n", "start.gif": "GIF89a", "start.jpg": "\xff\xd8\xff", "zero.gif": "GIF89a\x00\x00\x00\x00\x00\x00\x00;",
		"overflow.png": string(apptest.Bomb(1<<31-1, 1<<31-1)), "half.png": string(apptest.PNG(t, 40, 30)[:90]), "half.jpg": string(apptest.JPEG(t, 40, 30)[:300]), "empty-frame.gif": "GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x01\x00\x00;",
	} {
		page := ada.Upload("/notes/"+id+"/image", "image", name, []byte(content))
		if page.Status != 422 || !strings.Contains(page.Text(), "hoose a") {
			t.Errorf("%s is answered %d", name, page.Status)
		}
	}
	ada.Post("/notes/"+id+"/image", "image", "no file at all").WantStatus(t, 422)
	ada.Get("/notes/"+id+"/image").WantStatus(t, 404)
}

func TestAPictureThatIsTooLargeIsNeverDecoded(t *testing.T) {
	ada := apptest.New(t).LoggedIn("ada@example.com")
	path := "/notes/" + createNote(ada, "Poem", "") + "/image"
	for _, file := range [][]byte{apptest.Bomb(50_000, 50_000), apptest.Bomb(1_000_000_000, 1), apptest.Bomb(20_001, 1), apptest.Bomb(7072, 7072)} {
		ada.Upload(path, "image", "bomb.png", file).WantStatus(t, 422).WantText(t, "megapixels")
	}
	heavy := append(apptest.PNG(t, 4, 3), make([]byte, 8<<20)...)
	ada.Upload(path, "image", "heavy.png", heavy).WantStatus(t, 422).WantText(t, "8 MB")
	ada.Upload(path, "image", "heavier.png", append(heavy, make([]byte, 2<<20)...)).WantStatus(t, 413)
}

func TestNothingOfAnUploadIsKeptButWhatIsSeen(t *testing.T) {
	ada := apptest.New(t).LoggedIn("ada@example.com")
	id := createNote(ada, "Poem", "")
	for _, file := range [][]byte{
		append(apptest.PNG(t, 40, 30), "GPS <script>alert(1)</script>"...), append(apptest.GIF(t, 40, 30), "GPS =1;alert(1)"...), apptest.WithExif(apptest.JPEG(t, 40, 30), 1),
		[]byte(strings.Replace(string(apptest.GIF(t, 40, 30)), ",", "!\xfe\x10/*GPS alert(1)*/\x00,", 1)),
	} {
		ada.Upload("/notes/"+id+"/image", "image", "a.png", file).WantRedirect(t, "/notes/"+id)
		if _, page := notePicture(ada, t, id); strings.Contains(page.Body, "GPS") || strings.Contains(page.Body, "alert") || strings.Contains(page.Body, "Exif") {
			t.Errorf("something is left of %.20q", file)
		}
	}
}

func TestAPictureIsTurnedAsTheCameraWasHeld(t *testing.T) {
	ada := apptest.New(t).LoggedIn("ada@example.com")
	id := createNote(ada, "Poem", "")
	// Where red is, in a picture that was red above.
	for orientation, red := range map[byte]image.Point{1: {20, 5}, 2: {20, 5}, 3: {20, 25}, 4: {20, 25}, 5: {5, 20}, 6: {25, 20}, 7: {25, 20}, 8: {5, 20}, 9: {20, 5}} {
		ada.Upload("/notes/"+id+"/image", "image", "a.jpg", apptest.WithExif(apptest.JPEG(t, 40, 30), orientation)).
			WantRedirect(t, "/notes/"+id)
		seen, _ := notePicture(ada, t, id)
		if r, _, b, _ := seen.At(red.X, red.Y).RGBA(); r < 0xa000 || b > 0x6000 {
			t.Errorf("%d: %v in %v is %v", orientation, red, seen.Bounds(), seen.At(red.X, red.Y))
		}
	}
}

func TestALargePictureIsMadeSmallAndAClearOneStaysClear(t *testing.T) {
	ada := apptest.New(t).LoggedIn("ada@example.com")
	id := createNote(ada, "Poem", "")
	ada.Upload("/notes/"+id+"/image", "image", "a.png", apptest.PNG(t, 3200, 100)).WantRedirect(t, "/notes/"+id)
	seen, page := notePicture(ada, t, id)
	if r, _, _, _ := seen.At(800, 10).RGBA(); seen.Bounds().Dx() != 1600 || seen.Bounds().Dy() != 50 || r < 0xe000 || page.Header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("%v, %v, %s", seen.Bounds(), seen.At(800, 10), page.Header.Get("Content-Type"))
	}
	var clear bytes.Buffer
	if err := png.Encode(&clear, image.NewNRGBA(image.Rect(0, 0, 20, 20))); err != nil {
		t.Fatal(err)
	}
	ada.Upload("/notes/"+id+"/image", "image", "a.png", clear.Bytes()).WantRedirect(t, "/notes/"+id)
	if seen, page = notePicture(ada, t, id); !strings.Contains(page.Header.Get("Content-Type"), "image/png") || seen.At(5, 5) != (color.NRGBA{}) {
		t.Errorf("%v, %s", seen.At(5, 5), page.Header.Get("Content-Type"))
	}
}

func TestAPictureIsServedAsOneAndNothingElse(t *testing.T) {
	ada := apptest.New(t).LoggedIn("ada@example.com")
	_, page := notePicture(ada, t, noteWithImage(ada))
	for name, want := range map[string]string{"Content-Type": "image/jpeg", "X-Content-Type-Options": "nosniff", "Content-Disposition": "inline",
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox", "Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin"} {
		if got := page.Header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestFiftyPicturesAtOnceAreTakenInTurnOrAskedToComeBack(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	path, file := "/notes/"+createNote(ada, "Poem", "")+"/image", apptest.PNG(t, 1200, 900)
	var taken, later atomic.Int32
	apptest.AtOnce(50, func(int) {
		page, err := ada.TryUpload(path, "image", "a.png", file)
		switch {
		case err != nil:
			t.Error(err)
		case page.Status == 303:
			taken.Add(1)
		case page.Status == 503 && page.Header.Get("Retry-After") != "":
			later.Add(1)
		default:
			t.Errorf("answered %d", page.Status)
		}
	})
	if taken.Load() == 0 || taken.Load()+later.Load() != 50 || app.Count("note_images", "1 = 1") != 1 {
		t.Errorf("%d are taken, %d are to come later, %d are kept", taken.Load(), later.Load(), app.Count("note_images", "1 = 1"))
	}
}
