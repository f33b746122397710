package scope

import (
	"context"
	"database/sql/driver"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Names are the names that Check looks for in statements.
type Names struct {
	Tables  []string // the owned tables
	Schemas []string // of the database: in "public.notes", notes is a table; in "users.notes", a column
	starts  [256]bool
}

// NewNames returns the names of the owned tables and of the schemas that every
// database has.
func NewNames(tables []string) *Names {
	n := &Names{Tables: tables, Schemas: []string{"main", "temp", "public"}}
	for _, name := range append([]string{"u"}, tables...) {
		n.starts[strings.ToLower(name)[0]], n.starts[strings.ToUpper(name)[0]] = true, true
	}
	return n
}

// Check returns ErrUnscoped for a statement that names an owned table more
// often than a scoped handle has bound an Arg for it, unless the context is
// unscoped. It replaces each Arg with the owner's id.
//
// Check counts every whole word that is the name of an owned table, even inside
// a string. It does not count a word that can only be a column.
func (n *Names) Check(ctx context.Context, query string, args []driver.NamedValue) error {
	var bound []Arg
	for i, arg := range args {
		if a, ok := arg.Value.(Arg); ok {
			args[i].Value = a.owner
			bound = append(bound, a)
		}
	}
	start, end := n.next(query, 0)
	if start == len(query) || isUnscoped(ctx) {
		return nil
	}
	word := query[start:end]
	if strings.Contains(query, "--") { // the neighbor of a name may be a comment
		return fmt.Errorf("%w: the statement has the word %q, which is an owned table, and a comment after --; "+
			"remove one of them", ErrUnscoped, word)
	}
	query = columnList.ReplaceAllString(query, "$1")
	for start, end = n.next(query, 0); start < len(query); start, end = n.next(query, end) {
		word = query[start:end]
		if n.isColumn(query[:start], query[end:]) {
			continue
		}
		i := slices.IndexFunc(bound, func(a Arg) bool { return strings.EqualFold(a.table, word) })
		if i < 0 {
			return fmt.Errorf("%w: %q is an owned table; build the statement with GORM from models.Scoped(db, "+
				"actor), or from "+
				"models.Unscoped(db) if it is for no user; write a column of that name with its table, as in "+
				"users.%[2]s", ErrUnscoped, word)
		}
		bound = slices.Delete(bound, i, i+1)
	}
	return nil
}

// columnList matches the lists of columns in which GORM cannot qualify a name.
var columnList = regexp.MustCompile("(^INSERT INTO [\"`]\\w+[\"`] |ON CONFLICT )\\([\"`\\w,]+\\)")

// next returns the position of the next name of an owned table from an offset,
// or len(query). It does not allocate. PostgreSQL's escaped names, U&"…", may
// stand for any table and count as one.
func (n *Names) next(query string, from int) (start, end int) {
	for i := from; i < len(query); {
		if !inWord[query[i]] {
			i++
			continue
		}
		start := i
		for i < len(query) && inWord[query[i]] {
			i++
		}
		if !n.starts[query[start]] {
			continue
		}
		word := query[start:i]
		for _, table := range n.Tables {
			if len(table) == len(word) && strings.EqualFold(table, word) {
				return start, i
			}
		}
		if (word == "u" || word == "U") && strings.HasPrefix(query[i:], `&"`) {
			return start, i + len(`&"`)
		}
	}
	return len(query), len(query)
}

// inWord has the bytes that names consist of. "$" is left out although
// PostgreSQL allows it, so that Check counts too many names and not too few.
var inWord = func() (in [256]bool) {
	for c := range in {
		in[c] = c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c >= 0x80
	}
	return in
}()

const spaces = " \t\r\n\f\v"

// isColumn reports whether a name between these two texts is a column in every
// statement of both engines.
func (n *Names) isColumn(before, after string) bool {
	if before != "" && after != "" && slices.Contains([]string{`""`, "``", "[]"}, before[len(before)-1:]+after[:1]) {
		before, after = before[:len(before)-1], after[1:]
	}
	after = strings.TrimLeft(after, spaces)
	if strings.HasPrefix(after, ".") {
		return true
	}
	before = strings.ToLower(strings.TrimRight(before, spaces))
	if qualifier, ok := strings.CutSuffix(before, "."); ok {
		qualifier = strings.TrimRight(strings.TrimRight(qualifier, spaces), "\"`]'")
		isSchema := slices.ContainsFunc(n.Schemas, func(schema string) bool {
			return strings.HasSuffix(qualifier,
				strings.ToLower(schema))
		})
		return lastWord(qualifier) != "" && !isSchema
	}
	word := lastWord(before)
	if after != "" && strings.Contains("=<>!", after[:1]) {
		return word != "in" // SQLite allows x IN notes = 1
	}
	return slices.Contains([]string{"select", "distinct", "as", "where", "and", "or", "not", "by", "set"}, word)
}

func lastWord(text string) string {
	start := len(text)
	for start > 0 && inWord[text[start-1]] {
		start--
	}
	return text[start:]
}

// contained reports whether a piece of SQL stays inside the parentheses around
// it. It returns false for syntax that the two engines read differently:
// escapes, dollar quotes, brackets, and comments.
func contained(sql string) bool {
	if escaped.MatchString(sql) {
		return false
	}
	sql = quoted.ReplaceAllString(sql, "")
	if unclear.MatchString(sql) {
		return false
	}
	depth := 0
	for _, c := range sql {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth < 0 {
			return false
		}
	}
	return depth == 0
}

var (
	escaped = regexp.MustCompile(`(?i)(^|[^a-z_])e'|\[`)
	quoted  = regexp.MustCompile("'[^']*'|\"[^\"]*\"|`[^`]*`")
	unclear = regexp.MustCompile("['\"`;\\\\]|--|/\\*|\\$([^0-9]|$)")
)
