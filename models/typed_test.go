package models_test

import (
	"strings"
	"testing"

	"example.com/gatehouse/models"
)

// invisible lists what people paste along without seeing it.
var invisible = map[string]string{
	"zero width space": "\u200b", "byte order mark": "\ufeff", "word joiner": "\u2060", "left-to-right mark": "\u200e", "right-to-left mark": "\u200f",
	"Arabic letter mark": "\u061c", "isolates of a contact": "\u2068\u2069", "soft hyphen": "\u00ad", "function application": "\u2061",
	"variation selector": "\ufe0f", "ideographic variation": "\U000e0100", "tags": "\U000e0041\U000e007f", "Hangul filler": "\u3164",
	"halfwidth filler": "\uffa0", "leading filler": "\u115f", "Braille blank": "\u2800", "grapheme joiner": "\u034f", "joiner": "\u200d",
	"non-joiner": "\u200c", "no-break space": "\u00a0", "object of dictation": "\ufffc", "bell": "\a", "Mongolian separator": "\u180e",
	"null notehead": "\U0001d159", "line separator": "\u2028", "nothing but spaces": " \t\r\n",
}

func TestTrim_RemovesWhatIsInvisibleAtBothEnds(t *testing.T) {
	for name, hidden := range invisible {
		for typed, want := range map[string]string{
			hidden: "", hidden + hidden: "", hidden + "Ada" + hidden: "Ada", "Ada" + hidden + " " + hidden: "Ada", "Ada" + hidden + "L": "Ada" + hidden + "L",
		} {
			if got := models.Trim(typed); got != want {
				t.Errorf("%s: Trim(%q) = %q, want %q", name, typed, got, want)
			}
		}
	}
}

// The invisible characters in these words belong to their spelling (RFC 5892 A.1
// and A.2, UTS #51, UTS #37), also at the end.
func TestTrim_KeepsWhatChangesALetterOrAnEmoji(t *testing.T) {
	for name, word := range map[string]string{
		"Persian":    "می\u200cخواهم",
		"family":     "👩\u200d👩\u200d👧",
		"Malayalam":  "രാജന\u0d4d\u200d",
		"heart":      "Ada ❤\ufe0f",
		"England":    "\U0001F3F4\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F",
		"Japanese":   "葛\U000E0100",
		"Mongolian":  "ᠠ\u180b",
		"Arabic end": "12\u06dd",
	} {
		for _, hidden := range []string{"", "\u200b", " \ufeff"} {
			if got := models.Trim(hidden + word + hidden); got != word {
				t.Errorf("%s: Trim(%q) = %q, want %q", name, hidden+word+hidden, got, word)
			}
		}
	}
}

func TestInvalid_LineRefusesWhatShowsNothing(t *testing.T) {
	for name, hidden := range invisible {
		problems := models.Invalid{}
		got := problems.Line("title", hidden, 100)
		if hidden = strings.TrimSpace(hidden); got != "" || problems["title"] == "" || hidden != "" && !strings.Contains(problems["title"], "shows nothing") {
			t.Errorf("%s: Line gives %q, problem %q", name, got, problems["title"])
		}
		problems = models.Invalid{}
		if got := problems.Line("title", hidden+"Tea"+hidden, 3); got != "Tea" || problems.Err() != nil {
			t.Errorf("%s: Line gives %q, %v; want Tea", name, got, problems)
		}
	}
}

func TestInvalid_ReadsNumbersDatesAndMoneyWithInvisibleCharacters(t *testing.T) {
	problems := models.Invalid{}
	n, m, d := problems.Integer("count", "\u200e12\u200b"), problems.Money("amount", "\ufeff3.50\u00a0"), problems.Date("due", "2026-11-30\u200f")
	address, link := problems.Email("email", "ada@example.com\u200b"), problems.URL("link", "\u2060https://example.com\u200b")
	if n != 12 || m != 350 || d.Day() != 30 || address != "ada@example.com" || link != "https://example.com" || problems.Err() != nil {
		t.Errorf("got %d, %s, %s, %q, %q, %v", n, m, d, address, link, problems)
	}
}

func TestInvalid_LineSaysWhereTheHiddenCharacterIs(t *testing.T) {
	problems := models.Invalid{}
	if problems.Line("title", "Green\atea", 100); !strings.Contains(problems["title"], "after “Green”") {
		t.Errorf("got %q, want the place", problems["title"])
	}
}
