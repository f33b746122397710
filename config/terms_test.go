package config

import (
	"slices"
	"strings"
	"testing"
)

func TestAVersionOfTheTermsIsAShortPlainText(t *testing.T) {
	for _, version := range []string{"", "2026-12-01", "2.1 (December)", "Stand: März", strings.Repeat("ü", 40)} {
		if c, err := Load(append(slices.Clone(production), "TERMS_VERSION="+version)); err != nil || c.TermsVersion != version {
			t.Errorf("%q is %q (%v)", version, c.TermsVersion, err)
		}
	}
	for _, version := range []string{strings.Repeat("1", 41), "1\n2", "1\t2", "<b>", "\u202e1", "\xff", "2026-12-01 # the first"} {
		if _, err := Load(append(slices.Clone(production), "TERMS_VERSION="+version)); err == nil || !strings.Contains(err.Error(), "TERMS_VERSION") {
			t.Errorf("%q: %v", version, err)
		}
	}
}
