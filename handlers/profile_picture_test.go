package handlers_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// portrayed gives the person a picture.
func (p *person) portrayed() *page {
	p.s.t.Helper()
	return p.upload("/account/picture", "picture", "me.png", pngOf(p.s.t, 300, 300)).redirects(p.s.t, "/account/picture")
}

// avatars are the addresses of the pictures on a page.
func (g *page) avatars() (addresses []string) {
	for _, n := range g.all("img") {
		addresses = append(addresses, attribute(n, "src"))
	}
	return addresses
}

// portrait is what is seen at an address.
func (p *person) portrait(t *testing.T, address string) image.Image {
	t.Helper()
	seen, _, err := image.Decode(strings.NewReader(p.get(address).is(t, 200).body))
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

func TestAPersonsPictureIsOnEachOfTheirPagesUntilTheyRemoveIt(t *testing.T) {
	ada := newStage(t).member("ada@example.com")
	if got := ada.get("/dashboard").avatars(); len(got) != 0 {
		t.Errorf("nobody gave her %q", got)
	}
	for _, file := range [][]byte{pngOf(t, 400, 300), jpegOf(t, 300, 400), gifOf(t, 1000, 20)} {
		ada.upload("/account/picture", "picture", "me", file).redirects(t, "/account/picture").says(t, "Your picture is saved.")
		small := ada.get("/dashboard").avatars()
		if len(small) != 1 || len(ada.get("/account").avatars()) != 2 {
			t.Fatalf("the dashboard shows %q, the profile %q", small, ada.get("/account").avatars())
		}
		if seen := ada.portrait(t, small[0]).Bounds().Size(); seen.X != seen.Y || seen.X > 96 {
			t.Errorf("the small one is %v", seen)
		}
	}
	ada.post("/account/picture/remove").redirects(t, "/account/picture").says(t, "Your picture is removed.")
	ada.get("/account/picture/image").is(t, 404)
	ada.post("/account/picture/remove").is(t, 404)
	if got := ada.get("/dashboard").avatars(); len(got) != 0 {
		t.Errorf("there is still %q", got)
	}
}

func TestAnotherPictureHasAnotherAddress(t *testing.T) {
	ada := newStage(t).member("ada@example.com")
	first := fmt.Sprint(ada.portrayed().avatars())
	if second := fmt.Sprint(ada.portrayed().avatars()); second == first || len(first) < 10 {
		t.Errorf("both are at %s", first)
	}
}

// The middle is kept: of a picture that is green there, and red and blue beside it, nothing but the green.
func TestTheSquareInTheMiddleIsKept(t *testing.T) {
	ada := newStage(t).member("ada@example.com")
	wide := image.NewNRGBA(image.Rect(0, 0, 900, 300))
	for x := range 900 {
		for y := range 300 {
			wide.Set(x, y, []color.NRGBA{{R: 255, A: 255}, {G: 255, A: 255}, {B: 255, A: 255}}[x/300])
		}
	}
	var file bytes.Buffer
	if err := png.Encode(&file, wide); err != nil {
		t.Fatal(err)
	}
	ada.upload("/account/picture", "picture", "me.png", file.Bytes()).redirects(t, "/account/picture")
	seen := ada.portrait(t, "/account/picture/image")
	for _, at := range []image.Point{{3, 3}, {252, 252}, {128, 128}} {
		if r, g, b, _ := seen.At(at.X, at.Y).RGBA(); seen.Bounds().Dx() != 256 || g < 0xd000 || r > 0x3000 || b > 0x3000 {
			t.Errorf("%v of %v is %v", at, seen.Bounds(), seen.At(at.X, at.Y))
		}
	}
}

func TestNobodyElseSeesOrChangesAPicture(t *testing.T) {
	s := newStage(t)
	ada, mallory := s.member("ada@example.com"), s.member("mallory@example.com")
	address := ada.portrayed().avatars()[0]
	before := s.rows("profile_pictures", "user_id = ?", ada.user().ID)
	mallory.get(address).is(t, 404)
	mallory.post("/account/picture/remove").is(t, 404)
	mallory.portrayed()
	if mallory.get(address).is(t, 200).body == ada.get(address).body && s.count("profile_pictures", "1 = 1") != 2 {
		t.Error("they share a picture")
	}
	s.visitor().get(address).is(t, http.StatusSeeOther)
	if s.rows("profile_pictures", "user_id = ?", ada.user().ID) != before {
		t.Error("Ada's is another")
	}
}

func TestAPictureOfAPersonIsNeverStoredByTheirBrowser(t *testing.T) {
	ada := newStage(t).member("ada@example.com")
	for _, address := range ada.portrayed().avatars() {
		header := ada.get(address).is(t, 200).header
		for name, want := range map[string]string{"Content-Type": "image/jpeg", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox", "Cross-Origin-Resource-Policy": "same-origin"} {
			if got := header.Get(name); got != want {
				t.Errorf("%s: %q", name, got)
			}
		}
	}
}

func TestWhatIsNoPictureOfAPersonIsRefusedAndTheOldOneStays(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.portrayed()
	before := s.rows("profile_pictures", "1 = 1")
	for words, file := range map[string][]byte{
		"Choose a PNG, JPEG or GIF picture.": []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`),
		"at most 50 megapixels":              bomb(50_000, 50_000),
		"at most 8 MB":                       append(pngOf(t, 4, 3), make([]byte, 8<<20)...),
		"The picture is damaged":             pngOf(t, 40, 30)[:90],
	} {
		ada.upload("/account/picture", "picture", "me.png", file).is(t, 422).says(t, words, "Remove picture")
	}
	ada.post("/account/picture").is(t, 422).says(t, "Choose a PNG")
	ada.upload("/account/picture", "picture", "me.png", append(pngOf(t, 4, 3), make([]byte, 10<<20)...)).is(t, 413)
	if s.rows("profile_pictures", "1 = 1") != before {
		t.Error("the picture is another")
	}
}

func TestWhereAPortraitWasTakenIsNotKept(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	for _, file := range [][]byte{withExif(jpegOf(t, 40, 40), 6), append(gifOf(t, 40, 30), "GPS =1;alert(1)"...), append(pngOf(t, 40, 30), "GPS"...)} {
		ada.upload("/account/picture", "picture", "me", file).redirects(t, "/account/picture")
		for _, size := range []string{"", "?size=small"} {
			if page := ada.get("/account/picture/image"+size).is(t, 200); strings.Contains(page.body, "GPS") || strings.Contains(page.body, "Exif") {
				t.Errorf("something is left of %.20q", file)
			}
		}
	}
}

func TestFiftyPortraitsAtOnceLeaveOne(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	file := pngOf(t, 600, 600)
	var taken, later atomic.Int32
	atOnce(50, func(int) {
		page, err := ada.tryUpload("/account/picture", "picture", "me.png", file)
		switch {
		case err == nil && page.status == 303:
			taken.Add(1)
		case err == nil && page.status == 503:
			later.Add(1)
		}
	})
	if taken.Load() == 0 || taken.Load()+later.Load() != 50 || s.count("profile_pictures", "1 = 1") != 1 {
		t.Errorf("%d are taken, %d are to come later, %d are kept", taken.Load(), later.Load(), s.count("profile_pictures", "1 = 1"))
	}
}

// Each page knows of the picture, and none reads it.
func TestAPictureCostsNoStatementAndItsBytesStayWhereTheyAre(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.portrayed()
	ran := count(t, s.db)
	ada.get("/dashboard").is(t, 200)
	if got := ran.take(); len(got) != 1 || strings.Contains(got[0], "data") || strings.Contains(got[0], "small") {
		t.Errorf("the dashboard ran %q", got)
	}
}

// What is beside the name says nothing that the name does not.
func TestAPictureIsNotReadOut(t *testing.T) {
	ada := newStage(t).member("ada@example.com")
	for _, n := range ada.portrayed().all("img") {
		if !has(n, "alt") || attribute(n, "alt") != "" {
			t.Errorf("%v", n.Attr)
		}
	}
}

func TestEarlierDatabase_ProfilePicture(t *testing.T) {
	e := newEarlier(t)
	ada, _ := e.browser("ada@example.com")
	addresses := ada.get("/dashboard").is(t, 200).avatars()
	if len(addresses) == 0 {
		t.Fatal("no picture is on her dashboard, want her own")
	}
	if got := ada.portrait(t, addresses[0]).Bounds(); got.Dx() < 32 || got.Dx() != got.Dy() {
		t.Errorf("the picture is %v, want a square", got)
	}
}
