package e2e

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
)

// preferencesViews are the page of preferences, and pages in a theme that
// differs from the device's.
func preferencesViews(t *testing.T) []view {
	s := startWithMail(t, "RATE_LIMIT=off")
	ada := s.visit(t, "Ada Lovelace").joins()
	return []view{
		{"preferences", "/account/preferences", 200, ada, opens("/account/preferences")},
		{"preferences-dark", "/account/preferences", 200, ada, func(p *person) {
			p.open("/account/preferences").toggle("Dark").press("Save preferences")
		}},
		{"dashboard-dark", "/dashboard", 200, ada, opens("/dashboard")},
		{"login-dark", "/login", 200, ada, func(p *person) { p.press("Log out") }},
	}
}

// ground returns the background color of the page.
func (p *person) ground() string {
	return evaluate[string](p, "getComputedStyle(document.body.parentElement).backgroundColor")
}

func TestPreferences_ThemeOverridesTheDevice(t *testing.T) {
	for _, scripts := range []bool{true, false} {
		ada := startWithMail(t).visit(t, "Ada Lovelace").joins().look("light", 1280)
		if !scripts {
			ada.withoutScripts()
		}
		light := ada.open("/account/preferences").ground()
		ada.toggle("Dark").press("Save preferences").at("/account/preferences", http.StatusOK)
		dark := ada.ground()
		if dark == light {
			t.Errorf("dark is %s as well", dark)
		}
		if ada.press("Log out"); ada.ground() != dark {
			t.Errorf("logged out it is %s", ada.ground())
		}
		ada.logIn().open("/account/preferences").toggle("System").press("Save preferences")
		if ada.ground() != light {
			t.Errorf("the device's theme is %s, not %s", ada.ground(), light)
		}
	}
}

// Chromium throws where the system's time zone is set to one that it does not
// know. The rest of the page's script goes on.
func TestPreferences_ShowAThemeWhereTheTimeZoneIsUnknown(t *testing.T) {
	ada := startWithMail(t).visit(t, "Ada Lovelace").joins().look("light", 1280)
	call(ada, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `Intl.DateTimeFormat = () => { throw new RangeError("Invalid time zone specified: undefined") }`})
	light := ada.open("/account/preferences").ground()
	if dark := ada.toggle("Dark").ground(); dark == light {
		t.Errorf("the theme is not shown: the background stays %s", dark)
	}
}

func TestPreferences_OfferTheBrowsersTimeZone(t *testing.T) {
	for _, zone := range []struct{ browser, button, clock string }{
		{"Europe/Berlin", "Use this device’s: Berlin", "Europe/Berlin"},
		{"Asia/Calcutta", "Use this device’s: Kolkata", "Asia/Kolkata"},
		{"America/Cordoba", "Use this device’s: Cordoba, Argentina", "America/Argentina/Cordoba"},
		{"Pacific/Truk", "Use this device’s: Chuuk", "Pacific/Chuuk"},
	} {
		ada := startWithMail(t).visit(t, "Ada Lovelace").joins()
		call(ada, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: zone.browser})
		ada.open("/account/preferences").toggle(zone.button).press("Save preferences")
		if got := evaluate[string](ada, `document.getElementById("time_zone").value`); got != zone.clock {
			t.Errorf("it is %s", got)
		}
		if ada.offered("Use this device") {
			t.Error("what is chosen already is offered")
		}
	}
}

// A browser may be in any zone that it knows, under whatever name it has there.
func TestPreferences_OfferEveryTimeZoneOfTheBrowser(t *testing.T) {
	ada := startWithMail(t).visit(t, "Ada Lovelace").joins().open("/account/preferences")
	missing := evaluate[string](ada, `(() => {
		const former = JSON.parse(document.querySelector("[data-zone]").dataset.former);
		const offered = new Set([...document.getElementById("time_zone").options].map((option) => option.value));
		return Intl.supportedValuesOf("timeZone").filter((zone) => !offered.has(former[zone] ?? zone)).join(" ");
	})()`)
	if missing != "" {
		t.Errorf("these are not offered: %s", missing)
	}
}

// picks chooses an option of a list by keyboard.
func (p *person) picks(label, option string) *person {
	p.t.Helper()
	call(p, dom.Focus, dom.FocusParams{BackendNodeID: p.find(label, "combobox")})
	return p.keys(option)
}

func TestPreferences_FormatDates(t *testing.T) {
	for _, scripts := range []bool{true, false} {
		ada := startWithMail(t).visit(t, "Ada Lovelace").joins()
		if !scripts {
			ada.withoutScripts()
		}
		for language, date := range map[string]string{"English (United States)": `now [A-Z][a-z]+ \d+, 20\d\d`,
			"English (Ireland)": `now \d+ [A-Z][a-z]+ 20\d\d`} {
			ada.open("/account/preferences").picks("Language and dates",
				language).press("Save preferences").at("/account/preferences", http.StatusOK)
			if !regexp.MustCompile(date).MatchString(ada.text()) {
				t.Errorf("in %s there is no date like %s:\n%s", language, date, ada.text())
			}
		}
	}
}
