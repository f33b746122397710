package handlers_test

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/gatehouse/models"
)

// prefers saves the person's preferences.
func (p *person) prefers(theme, language, zone string) *page {
	p.s.t.Helper()
	return p.post("/account/preferences", "theme", theme, "language", language, "time_zone", zone)
}

// root is an attribute of the page's html element.
func (g *page) root(name string) string { return attribute(g.all("html")[0], name) }

// colorScheme is what the page tells the browser before it has its style.
func (g *page) colorScheme() string {
	for _, meta := range g.all("meta") {
		if attribute(meta, "name") == "color-scheme" {
			return attribute(meta, "content")
		}
	}
	return ""
}

func TestAThemeIsThatOfEveryPageAtOnceAndStaysInTheBrowser(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	if page := ada.get("/dashboard"); page.root("data-theme") != "" || page.colorScheme() != "light dark" {
		t.Errorf("nobody chose %q, %q", page.root("data-theme"), page.colorScheme())
	}
	for _, theme := range []string{"dark", "light"} {
		ada.prefers(theme, "en", "UTC").redirects(t, "/account/preferences").says(t, "Your preferences are saved.")
		for _, path := range []string{"/dashboard", "/", "/nowhere"} {
			if page := ada.get(path); page.root("data-theme") != theme || page.colorScheme() != theme {
				t.Errorf("%s is %q, %q", path, page.root("data-theme"), page.colorScheme())
			}
		}
	}
	ada.post("/logout")
	if page := ada.get("/login"); page.root("data-theme") != "light" {
		t.Errorf("logged out it is %q", page.root("data-theme"))
	}
	ada.login(goodPassword)
	ada.prefers("system", "en", "UTC")
	ada.post("/logout")
	if page := ada.get("/login"); page.root("data-theme") != "" {
		t.Errorf("the device's theme is %q", page.root("data-theme"))
	}
}

func TestAThemeFollowsItsPersonToEveryDevice(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	phone := ada.twin()
	ada.prefers("dark", "en", "UTC")
	if page := phone.get("/dashboard"); page.root("data-theme") != "dark" {
		t.Errorf("the phone shows %q", page.root("data-theme"))
	}
	laptop := s.visitor()
	laptop.email = ada.email
	laptop.login(goodPassword).redirects(t, "/dashboard")
	laptop.post("/logout")
	if page := laptop.get("/"); page.root("data-theme") != "dark" {
		t.Errorf("the laptop shows %q after she was there", page.root("data-theme"))
	}
}

func TestAForgedThemeIsNone(t *testing.T) {
	eve := newStage(t).visitor()
	r := eve.request("GET", "/", nil)
	r.Header.Set("Cookie", `theme="><script>alert(1)</script>`)
	page, err := eve.send(r)
	if err != nil {
		t.Fatal(err)
	}
	if page.hides(t, "alert(1)").root("data-theme") != "" {
		t.Errorf("%q", page.root("data-theme"))
	}
}

func TestTimesAreToldWhereThePersonIs(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	at := func(zone, layout string) string {
		location, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		return s.clock.now().In(location).Format(layout)
	}
	ada.get("/account/sessions").says(t, "Logged in "+at("UTC", "Jan 2, 2006, 15:04 UTC"))
	ada.prefers("system", "en-GB", "Asia/Tokyo").redirects(t, "/account/preferences").says(t, "It is now "+at("Asia/Tokyo", "2 Jan 2006, 15:04 JST"))
	page := ada.get("/account/sessions").says(t, "Logged in "+at("Asia/Tokyo", "2 Jan 2006, 15:04 JST"))
	if !strings.Contains(page.body, at("UTC", `datetime="2006-01-02T15:04:05Z"`)) || page.root("lang") != "en-GB" {
		t.Errorf("machines are told another time, or the language %q", page.root("lang"))
	}
	ada.prefers("system", "en-US", "America/Argentina/Buenos_Aires")
	ada.get("/account/sessions").says(t, at("America/Argentina/Buenos_Aires", "Jan 2, 2006, 3:04 PM UTC-07"))
}

func TestWhatCannotBeChosenIsRefusedAndNothingChanges(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.prefers("dark", "en-GB", "Europe/Berlin")
	before := s.rows("preferences", "1 = 1")
	for _, form := range [][3]string{
		{"purple", "en", "UTC"}, {"", "en", "UTC"}, {"dark", "de", "UTC"}, {"dark", "en", "Local"}, {"dark", "en", ""},
		{"dark", "en", "../../etc/passwd"}, {"dark", "en", "/etc/localtime"}, {"dark", "en", "Europe/Nowhere"},
	} {
		ada.prefers(form[0], form[1], form[2]).is(t, 422).says(t, "Choose the")
	}
	if s.rows("preferences", "1 = 1") != before {
		t.Error("something changed")
	}
}

func TestFiftyChoicesAtOnceLeaveOne(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	var saved atomic.Int32
	s.atOnce(50, func(i int) {
		page, err := ada.try("POST", "/account/preferences", map[string][]string{"theme": {[]string{"light", "dark"}[i%2]}, "language": {"en"}, "time_zone": {"UTC"}})
		if err == nil && page.status == 303 {
			saved.Add(1)
		}
	})
	if saved.Load() != 50 || s.count("preferences", "1 = 1") != 1 {
		t.Errorf("%d are saved, %d are kept", saved.Load(), s.count("preferences", "1 = 1"))
	}
}

// Whoever is asking, and how they want to see the page, is one statement.
func TestPreferencesCostNoStatement(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	ada.prefers("dark", "en-GB", "Europe/Berlin")
	ran := count(t, s.db)
	for _, path := range []string{"/dashboard", "/account", "/account/preferences"} {
		ada.get(path).is(t, 200)
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
	s := newStage(t)
	ada := s.member("ada@example.com")
	for former, want := range map[string]string{"America/Cordoba": "America/Argentina/Cordoba", "America/Coral_Harbour": "America/Atikokan", "Etc/UTC": "UTC"} {
		ada.prefers("dark", "en", former).redirects(t, "/account/preferences")
		if n := s.count("preferences", "time_zone = ?", want); n != 1 {
			t.Errorf("%s is not saved as %s", former, want)
		}
	}
	if err := s.db.Exec("UPDATE preferences SET time_zone = 'Pacific/Truk'").Error; err != nil { // saved before it was renamed
		t.Fatal(err)
	}
	if page := ada.get("/account/preferences").is(t, 200); !strings.Contains(page.body, `value="Pacific/Chuuk" selected`) {
		t.Error("a zone that was renamed since is not the one that is chosen")
	}
}

// The names of all time zones are many: most of them are not sent letter by letter.
func TestThePageOfPreferencesIsSentCompressedToWhoReadsIt(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	size := map[string]int{}
	for _, accepts := range []string{"gzip, br", "gzip;q=0"} {
		r := ada.request(http.MethodGet, "/account/preferences", nil)
		r.Header.Set("Accept-Encoding", accepts)
		page, err := ada.send(r)
		if err != nil {
			t.Fatal(err)
		}
		size[page.is(t, 200).header.Get("Content-Encoding")] = len(page.body)
	}
	if size["gzip"] == 0 || size[""] < 3*size["gzip"] {
		t.Errorf("the page has %v bytes", size)
	}
}
