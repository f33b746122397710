package models

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// normalizeSearch makes of what a browser sent what PostgreSQL takes as text.
func normalizeSearch(typed string) string {
	typed = Trim(strings.ReplaceAll(strings.ToValidUTF8(typed, ""), "\x00", ""))
	if utf8.RuneCountInString(typed) > maxSearch {
		typed = string([]rune(typed)[:maxSearch])
	}
	return norm.NFC.String(typed)
}

// containing is the condition that one of the columns contains the words, without regard to case. Both engines pass over a column
// once, whatever the words are. SQLite's lower knows ASCII alone, so other words are looked for by holds.
func containing(db *gorm.DB, words string, columns []string) clause.Expression {
	if words == "" {
		return clause.Expr{SQL: "1 = 1"}
	}
	wanted := foldCase(words)
	sql := "instr(lower(?), ?) > 0"
	switch {
	case db.Name() == "postgres":
		sql, wanted = "? ~ ?", eitherCase(wanted)
	case strings.ContainsFunc(wanted, func(r rune) bool { return r >= utf8.RuneSelf }):
		sql = "holds(?, ?)"
	}
	var anywhere []clause.Expression
	for _, column := range columns {
		anywhere = append(anywhere, clause.Expr{SQL: sql, Vars: []any{clause.Column{Table: clause.CurrentTable, Name: column}, wanted}})
	}
	return clause.Or(anywhere...)
}

// holds is a function of SQLite's. It reports whether a column's text contains words whose case is folded.
func holds(column any, words string) bool {
	switch text := column.(type) {
	case string:
		return strings.Contains(foldCase(text), words)
	case []byte:
		return strings.Contains(foldCase(string(text)), words)
	}
	return false
}

// foldCase returns text in lower case. The Kelvin sign and the dotted İ stay as they are: nothing else becomes a letter of ASCII.
func foldCase(text string) string { return strings.Map(foldRune, text) }

func foldRune(r rune) rune {
	if lower := unicode.ToLower(r); r < utf8.RuneSelf || lower >= utf8.RuneSelf {
		return lower
	}
	return r
}

// eitherCase is the regular expression of PostgreSQL's that finds words, whose case is folded, where holds does. It names the cases of
// each letter, since how far lower and ~* know them depends on the database's locale.
func eitherCase(words string) string {
	var b strings.Builder
	for _, r := range words {
		switch cases := casesOf(r); {
		case len(cases) > 1:
			b.WriteString("[" + string(cases) + "]")
		case r < utf8.RuneSelf && !unicode.IsDigit(r):
			b.WriteString(`\` + string(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// casesOf returns the characters that foldRune makes r.
func casesOf(r rune) []rune {
	cases := []rune{r}
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		if foldRune(next) == r {
			cases = append(cases, next)
		}
	}
	return cases
}
