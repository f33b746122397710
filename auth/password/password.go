// Package password has the rules of a new password, and the one form in which
// every password is hashed.
package password

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Normalize brings a password to NFC (NIST SP 800-63B-4, 3.1.1.2), so that an é
// is the same password whether a keyboard sends it as one code point or as two.
// It changes nothing else: no trimming, no cutting, no case.
func Normalize(password string) string { return norm.NFC.String(password) }

const (
	// MaxLength is how many code points a password may have. ASVS 6.2.9 asks for
	// at least 64.
	MaxLength = 256
	// MaxBytes is how many bytes a normalized password may have.
	MaxBytes = utf8.UTFMax * MaxLength
)

// Rules are the rules of a new password. None is about composition (ASVS
// 6.2.5), and no password is ever too old (ASVS 6.2.10). A user whose password
// no longer meets them has to choose another at login.
type Rules struct {
	min  int
	need int
	app  []string
}

// NewRules asks for least code points, and for at least 8 (ASVS 6.2.1; NIST
// asks for 15 if the password is the only factor). It keeps passwords away from
// the application's name (ASVS 6.2.11).
func NewRules(least int, appName string) Rules {
	least = max(least, 8)
	return Rules{
		min: least,
		// ASVS accepts any eight characters. A higher bound would refuse long
		// passphrases of plain words.
		need: min((least+1)/2, 8),
		app:  contextWords(appName),
	}
}

// Check returns "" for a password that may be set. Otherwise it returns the
// sentence to show next to the input, with the reason and what to do (NIST SP
// 800-63B-4, 3.1.1.2). person is what an attacker tries first: the owner's name
// and address.
//
// A password is refused as too easily guessed by what it counts for as a whole.
// A common password counts as three characters, a run along the alphabet or the
// keyboard or a year as two, and a repetition or a word about the person or the
// application as one. At the default, less than eight is refused:
// "passwordpassword" and "acme-shop-ada-2026" are, and a passphrase of three
// words is not, whichever they are. That covers the 3,000 most common passwords
// of the allowed length (ASVS 6.2.4), which are mostly shorter ones put together
// or stretched, better than any list of them.
func (r Rules) Check(password string, person ...string) string {
	tooLong := fmt.Sprintf("This password is too long. Use at most %d characters.", MaxLength)
	switch {
	case len(password) > 4*MaxBytes:
		// Unread, or a megabyte of it would be normalized. Accents that are written
		// apart make no password four times as long.
		return tooLong
	case !utf8.ValidString(password):
		return "This password has characters that can’t be read. Type it again."
	}
	password = Normalize(password)
	length := utf8.RuneCountInString(password)
	switch {
	case length == 0:
		return fmt.Sprintf("Choose a password of at least %d characters.", r.min)
	case length < r.min:
		return fmt.Sprintf("This password has %d of at least %d characters. A few unrelated words make a good one.",
			length, r.min)
	case length > MaxLength:
		return tooLong
	}
	about := slices.Clone(r.app)
	for _, p := range person {
		about = append(about, contextWords(p)...)
	}
	folded := fold(password)
	switch {
	case leftOf(folded, about) >= r.need:
		return ""
	case isCommon(folded):
		return "This is one of the most common passwords, so it is guessed first. " + chooseAnother
	case leftOf(folded, nil) < r.need:
		return "This password is little more than common words, repetitions, years or keys in a row, " +
			"so it is guessed early. " + chooseAnother
	}
	return "This password is little more than your name, your email address or the name of this site, " +
		"so it is guessed early. " + chooseAnother
}

const chooseAnother = "Choose another: a few unrelated words make a good one."

// fold returns s as it is compared with words. Passwords are hashed unfolded.
func fold(s string) string {
	return norm.NFC.String(strings.Map(unicode.ToLower, norm.NFC.String(s)))
}

// What a piece of a password counts for, in characters that an attacker guesses
// one by one: a word out of fifty thousand is guessed as soon as three letters.
const (
	commonCost  = 3
	runCost     = 2
	contextCost = 1
	repeatCost  = 1
)

const (
	leastContextWord = 3 // code points; "Li" would be found in every second password
	leastRun         = 3
	leastRepeat      = 3
)

// leftOf returns the least that a folded password counts for, over all ways to
// take it apart.
func leftOf(folded string, about []string) int {
	left, _ := takeApart(folded, about)
	return left
}

// takeApart also returns how many steps that took. They grow with the square of
// the length, whatever the password: 256 characters take a fraction of a
// millisecond, so that a form cannot be made to cost more than the page that
// answers it (ASVS 15.2.2).
func takeApart(folded string, about []string) (left, steps int) {
	runes := []rune(folded)
	least := make([]int, len(runes)+1) // of what stands before each place
	for i := range runes {
		least[i+1] = len(runes)
	}
	repeats, steps := repeatLengths(runes)
	for i, rest := 0, folded; i < len(runes); i, rest = i+1, rest[utf8.RuneLen(runes[i]):] {
		reach := func(length, cost int) {
			steps++
			least[i+length] = min(least[i+length], least[i]+cost)
		}
		reach(1, 1)
		for _, word := range about {
			steps++
			if strings.HasPrefix(rest, word) {
				reach(utf8.RuneCountInString(word), contextCost)
			}
		}
		for _, word := range commonAtStart(rest) {
			reach(len(word), commonCost) // the list is ASCII
		}
		if isYear(runes[i:]) {
			reach(4, runCost)
		}
		run, compared := runLength(runes[i:])
		steps += compared
		for n := run; n >= leastRun && n > repeats[i]; n-- { // a repetition costs less
			reach(n, runCost)
		}
		for n := repeats[i]; n >= leastRepeat; n-- {
			reach(n, repeatCost)
		}
	}
	return least[len(runes)], steps
}

// contextWords returns a name or an address, folded, whole and in its parts. It
// leaves out parts that are too short to mean anything.
func contextWords(s string) []string {
	// A password has no room for more, and a name of a megabyte would cost seconds.
	s = fold(strings.TrimSpace(s[:min(len(s), MaxBytes)]))
	isGap := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) }
	parts := strings.FieldsFunc(s, isGap)
	words := append([]string{s, strings.Join(parts, "")}, parts...)
	if local, domain, found := strings.Cut(s, "@"); found {
		words = append(words, local, domain)
	}
	slices.Sort(words)
	return slices.DeleteFunc(slices.Compact(words), func(word string) bool {
		return utf8.RuneCountInString(word) < leastContextWord
	})
}

// keyboard has the rows and columns that fingers run along, in one of the two
// directions.
var keyboard = [...]string{
	"1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "yxcvbnm", "azertyuiop", "qsdfghjklm", "wxcvbn",
	"!@#$%^&*()", "1qaz2wsx3edc4rfv5tgb6yhn7ujm", "qazwsxedcrfvtgbyhnujm", "1q2w3e4r5t6y7u8i9o0p", "1a2b3c4d5e6f7g8h9i",
	"йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю",
}

// keyPlace is one place of a key in the keyboard's rows.
type keyPlace struct {
	row []rune
	at  int
}

// keyPlaces lists the places of each key.
var keyPlaces = func() map[rune][]keyPlace {
	places := map[rune][]keyPlace{}
	for _, row := range keyboard {
		for at, key := range []rune(row) {
			places[key] = append(places[key], keyPlace{[]rune(row), at})
		}
	}
	return places
}()

// runLength returns the length of the run that runes begins with: one character
// over and over, each or each second character of an alphabet or of the digits,
// in either direction, or keys in a row. compared is how many characters it
// compared.
func runLength(runes []rune) (length, compared int) {
	if len(runes) < leastRun {
		return 0, 0
	}
	length = 2
	step := runes[1] - runes[0]
	for step >= -2 && step <= 2 && length < len(runes) && runes[length]-runes[length-1] == step {
		length++
	}
	compared = length
	for _, place := range keyPlaces[runes[0]] {
		for _, direction := range []int{1, -1} {
			n := place.length(runes, direction)
			compared += n
			length = max(length, n)
		}
	}
	return length, compared
}

// length returns how many of the keys lie in a row from this place on.
func (p keyPlace) length(keys []rune, direction int) int {
	n, at := 0, p.at
	for n < len(keys) && at >= 0 && at < len(p.row) && p.row[at] == keys[n] {
		n, at = n+1, at+direction
	}
	return n
}

// repeatLengths returns, for each place, how many of the characters from there
// on repeat earlier ones, which may overlap with them. compared is how many
// characters it compared: each pair of places once, because two texts that begin
// alike have one character more in common than what follows.
func repeatLengths(runes []rune) (longest []int, compared int) {
	longest = make([]int, len(runes))
	common := make([]int, len(runes)+1) // with what begins at i, by the place of the other
	for i := len(runes) - 1; i >= 0; i-- {
		for earlier := range i {
			compared++
			if runes[earlier] != runes[i] {
				common[earlier] = 0
				continue
			}
			common[earlier] = common[earlier+1] + 1 // which is still that of i+1
			longest[i] = max(longest[i], common[earlier])
		}
	}
	return longest, compared
}

func isYear(runes []rune) bool {
	if len(runes) < 4 {
		return false
	}
	century, decade, year := string(runes[:2]), runes[2], runes[3]
	return (century == "19" || century == "20") && '0' <= decade && decade <= '9' && '0' <= year && year <= '9'
}
