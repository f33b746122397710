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
)

// illustratedNote gives the person a note with a picture and returns its id.
func (p *person) illustratedNote() string {
	p.s.t.Helper()
	id := p.note("A note", "Its body")
	p.upload("/notes/"+id+"/image", "image", "map.png", pngOf(p.s.t, 4, 3)).redirects(p.s.t, "/notes/"+id)
	return id
}

// picture is what the person sees of the picture of a note.
func (p *person) picture(t *testing.T, id string) (image.Image, *page) {
	t.Helper()
	page := p.get("/notes/"+id+"/image").is(t, 200)
	decoded, _, err := image.Decode(strings.NewReader(page.body))
	if err != nil {
		t.Fatal(err)
	}
	return decoded, page
}

func TestAPictureIsAddedSeenReplacedAndRemoved(t *testing.T) {
	ada := newStage(t).member("ada@example.com")
	id := ada.note("Poem", "")
	for name, file := range map[string][]byte{"a.png": pngOf(t, 40, 30), "b.jpg": jpegOf(t, 40, 30), "c.gif": gifOf(t, 40, 30), "lies.exe": pngOf(t, 40, 30)} {
		ada.upload("/notes/"+id+"/image", "image", name, file).redirects(t, "/notes/"+id).says(t, "The picture is saved.", "Remove picture")
		if seen, _ := ada.picture(t, id); seen.Bounds().Dx() != 40 || seen.Bounds().Dy() != 30 {
			t.Errorf("%s comes back %v", name, seen.Bounds())
		}
	}
	ada.post("/notes/"+id+"/image/delete").redirects(t, "/notes/"+id).says(t, "The picture is removed.", "Add a picture")
	ada.get("/notes/"+id+"/image").is(t, 404)
	ada.post("/notes/"+id+"/image/delete").is(t, 404)
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
	s := newStage(t)
	ada := s.member("ada@example.com")
	slow := ada.uploading("/notes/"+ada.note("Poem", "")+"/image", "image", "a.png", pngOf(t, 4, 3))
	impatient := httptest.NewUnstartedServer(s.server.Config.Handler)
	impatient.Config.ReadTimeout, impatient.Config.WriteTimeout = time.Second, time.Second
	impatient.Start()
	defer impatient.Close()
	slow.URL.Host, slow.Host = strings.Replace(impatient.Listener.Addr().String(), "127.0.0.1", "localhost", 1), ""
	slow.Header.Set("Origin", "http://"+slow.URL.Host)
	slow.Body = &late{slow.Body, 2 * time.Second}
	page, err := ada.send(slow)
	if err != nil {
		t.Fatal(err)
	}
	page.is(t, 303)
}

func TestAnotherPersonsPictureIsNotThere(t *testing.T) {
	s := newStage(t)
	ada, mallory := s.member("ada@example.com"), s.member("mallory@example.com")
	id := ada.illustratedNote()
	mallory.get("/notes/"+id+"/image").is(t, 404)
	mallory.upload("/notes/"+id+"/image", "image", "a.png", pngOf(t, 9, 9)).is(t, 404)
	mallory.post("/notes/"+id+"/image/delete").is(t, 404)
	if seen, _ := ada.picture(t, id); seen.Bounds().Dx() != 4 {
		t.Errorf("Ada's picture is %v now", seen.Bounds())
	}
	s.visitor().get("/notes/"+id+"/image").is(t, 303)
}

func TestWhatIsNoPictureIsRefusedWhateverItIsCalled(t *testing.T) {
	ada := newStage(t).member("ada@example.com")
	id := ada.note("Poem", "")
	for name, content := range map[string]string{
		"nothing.png": "", "script.png": "<script>alert(1)</script>", "drawing.svg": `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`,
		"drawing.png": `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>`, "page.gif": "<html>", "photo.webp": "RIFF\x00\x00\x00\x00WEBPVP8 ",
		"archive.png": "PK\x03\x04", "start.png": "\x89PNG\r\n\x1a\n", "start.gif": "GIF89a", "start.jpg": "\xff\xd8\xff", "zero.gif": "GIF89a\x00\x00\x00\x00\x00\x00\x00;",
		"overflow.png": string(bomb(1<<31-1, 1<<31-1)), "half.png": string(pngOf(t, 40, 30)[:90]), "half.jpg": string(jpegOf(t, 40, 30)[:300]), "empty-frame.gif": "GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x01\x00\x00;",
	} {
		page := ada.upload("/notes/"+id+"/image", "image", name, []byte(content))
		if page.status != 422 || !strings.Contains(page.text(), "hoose a") {
			t.Errorf("%s is answered %d", name, page.status)
		}
	}
	ada.post("/notes/"+id+"/image", "image", "no file at all").is(t, 422)
	ada.get("/notes/"+id+"/image").is(t, 404)
}

func TestAPictureThatIsTooLargeIsNeverDecoded(t *testing.T) {
	ada := newStage(t).member("ada@example.com")
	path := "/notes/" + ada.note("Poem", "") + "/image"
	for _, file := range [][]byte{bomb(50_000, 50_000), bomb(1_000_000_000, 1), bomb(20_001, 1), bomb(7072, 7072)} {
		ada.upload(path, "image", "bomb.png", file).is(t, 422).says(t, "megapixels")
	}
	heavy := append(pngOf(t, 4, 3), make([]byte, 8<<20)...)
	ada.upload(path, "image", "heavy.png", heavy).is(t, 422).says(t, "8 MB")
	ada.upload(path, "image", "heavier.png", append(heavy, make([]byte, 2<<20)...)).is(t, 413)
}

func TestNothingOfAnUploadIsKeptButWhatIsSeen(t *testing.T) {
	ada := newStage(t).member("ada@example.com")
	id := ada.note("Poem", "")
	for _, file := range [][]byte{
		append(pngOf(t, 40, 30), "GPS <script>alert(1)</script>"...), append(gifOf(t, 40, 30), "GPS =1;alert(1)"...), withExif(jpegOf(t, 40, 30), 1),
		[]byte(strings.Replace(string(gifOf(t, 40, 30)), ",", "!\xfe\x10/*GPS alert(1)*/\x00,", 1)),
	} {
		ada.upload("/notes/"+id+"/image", "image", "a.png", file).redirects(t, "/notes/"+id)
		if _, page := ada.picture(t, id); strings.Contains(page.body, "GPS") || strings.Contains(page.body, "alert") || strings.Contains(page.body, "Exif") {
			t.Errorf("something is left of %.20q", file)
		}
	}
}

func TestAPictureIsTurnedAsTheCameraWasHeld(t *testing.T) {
	ada := newStage(t).member("ada@example.com")
	id := ada.note("Poem", "")
	// Where red is, in a picture that was red above.
	for orientation, red := range map[byte]image.Point{1: {20, 5}, 2: {20, 5}, 3: {20, 25}, 4: {20, 25}, 5: {5, 20}, 6: {25, 20}, 7: {25, 20}, 8: {5, 20}, 9: {20, 5}} {
		ada.upload("/notes/"+id+"/image", "image", "a.jpg", withExif(jpegOf(t, 40, 30), orientation)).redirects(t, "/notes/"+id)
		seen, _ := ada.picture(t, id)
		if r, _, b, _ := seen.At(red.X, red.Y).RGBA(); r < 0xa000 || b > 0x6000 {
			t.Errorf("%d: %v in %v is %v", orientation, red, seen.Bounds(), seen.At(red.X, red.Y))
		}
	}
}

func TestALargePictureIsMadeSmallAndAClearOneStaysClear(t *testing.T) {
	ada := newStage(t).member("ada@example.com")
	id := ada.note("Poem", "")
	ada.upload("/notes/"+id+"/image", "image", "a.png", pngOf(t, 3200, 100)).redirects(t, "/notes/"+id)
	seen, page := ada.picture(t, id)
	if r, _, _, _ := seen.At(800, 10).RGBA(); seen.Bounds().Dx() != 1600 || seen.Bounds().Dy() != 50 || r < 0xe000 || page.header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("%v, %v, %s", seen.Bounds(), seen.At(800, 10), page.header.Get("Content-Type"))
	}
	var clear bytes.Buffer
	if err := png.Encode(&clear, image.NewNRGBA(image.Rect(0, 0, 20, 20))); err != nil {
		t.Fatal(err)
	}
	ada.upload("/notes/"+id+"/image", "image", "a.png", clear.Bytes()).redirects(t, "/notes/"+id)
	if seen, page = ada.picture(t, id); !strings.Contains(page.header.Get("Content-Type"), "image/png") || seen.At(5, 5) != (color.NRGBA{}) {
		t.Errorf("%v, %s", seen.At(5, 5), page.header.Get("Content-Type"))
	}
}

func TestAPictureIsServedAsOneAndNothingElse(t *testing.T) {
	ada := newStage(t).member("ada@example.com")
	_, page := ada.picture(t, ada.illustratedNote())
	for name, want := range map[string]string{"Content-Type": "image/jpeg", "X-Content-Type-Options": "nosniff", "Content-Disposition": "inline",
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox", "Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin"} {
		if got := page.header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestFiftyPicturesAtOnceAreTakenInTurnOrAskedToComeBack(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	path, file := "/notes/"+ada.note("Poem", "")+"/image", pngOf(t, 1200, 900)
	var taken, later atomic.Int32
	atOnce(50, func(int) {
		page, err := ada.tryUpload(path, "image", "a.png", file)
		switch {
		case err != nil:
			t.Error(err)
		case page.status == 303:
			taken.Add(1)
		case page.status == 503 && page.header.Get("Retry-After") != "":
			later.Add(1)
		default:
			t.Errorf("answered %d", page.status)
		}
	})
	if taken.Load() == 0 || taken.Load()+later.Load() != 50 || s.count("note_images", "1 = 1") != 1 {
		t.Errorf("%d are taken, %d are to come later, %d are kept", taken.Load(), later.Load(), s.count("note_images", "1 = 1"))
	}
}
