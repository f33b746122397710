package models

import (
	"slices"
	"strings"

	"github.com/mileusna/useragent"
)

// unknownBrowser stands in for a browser that is not in browserNames.
const unknownBrowser = "an unknown browser"

// browserNames and systemNames are everything that the name of a device can
// say. The User-Agent header is the attacker's to write, and the name stands in
// security alerts: a name from the header itself could tell their reader to
// call a number.
var (
	browserNames = []string{
		useragent.Chrome, useragent.Firefox, useragent.Safari, useragent.Edge, useragent.Opera, useragent.OperaMini,
		useragent.OperaTouch, useragent.Vivaldi, useragent.SamsungBrowser, useragent.InternetExplorer,
		useragent.HeadlessChrome, useragent.FacebookApp, useragent.InstagramApp, useragent.TiktokApp, useragent.BlackBerry,
		useragent.NetFront, "Huawei Browser", "Miui Browser", "Android browser", "DuckDuckGo", "YaBrowser", "UCBrowser",
		"Whale", "Electron",
	}
	systemNames = []string{
		useragent.Windows, useragent.WindowsPhone, useragent.Android, useragent.MacOS, useragent.IOS, useragent.Linux,
		useragent.FreeBSD, useragent.ChromeOS, useragent.BlackBerry, useragent.Harmony,
	}
)

// maxUserAgent is how much of a User-Agent header is read, in bytes. The longest
// that apps send have about 500. A header may have 32 kB, which took 5 ms to
// parse, also for requests that are refused.
const maxUserAgent = 1 << 10

// DeviceName names the browser and the system of a User-Agent header, as in
// "Firefox on Linux". It says nothing but names from a fixed list: a browser
// that is not in it is "an unknown browser".
func DeviceName(userAgent string) string {
	ua := useragent.Parse(userAgent[:min(len(userAgent), maxUserAgent)])
	return deviceName(ua.Name, ua.OS)
}

// KnownDeviceName returns a stored name of a device as it may be shown. Rows
// from before the fixed list may hold what a header said.
func KnownDeviceName(stored string) string {
	browser, system, _ := strings.Cut(stored, " on ")
	return deviceName(browser, system)
}

func deviceName(browser, system string) string {
	if !slices.Contains(browserNames, browser) {
		browser = unknownBrowser
	}
	if !slices.Contains(systemNames, system) {
		return browser
	}
	return browser + " on " + system
}
