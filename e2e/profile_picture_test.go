package e2e

import (
	"net/http"
	"testing"
)

// profilePictureViews are the pages of the profile picture.
func profilePictureViews(t *testing.T) []view {
	ada := startWithMail(t, "RATE_LIMIT=off").visit(t, "Ada Lovelace").joins()
	return []view{
		{"picture-none", "/account/picture", 200, ada, opens("/account/picture")},
		{"picture-wrong", "/account/picture", 422, ada, func(p *person) {
			p.open("/account/picture").choose("Choose a picture", "drawing.svg", []byte("<svg/>")).press("Save picture")
		}},
		{"picture", "/account/picture", 200, ada, func(p *person) {
			p.open("/account/picture").choose("Choose a picture", "hills.png", hills(p.t)).press("Save picture")
		}},
		{"account-picture", "/account", 200, ada, opens("/account")},
	}
}

func TestProfilePicture_IsSetAndRemoved(t *testing.T) {
	for _, scripts := range []bool{true, false} {
		ada := startWithMail(t).visit(t, "Ada Lovelace").joins()
		if !scripts {
			ada.withoutScripts()
		}
		ada.open("/account").press("Change picture").choose("Choose a picture", "hills.png",
			hills(t)).press("Save picture").at("/account/picture", http.StatusOK)
		// The browser has drawn each of them, the small one in the menu and the
		// large one.
		if drawn := evaluate[[]int](ada, `[...document.querySelectorAll("img.avatar")].map(i => i.naturalWidth)`); len(drawn) != 2 || drawn[0] != 96 || drawn[1] != 256 {
			t.Errorf("%d pixels are drawn", drawn)
		}
		ada.press("Remove picture").at("/account/picture", http.StatusOK).sees("Your picture is removed.")
		if drawn := evaluate[int](ada, `document.querySelectorAll("img").length`); drawn != 0 {
			t.Errorf("%d pictures are left", drawn)
		}
	}
}
