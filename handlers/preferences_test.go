package handlers_test

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/models"
)

// setPreferences saves the user's preferences.
func setPreferences(b *apptest.Browser, theme, language, zone string) *apptest.Page {
	b.App.T.Helper()
	return b.Post("/account/preferences", "theme", theme, "language", language, "time_zone", zone)
}

// rootAttr is an attribute of the page's html element.
func rootAttr(page *apptest.Page, name string) string { return apptest.Attr(page.All("html")[0], name) }

// colorScheme is what the page tells the browser before it has its style.
func colorScheme(page *apptest.Page) string {
	for _, meta := range page.All("meta") {
		if apptest.Attr(meta, "name") == "color-scheme" {
			return apptest.Attr(meta, "content")
		}
	}
	return ""
}

func TestAThemeIsThatOfEveryPageAtOnceAndStaysInTheBrowser(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	if page := ada.Get("/dashboard"); rootAttr(page, "data-theme") != "" || colorScheme(page) != "light dark" {
		t.Errorf("nobody chose %q, %q", rootAttr(page, "data-theme"), colorScheme(page))
	}
	for _, theme := range []string{"dark", "light"} {
		setPreferences(ada, theme, "en", "UTC").WantRedirect(t, "/account/preferences").
			WantText(t, "Your preferences are saved.")
		for _, path := range []string{"/dashboard", "/", "/nowhere"} {
			if page := ada.Get(path); rootAttr(page, "data-theme") != theme || colorScheme(page) != theme {
				t.Errorf("%s is %q, %q", path, rootAttr(page, "data-theme"), colorScheme(page))
			}
		}
	}
	ada.Post("/logout")
	if page := ada.Get("/login"); rootAttr(page, "data-theme") != "light" {
		t.Errorf("logged out it is %q", rootAttr(page, "data-theme"))
	}
	ada.Login(apptest.Password)
	setPreferences(ada, "system", "en", "UTC")
	ada.Post("/logout")
	if page := ada.Get("/login"); rootAttr(page, "data-theme") != "" {
		t.Errorf("the device's theme is %q", rootAttr(page, "data-theme"))
	}
}

func TestAThemeFollowsItsPersonToEveryDevice(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	phone := ada.Tab()
	setPreferences(ada, "dark", "en", "UTC")
	if page := phone.Get("/dashboard"); rootAttr(page, "data-theme") != "dark" {
		t.Errorf("the phone shows %q", rootAttr(page, "data-theme"))
	}
	laptop := app.Browser()
	laptop.Email = ada.Email
	laptop.Login(apptest.Password).WantRedirect(t, "/dashboard")
	laptop.Post("/logout")
	if page := laptop.Get("/"); rootAttr(page, "data-theme") != "dark" {
		t.Errorf("the laptop shows %q after she was there", rootAttr(page, "data-theme"))
	}
}

func TestAForgedThemeIsNone(t *testing.T) {
	eve := apptest.New(t).Browser()
	r := eve.Request("GET", "/", nil)
	r.Header.Set("Cookie", `theme="><script>alert(1)</script>`)
	page, err := eve.Send(r)
	if err != nil {
		t.Fatal(err)
	}
	if rootAttr(page.WantNoText(t, "alert(1)"), "data-theme") != "" {
		t.Errorf("%q", rootAttr(page, "data-theme"))
	}
}

func TestTimesAreToldWhereThePersonIs(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	at := func(zone, layout string) string {
		location, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		return app.Clock.Now().In(location).Format(layout)
	}
	ada.Get("/account/sessions").WantText(t, "Logged in "+at("UTC", "Jan 2, 2006, 15:04 UTC"))
	setPreferences(ada, "system", "en-GB", "Asia/Tokyo").WantRedirect(t, "/account/preferences").
		WantText(t, "It is now "+at("Asia/Tokyo", "2 Jan 2006, 15:04 JST"))
	page := ada.Get("/account/sessions").WantText(t, "Logged in "+at("Asia/Tokyo", "2 Jan 2006, 15:04 JST"))
	if !strings.Contains(page.Body, at("UTC", `datetime="2006-01-02T15:04:05Z"`)) || rootAttr(page, "lang") != "en-GB" {
		t.Errorf("machines are told another time, or the language %q", rootAttr(page, "lang"))
	}
	setPreferences(ada, "system", "en-US", "America/Argentina/Buenos_Aires")
	ada.Get("/account/sessions").WantText(t, at("America/Argentina/Buenos_Aires", "Jan 2, 2006, 3:04 PM UTC-07"))
}

func TestWhatCannotBeChosenIsRefusedAndNothingChanges(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	setPreferences(ada, "dark", "en-GB", "Europe/Berlin")
	before := app.Rows("preferences", "1 = 1")
	for _, form := range [][3]string{
		{"purple", "en", "UTC"}, {"", "en", "UTC"}, {"dark", "de", "UTC"}, {"dark", "en", "Local"}, {"dark", "en", ""},
		{"dark", "en", "../../etc/passwd"}, {"dark", "en", "/etc/localtime"}, {"dark", "en", "Europe/Nowhere"},
	} {
		setPreferences(ada, form[0], form[1], form[2]).WantStatus(t, 422).WantText(t, "Choose the")
	}
	if app.Rows("preferences", "1 = 1") != before {
		t.Error("something changed")
	}
}

func TestFiftyChoicesAtOnceLeaveOne(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	var saved atomic.Int32
	app.AtOnce(50, func(i int) {
		page, err := ada.Try("POST", "/account/preferences", map[string][]string{"theme": {[]string{"light", "dark"}[i%2]}, "language": {"en"}, "time_zone": {"UTC"}})
		if err == nil && page.Status == 303 {
			saved.Add(1)
		}
	})
	if saved.Load() != 50 || app.Count("preferences", "1 = 1") != 1 {
		t.Errorf("%d are saved, %d are kept", saved.Load(), app.Count("preferences", "1 = 1"))
	}
}

// Whoever is asking, and how they want to see the page, is one statement.
func TestPreferencesCostNoStatement(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	setPreferences(ada, "dark", "en-GB", "Europe/Berlin")
	ran := count(t, app.DB)
	for _, path := range []string{"/dashboard", "/account", "/account/preferences"} {
		ada.Get(path).WantStatus(t, 200)
		if got := ran.take(); len(got) != 1 {
			t.Errorf("%s ran %q", path, got)
		}
	}
}

func TestEveryTimeZoneAndLanguageCanBeUsed(t *testing.T) {
	for _, name := range models.TimeZones() {
		if _, err := time.LoadLocation(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !slices.IsSortedFunc(models.TimeZones()[1:], strings.Compare) {
		t.Error("the zones are in no order")
	}
	noon := time.Date(2026, time.November, 22, 13, 5, 0, 0, time.UTC)
	for _, l := range models.Languages() {
		for _, layout := range []string{l.Day, l.Moment, l.Clock} {
			if got := noon.Format(layout); got == layout || l.Code == "" || l.Name == "" {
				t.Errorf("%s writes %q", l.Code, got)
			}
		}
	}
}

// Each former name is that of a zone that can be chosen, and tells the same time.
func TestPreferences_KnowTheFormerNamesOfTimeZones(t *testing.T) {
	former, zones := models.FormerTimeZones(), models.TimeZones()
	for name, zone := range former {
		if slices.Contains(zones, name) || !slices.Contains(zones, zone) {
			t.Errorf("%s is now %s", name, zone)
		}
		before, err := time.LoadLocation(name)
		after, afterErr := time.LoadLocation(zone)
		if err != nil || afterErr != nil {
			t.Errorf("%s: %v, %v", name, err, afterErr)
			continue
		}
		for month := time.January; month <= time.December; month++ {
			noon := time.Date(2025, month, 1, 12, 0, 0, 0, time.UTC)
			if got, want := noon.In(after).Format(time.DateTime), noon.In(before).Format(time.DateTime); got != want {
				t.Errorf("%s has %s, and %s %s", zone, got, name, want)
			}
		}
	}
	// What Chromium 156 calls zones that it lists under a former name.
	for _, name := range strings.Fields("Africa/Asmera America/Buenos_Aires America/Catamarca America/Coral_Harbour America/Cordoba America/Godthab " +
		"America/Indianapolis America/Jujuy America/Louisville America/Mendoza Asia/Calcutta Asia/Katmandu Asia/Rangoon Asia/Saigon Atlantic/Faeroe " +
		"Europe/Kiev Pacific/Enderbury Pacific/Ponape Pacific/Truk") {
		if former[name] == "" {
			t.Errorf("%s is unknown", name)
		}
	}
}

func TestPreferences_SaveAFormerNameUnderTheCurrentOne(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	for former, want := range map[string]string{"America/Cordoba": "America/Argentina/Cordoba", "America/Coral_Harbour": "America/Atikokan", "Etc/UTC": "UTC"} {
		setPreferences(ada, "dark", "en", former).WantRedirect(t, "/account/preferences")
		if n := app.Count("preferences", "time_zone = ?", want); n != 1 {
			t.Errorf("%s is not saved as %s", former, want)
		}
	}
	if err := app.DB.Exec("UPDATE preferences SET time_zone = 'Pacific/Truk'").Error; err != nil { // saved before it was renamed
		t.Fatal(err)
	}
	if page := ada.Get("/account/preferences").WantStatus(t, 200); !strings.Contains(page.Body, `value="Pacific/Chuuk" selected`) {
		t.Error("a zone that was renamed since is not the one that is chosen")
	}
}

// The names of all time zones are many: most of them are not sent letter by letter.
func TestThePageOfPreferencesIsSentCompressedToWhoReadsIt(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	size := map[string]int{}
	for _, accepts := range []string{"gzip, br", "gzip;q=0"} {
		r := ada.Request(http.MethodGet, "/account/preferences", nil)
		r.Header.Set("Accept-Encoding", accepts)
		page, err := ada.Send(r)
		if err != nil {
			t.Fatal(err)
		}
		size[page.WantStatus(t, 200).Header.Get("Content-Encoding")] = len(page.Body)
	}
	if size["gzip"] == 0 || size[""] < 3*size["gzip"] {
		t.Errorf("the page has %v bytes", size)
	}
}
