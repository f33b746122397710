package config

import (
	"slices"
	"strings"
	"testing"
)

func TestTermsVersion_IsShortPlainText(t *testing.T) {
	for _, version := range []string{"", "2026-12-01", "2.1 (December)", "Stand: März", strings.Repeat("ü", 40)} {
		if c, err := Load(append(slices.Clone(production), "TERMS_VERSION="+version)); err != nil ||
			c.TermsVersion != version {
			t.Errorf("got %q (%v), want %q", c.TermsVersion, err, version)
		}
	}
	for _, version := range []string{strings.Repeat("1", 41), "1\n2", "1\t2", "<b>", "\u202e1", "\xff",
		"2026-12-01 # the first"} {
		if _, err := Load(append(slices.Clone(production), "TERMS_VERSION="+version)); err == nil ||
			!strings.Contains(err.Error(), "TERMS_VERSION") {
			t.Errorf("%q: got %v, want an error that names TERMS_VERSION", version, err)
		}
	}
}
