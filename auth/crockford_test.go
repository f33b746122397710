package auth

import (
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

func TestPlainCode_ReadsCodesAsPeopleTypeThem(t *testing.T) {
	for name, typed := range map[string]string{
		"plain": "012345", "groups": " 012 345\n", "dashes": "012-345", "en dash": "012–345", "minus": "012−345", "fullwidth hyphen": "012－345",
		"fullwidth": "０１２３４５", "Arabic-Indic": "٠١٢٣٤٥", "Persian": "۰۱۲۳۴۵", "Devanagari": "०१२३४५", "Bengali": "০১২৩৪৫", "Thai": "๐๑๒๓๔๕",
		"mathematical": "𝟎𝟏𝟐𝟛𝟜𝟝", "Adlam": "𞥐𞥑𞥒𞥓𞥔𞥕", "no-break spaces": "012\u00a0\u202f345", "zero width": "\ufeff012\u200b345\u200f", "letters": "olz345",
		"mixed": "٠1２३ ๔5",
	} {
		want := "012345"
		if name == "letters" {
			want = "01z345"
		}
		if got := PlainCode(typed); got != want {
			t.Errorf("%s: plainCode(%q) = %q, want %q", name, typed, got, want)
		}
	}
	if got := PlainCode("ＡＢ—cd ＯＩl"); got != "abcd011" {
		t.Errorf("fullwidth letters are read as %q", got)
	}
}

// Unicode promises that digits stand in runs from 0 to 9; where a digit has a
// compatibility mapping, it has to agree.
func TestAsciiDigit_AgreesWithUnicode(t *testing.T) {
	digits := 0
	for r := range rune(unicode.MaxRune) {
		got := asciiDigit(r)
		mapped := []rune(norm.NFKC.String(string(r)))
		switch {
		case !unicode.Is(unicode.Nd, r):
			if got != r {
				t.Errorf("%U is no digit, and becomes %q", r, got)
			}
			continue
		case got < '0' || got > '9', mapped[0] < 0x80 && mapped[0] != got:
			t.Errorf("%U becomes %q, want %q", r, got, mapped)
		}
		digits++
	}
	if digits%10 != 0 || digits < 600 {
		t.Errorf("got %d digits, want whole runs of ten", digits)
	}
}

func TestPlainCode_ReadsNothingOfMoreThanACode(t *testing.T) {
	if got := PlainCode(string(make([]byte, 2000)) + "012345"); got != "" {
		t.Errorf("got %q", got)
	}
}
