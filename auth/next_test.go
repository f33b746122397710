package auth

import (
	"net/url"
	"strings"
	"testing"
)

func TestItem41PathsOfThisSiteAreKeptAsTheyAre(t *testing.T) {
	for _, next := range []string{
		"/", "/dashboard", "/account/", "/account/security?tab=2", "/search?q=a%20b&u=https://elsewhere.example//x", "/a?next=%2F%2Fevil.example",
		"/p%20q", "/caf%C3%A9", "/loginpage", "/account#sessions", "/a:b", "/@ada", "/~ada/x;y=1,2", "/a?q=%5C", "/?",
	} {
		if got := SafeNext(next); got != next {
			t.Errorf("SafeNext(%q) = %q", next, got)
		}
	}
}

func TestItem41WhatMightLeaveTheSiteIsDropped(t *testing.T) {
	for _, next := range []string{
		"", "dashboard", "?x", "#x", ".", "..", " /dashboard", "\t/dashboard",
		"https://evil.example", "http:evil.example", "HTTPS://evil.example/", "javascript:alert(1)", "data:text/html,x", "mailto:eve@evil.example",
		"//evil.example", "///evil.example", "////evil.example", `/\evil.example`, `\/evil.example`, `\\evil.example`, `/\/evil.example`, `/a\b`,
		"/\t/evil.example", "/\n/evil.example", "/\r\n/evil.example", "/\x00/evil.example", "/\x0b/evil.example", "/ /evil.example", "/\x7f/evil.example",
		"/dashboard\r\nSet-Cookie: session=eve", "/\u00a0/evil.example", "/\uff0fevil.example", "/\u2215evil.example", "/\u3002\u3002/",
		"/%2f", "/a%2f/", "/%2f/evil.example", "/%2F%2Fevil.example", "/%2fevil.example", "/%5cevil.example", "/%5C/evil.example", "/%09/evil.example", "/%0d%0aSet-Cookie:x", "/%00",
		"/%252fevil.example", "/%255cevil.example", "/%25252f", "/a%25",
		"/..//evil.example", "/.//evil.example", "/./evil.example/..//x", "/../evil.example", "/%2e%2e//evil.example", "/a/%2e%2e/b", "/%2e/b", "/a//b", "/a/./b", "/a/..", "/a/.",
		"/%", "/%zz", "/%2", "@evil.example", "//user@evil.example", "/\\user@evil.example", "//[::1]", "//evil.example:80/",
		"/" + strings.Repeat("a", 1024),
	} {
		if got := SafeNext(next); got != "" {
			t.Errorf("SafeNext(%q) = %q", next, got)
		}
	}
}

func TestTheWayBackNeverBeginsTheLoginAnew(t *testing.T) {
	for _, next := range []string{
		"/login", "/login/", "/login?next=/dashboard", "/login#x", "/login/x", "/logout", "/register", "/register?x=1", "/%6cogin", "/LOGIN",
	} {
		if got := SafeNext(next); got != "" {
			t.Errorf("SafeNext(%q) = %q", next, got)
		}
	}
}

func FuzzSafeNext(f *testing.F) {
	for _, seed := range []string{
		"/", "/dashboard?x=1#y", "//evil.example", `/\evil.example`, "/\t/evil.example", "/%2f", "/a%2f/", "/%2f/evil.example", "/%5c", "/..//evil.example", "https:evil.example",
		"/a/%2e%2e/login", "/@ada:x", "/login", "/%252f",
	} {
		f.Add(seed)
	}
	site, err := url.Parse("https://app.example/login")
	if err != nil {
		f.Fatal(err)
	}
	// What browsers do before they resolve an address, https://url.spec.whatwg.org/#concept-basic-url-parser
	browser := strings.NewReplacer("\t", "", "\r", "", "\n", "", `\`, "/")
	f.Fuzz(func(t *testing.T, input string) {
		next := SafeNext(input)
		if next == "" {
			return
		}
		if next != input {
			t.Fatalf("SafeNext(%q) = %q", input, next)
		}
		path, _, _ := strings.Cut(next, "?")
		path, _, _ = strings.Cut(path, "#")
		decoded, err := url.PathUnescape(path)
		if err != nil {
			t.Fatalf("%q: %v", next, err)
		}
		for _, read := range []string{next, strings.Trim(browser.Replace(next), "\x00 "), decoded, browser.Replace(decoded)} {
			if strings.HasPrefix(read, "//") {
				t.Errorf("%q reads as %q", next, read)
			}
			u, err := site.Parse((&url.URL{Path: read}).String())
			if read == next {
				u, err = site.Parse(read)
			}
			if err != nil || u.Scheme != "https" || u.Host != "app.example" || u.User != nil {
				t.Errorf("%q reads as %q and leads to %v, %v", next, read, u, err)
			}
			if err == nil && (strings.HasPrefix(u.Path, "/log") && (u.Path == "/login" || u.Path == "/logout") || u.Path == "/register") {
				t.Errorf("%q leads to %s", next, u.Path)
			}
		}
	})
}
