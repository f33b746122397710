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

	"example.com/gatehouse/apptest"
)

// avatarPage uploads a picture and returns its address.
func avatarPage(tour *apptest.Tour) string {
	uploadAvatar(tour.Behind("logged in"))
	return "/account/picture/image"
}

// uploadAvatar gives the user a picture.
func uploadAvatar(b *apptest.Browser) *apptest.Page {
	b.App.T.Helper()
	return b.Upload("/account/picture", "picture", "me.png", apptest.PNG(b.App.T, 300, 300)).
		WantRedirect(b.App.T, "/account/picture")
}

// avatarURLs are the addresses of the pictures on a page.
func avatarURLs(page *apptest.Page) (addresses []string) {
	for _, n := range page.All("img") {
		addresses = append(addresses, apptest.Attr(n, "src"))
	}
	return addresses
}

// avatarAt is what is seen at an address.
func avatarAt(b *apptest.Browser, t *testing.T, address string) image.Image {
	t.Helper()
	seen, _, err := image.Decode(strings.NewReader(b.Get(address).WantStatus(t, 200).Body))
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

func TestAPersonsPictureIsOnEachOfTheirPagesUntilTheyRemoveIt(t *testing.T) {
	ada := apptest.New(t).LoggedIn("ada@example.com")
	if got := avatarURLs(ada.Get("/dashboard")); len(got) != 0 {
		t.Errorf("nobody gave her %q", got)
	}
	for _, file := range [][]byte{apptest.PNG(t, 400, 300), apptest.JPEG(t, 300, 400), apptest.GIF(t, 1000, 20)} {
		ada.Upload("/account/picture", "picture", "me", file).WantRedirect(t, "/account/picture").
			WantText(t, "Your picture is saved.")
		small := avatarURLs(ada.Get("/dashboard"))
		if len(small) != 1 || len(avatarURLs(ada.Get("/account"))) != 2 {
			t.Fatalf("the dashboard shows %q, the profile %q", small, avatarURLs(ada.Get("/account")))
		}
		if seen := avatarAt(ada, t, small[0]).Bounds().Size(); seen.X != seen.Y || seen.X > 96 {
			t.Errorf("the small one is %v", seen)
		}
	}
	ada.Post("/account/picture/remove").WantRedirect(t, "/account/picture").WantText(t, "Your picture is removed.")
	ada.Get("/account/picture/image").WantStatus(t, 404)
	ada.Post("/account/picture/remove").WantStatus(t, 404)
	if got := avatarURLs(ada.Get("/dashboard")); len(got) != 0 {
		t.Errorf("there is still %q", got)
	}
}

func TestAnotherPictureHasAnotherAddress(t *testing.T) {
	ada := apptest.New(t).LoggedIn("ada@example.com")
	first := fmt.Sprint(avatarURLs(uploadAvatar(ada)))
	if second := fmt.Sprint(avatarURLs(uploadAvatar(ada))); second == first || len(first) < 10 {
		t.Errorf("both are at %s", first)
	}
}

// The middle is kept: of a picture that is green there, and red and blue beside it, nothing but the green.
func TestTheSquareInTheMiddleIsKept(t *testing.T) {
	ada := apptest.New(t).LoggedIn("ada@example.com")
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
	ada.Upload("/account/picture", "picture", "me.png", file.Bytes()).WantRedirect(t, "/account/picture")
	seen := avatarAt(ada, t, "/account/picture/image")
	for _, at := range []image.Point{{3, 3}, {252, 252}, {128, 128}} {
		if r, g, b, _ := seen.At(at.X, at.Y).RGBA(); seen.Bounds().Dx() != 256 || g < 0xd000 || r > 0x3000 || b > 0x3000 {
			t.Errorf("%v of %v is %v", at, seen.Bounds(), seen.At(at.X, at.Y))
		}
	}
}

func TestNobodyElseSeesOrChangesAPicture(t *testing.T) {
	app := apptest.New(t)
	ada, mallory := app.LoggedIn("ada@example.com"), app.LoggedIn("mallory@example.com")
	address := avatarURLs(uploadAvatar(ada))[0]
	before := app.Rows("profile_pictures", "user_id = ?", ada.User().ID)
	mallory.Get(address).WantStatus(t, 404)
	mallory.Post("/account/picture/remove").WantStatus(t, 404)
	uploadAvatar(mallory)
	if mallory.Get(address).WantStatus(t, 200).Body == ada.Get(address).Body && app.Count("profile_pictures", "1 = 1") != 2 {
		t.Error("they share a picture")
	}
	app.Browser().Get(address).WantStatus(t, http.StatusSeeOther)
	if app.Rows("profile_pictures", "user_id = ?", ada.User().ID) != before {
		t.Error("Ada's is another")
	}
}

func TestAPictureOfAPersonIsNeverStoredByTheirBrowser(t *testing.T) {
	ada := apptest.New(t).LoggedIn("ada@example.com")
	for _, address := range avatarURLs(uploadAvatar(ada)) {
		header := ada.Get(address).WantStatus(t, 200).Header
		for name, want := range map[string]string{"Content-Type": "image/jpeg", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox", "Cross-Origin-Resource-Policy": "same-origin"} {
			if got := header.Get(name); got != want {
				t.Errorf("%s: %q", name, got)
			}
		}
	}
}

func TestWhatIsNoPictureOfAPersonIsRefusedAndTheOldOneStays(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	uploadAvatar(ada)
	before := app.Rows("profile_pictures", "1 = 1")
	for words, file := range map[string][]byte{
		"Choose a PNG, JPEG or GIF picture.": []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`),
		"at most 50 megapixels":              apptest.Bomb(50_000, 50_000),
		"at most 8 MB":                       append(apptest.PNG(t, 4, 3), make([]byte, 8<<20)...),
		"The picture is damaged":             apptest.PNG(t, 40, 30)[:90],
	} {
		ada.Upload("/account/picture", "picture", "me.png", file).WantStatus(t, 422).
			WantText(t, words, "Remove picture")
	}
	ada.Post("/account/picture").WantStatus(t, 422).WantText(t, "Choose a PNG")
	ada.Upload("/account/picture", "picture", "me.png", append(apptest.PNG(t, 4, 3), make([]byte, 10<<20)...)).
		WantStatus(t, 413)
	if app.Rows("profile_pictures", "1 = 1") != before {
		t.Error("the picture is another")
	}
}

func TestWhereAPortraitWasTakenIsNotKept(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	for _, file := range [][]byte{apptest.WithExif(apptest.JPEG(t, 40, 40), 6), append(apptest.GIF(t, 40, 30), "GPS =1;alert(1)"...), append(apptest.PNG(t, 40, 30), "GPS"...)} {
		ada.Upload("/account/picture", "picture", "me", file).WantRedirect(t, "/account/picture")
		for _, size := range []string{"", "?size=small"} {
			if page := ada.Get("/account/picture/image"+size).WantStatus(t, 200); strings.Contains(page.Body, "GPS") || strings.Contains(page.Body, "Exif") {
				t.Errorf("something is left of %.20q", file)
			}
		}
	}
}

func TestFiftyPortraitsAtOnceLeaveOne(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	file := apptest.PNG(t, 600, 600)
	var taken, later atomic.Int32
	apptest.AtOnce(50, func(int) {
		page, err := ada.TryUpload("/account/picture", "picture", "me.png", file)
		switch {
		case err == nil && page.Status == 303:
			taken.Add(1)
		case err == nil && page.Status == 503:
			later.Add(1)
		}
	})
	if taken.Load() == 0 || taken.Load()+later.Load() != 50 || app.Count("profile_pictures", "1 = 1") != 1 {
		t.Errorf("%d are taken, %d are to come later, %d are kept", taken.Load(), later.Load(), app.Count("profile_pictures", "1 = 1"))
	}
}

// Each page knows of the picture, and none reads it.
func TestAPictureCostsNoStatementAndItsBytesStayWhereTheyAre(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	uploadAvatar(ada)
	ran := count(t, app.DB)
	ada.Get("/dashboard").WantStatus(t, 200)
	if got := ran.take(); len(got) != 1 || strings.Contains(got[0], "data") || strings.Contains(got[0], "small") {
		t.Errorf("the dashboard ran %q", got)
	}
}

// What is beside the name says nothing that the name does not.
func TestAPictureIsNotReadOut(t *testing.T) {
	ada := apptest.New(t).LoggedIn("ada@example.com")
	for _, n := range uploadAvatar(ada).All("img") {
		if !apptest.HasAttr(n, "alt") || apptest.Attr(n, "alt") != "" {
			t.Errorf("%v", n.Attr)
		}
	}
}

func TestEarlierDatabase_ProfilePicture(t *testing.T) {
	e := newEarlier(t)
	ada, _ := e.browser("ada@example.com")
	addresses := avatarURLs(ada.Get("/dashboard").WantStatus(t, 200))
	if len(addresses) == 0 {
		t.Fatal("no picture is on her dashboard, want her own")
	}
	if got := avatarAt(ada, t, addresses[0]).Bounds(); got.Dx() < 32 || got.Dx() != got.Dy() {
		t.Errorf("the picture is %v, want a square", got)
	}
}
