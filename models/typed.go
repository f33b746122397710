package models

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Trim removes white space, control characters and every other character that
// shows nothing from both ends of what a person typed or pasted: zero-width
// spaces, byte order marks, direction marks, blank letters. Inside it changes
// nothing, because Persian and Indic words and many emoji need such characters.
// A text that shows nothing at all becomes "".
//
// Passwords are never trimmed (ASVS 6.2.8).
func Trim(typed string) string {
	text := strings.TrimLeftFunc(typed, Invisible)
	for text != "" {
		last, size := utf8.DecodeLastRuneInString(text)
		if !Invisible(last) || joins(text[:len(text)-size], last) {
			break
		}
		text = text[:len(text)-size]
	}
	return text
}

// blank lists the visible characters, as Unicode classifies them, whose glyph is
// empty: the Braille blank, the object replacement character that dictation
// leaves behind, the Khitan filler and the null notehead.
const blank = "\u2800\uFFFC\U00016FE4\U0001D159"

// Invisible reports whether r shows nothing by itself: white space, a control
// character, or a character of Unicode's property Default_Ignorable_Code_Point,
// here composed as in DerivedCoreProperties.txt.
func Invisible(r rune) bool {
	format := unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r)
	return format || unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(blank, r) ||
		unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// Before returns the end of what stands before the first of the characters that
// can't be seen, so that a message can tell a person where to look.
func Before(text string, hidden func(rune) bool) string {
	before := []rune(Trim(text[:strings.IndexFunc(text, hidden)]))
	return string(before[max(0, len(before)-20):])
}

// joins reports whether an invisible r changes how the text before it looks, so
// that the last letter or emoji would be another one without it.
func joins(before string, r rune) bool {
	base, _ := utf8.DecodeLastRuneInString(before)
	switch {
	case r == '\u200C' || r == '\u200D': // after a virama, as RFC 5892 A.1 and A.2 allow
		return norm.NFC.PropertiesString(before[len(before)-utf8.RuneLen(base):]).CCC() == 9
	case r >= '\uFE00' && r <= '\uFE0F': // the text or picture form of a sign
		return base >= '\u00A9' && !Invisible(base) && (unicode.IsSymbol(base) || unicode.IsPunct(base))
	case r >= '\U000E0100' && r <= '\U000E01EF': // the form of a character in a Japanese name
		return unicode.Is(unicode.Han, base)
	case r >= '\u180B' && r <= '\u180F':
		return unicode.Is(unicode.Mongolian, base)
	case r == '\U000E007F': // the end of a flag of England, Scotland or Wales
		return strings.HasSuffix(strings.TrimRightFunc(before, isTag), "\U0001F3F4")
	}
	return false
}

func isTag(r rune) bool { return r >= '\U000E0020' && r <= '\U000E007E' }
