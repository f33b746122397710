package models

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// ErrBusy is the answer when more is asked for at once than can be done well: 503, with Retry-After.
var ErrBusy = errors.New("too much is asked for at once")

// Invalid says, field by field, what a person has to change; the field "" is the form as a whole. Its methods each hold what was
// typed into a field to one rule, note a problem under the field's name, and return the value.
type Invalid map[string]string

func (i Invalid) Error() string {
	var parts []string
	for _, field := range slices.Sorted(maps.Keys(i)) {
		parts = append(parts, cmp.Or(field, "form")+": "+i[field])
	}
	return strings.Join(parts, "; ")
}

// Err is nil when nothing is wrong; a bare Invalid{} in an error would not be.
func (i Invalid) Err() error {
	maps.DeleteFunc(i, func(_, message string) bool { return message == "" })
	if len(i) == 0 {
		return nil
	}
	return i
}

// Line takes one line of text that has to be there and to be seen, in at most max characters (code points), trimmed.
func (i Invalid) Line(field, typed string, max int) string {
	line := i.text(field, typed, max)
	switch {
	case i[field] != "":
	case line == "" && strings.TrimSpace(typed) != "":
		i[field] = "The " + words(field) + " shows nothing. Enter it in letters, digits or signs that can be seen."
	case line == "":
		i[field] = "Enter the " + words(field) + "."
	case strings.ContainsFunc(line, unicode.IsControl):
		i[field] = "Write the " + words(field) + " on one line. There is a line break or a hidden character after “" + Before(line, unicode.IsControl) + "”."
	}
	return line
}

// Text takes any number of lines, also none, in at most max characters (code points). Lines end in \n, however the browser sent them.
func (i Invalid) Text(field, typed string, max int) string {
	text := i.text(field, strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(typed), max)
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
		i[field] = "The " + words(field) + " holds characters that cannot be read. Type them anew."
	}
	return text
}

func (i Invalid) text(field, typed string, max int) string {
	text := Trim(typed)
	if len(text) <= utf8.UTFMax*max { // before a megabyte of it is normalized
		text = norm.NFC.String(text)
	}
	if utf8.RuneCountInString(text) > max {
		i[field] = fmt.Sprintf("Use at most %d characters for the %s.", max, words(field))
	}
	return text
}

// Choice takes one of the options.
func (i Invalid) Choice(field, typed string, options ...string) string {
	if !slices.Contains(options, typed) {
		i[field] = "Choose the " + words(field) + "."
	}
	return typed
}

// Integer takes a whole number.
func (i Invalid) Integer(field, typed string) int64 {
	n, err := strconv.ParseInt(Trim(typed), 10, 64)
	if err != nil {
		i[field] = "Write the " + words(field) + " as a whole number, such as 12."
	}
	return n
}

// Float takes a number that may have decimals.
func (i Invalid) Float(field, typed string) float64 {
	typed = Trim(typed)
	n, err := strconv.ParseFloat(typed, 64)
	if err != nil || strings.Trim(typed, "+-.0123456789") != "" { // such as NaN, Inf, 0x1p4, 1e9
		i[field] = "Write the " + words(field) + " as a number, such as 12.5."
		return 0
	}
	return n
}

// Date takes a day as browsers send it, 2026-11-30; it is the beginning of that day in UTC.
func (i Invalid) Date(field, typed string) time.Time {
	day, err := time.Parse(time.DateOnly, Trim(typed))
	if err != nil || day.Year() < 1 {
		i[field] = "Write the " + words(field) + " as a date, such as 2026-11-30."
	}
	return day
}

// Email takes an address, and returns it as NormalizeEmail does.
func (i Invalid) Email(field, typed string) string {
	line := i.Line(field, typed, maxEmailBytes)
	address, problem := NormalizeEmail(typed)
	if i[field] == "" && problem != "" {
		i[field] = "Write the " + words(field) + " as an address, such as ada@example.com."
	}
	return cmp.Or(address, line)
}

// URL takes an address of the web. Others, such as javascript:, would do something else where they are shown as a link.
func (i Invalid) URL(field, typed string) string {
	address := i.Line(field, typed, 2000)
	if parsed, err := url.Parse(address); i[field] == "" && (err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https") {
		i[field] = "Write the " + words(field) + " as a link, such as https://example.com."
	}
	return address
}

// Money takes an amount with up to two decimals, 1234.5 or -0.99.
func (i Invalid) Money(field, typed string) Money {
	whole, part, _ := strings.Cut(Trim(typed), ".")
	cents, err := strconv.ParseInt(whole+(part + "00")[:2], 10, 64)
	digits := strings.TrimPrefix(whole, "-")
	if err != nil || digits == "" || digits[0] == '+' || digits[0] == '-' || len(part) > 2 || len(digits) > maxMoneyDigits {
		i[field] = "Write the " + words(field) + " as a number, such as 1234.50."
	}
	return Money(cents)
}

// maxMoneyDigits leaves room to add up a few thousand of the largest amounts.
const maxMoneyDigits = 12

// Money is an amount in hundredths, since fractions of two are no fractions of ten.
type Money int64

// String is the amount with two decimals, as Invalid.Money reads it.
func (m Money) String() string {
	sign := ""
	if m < 0 {
		sign, m = "-", -m
	}
	return fmt.Sprintf("%s%d.%02d", sign, m/100, m%100)
}

// words are a field's name as people write it: "due date" for due_date.
func words(field string) string { return strings.ReplaceAll(field, "_", " ") }
