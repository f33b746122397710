package models

import (
	"fmt"
	"iter"
	"slices"
	"strings"
)

// mentions says whether a statement may name one of the tables. It is asked of every statement and allocates nothing.
func mentions(query string, tables []string) bool {
	for i := 0; i < len(query); {
		if !inWord(query[i]) {
			if strings.HasPrefix(query[i:], `&"`) {
				return true // U&"…", whose letters PostgreSQL takes as escapes
			}
			i++
			continue
		}
		start := i
		for i < len(query) && inWord(query[i]) {
			i++
		}
		if isAmong(query[start:i], tables) {
			return true
		}
	}
	return false
}

func inWord(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c >= 0x80
}

func isAmong(word string, tables []string) bool {
	return slices.ContainsFunc(tables, func(table string) bool { return len(table) == len(word) && strings.EqualFold(table, word) })
}

// tablesIn returns those of the tables that a statement reads or writes, each as often as the statement names it. A column of the same
// name is none. It knows of SQL what that takes, on both engines, and where it is in doubt it counts.
//
// The error is for a statement that names one and cannot be judged: one with a comment, which may hide what the engine reads, or
// several statements in one.
func tablesIn(query string, tables []string) ([]string, error) {
	var found []string
	var odd string
	lists := []listState{noList} // one for each open parenthesis
	previous, introduced := "", false
	for kind, text := range tokens(query) {
		top := len(lists) - 1
		word := strings.ToLower(text)
		if previous != "." && text != "." { // what introduces main.notes stands before main
			introduced = introduces(previous) || lists[top] == ofTables && (previous == "," || previous == "(")
		}
		if introduced && isAmong(word, tables) {
			found = append(found, word)
		}
		switch {
		case kind == odder || kind == symbol && text == ";":
			odd = text
			continue
		case kind == literal:
			inside, _ := tablesIn(text, tables) // a function may run what is in a string
			found = append(found, inside...)
		case kind == symbol:
			lists = afterSymbol(lists, text)
		case kind == bare && previous != ".":
			lists[top] = lists[top].after(word)
		}
		if previous = word; kind == named || kind == literal {
			previous = "" // no keyword
		}
	}
	if odd != "" && (len(found) > 0 || odd == escapes) {
		return found, fmt.Errorf("%q could hide what the statement does", odd)
	}
	return found, nil
}

// introduces says whether the name of a table follows the word.
func introduces(word string) bool {
	switch word {
	case "from", "join", "into", "update", "table", "only", "using", "lateral", "in", "exists", "truncate", "copy", "lock",
		"ignore", "replace", "rollback", "abort", "fail":
		return true
	}
	return false
}

// listState says what the commas between two parentheses part.
type listState int

const (
	noList listState = iota
	ofTables
	ofConditions // on which tables are joined; after a comma more tables follow
)

func (l listState) after(word string) listState {
	switch word {
	case "from", "join":
		return ofTables
	case "on":
		if l == ofTables {
			return ofConditions
		}
	case "select", "where", "set", "values", "group", "order", "having", "limit", "offset", "fetch", "window", "returning",
		"union", "intersect", "except", "for", "do":
		return noList
	}
	return l
}

func afterSymbol(lists []listState, symbol string) []listState {
	top := len(lists) - 1
	switch {
	case symbol == "(" && lists[top] == ofTables:
		return append(lists, ofTables)
	case symbol == "(":
		return append(lists, noList)
	case symbol == ")" && top > 0:
		return lists[:top]
	case symbol == "," && lists[top] == ofConditions:
		lists[top] = ofTables
	}
	return lists
}

// balanced says whether a piece of a statement stays within the parentheses that are put around it.
func balanced(piece string) bool {
	depth := 0
	for kind, text := range tokens(piece) {
		switch {
		case kind == odder || kind == symbol && text == ";":
			return false
		case kind == symbol && text == "(":
			depth++
		case kind == symbol && text == ")":
			depth--
		}
		if depth < 0 {
			return false
		}
	}
	return depth == 0
}

type tokenKind int

const (
	bare    tokenKind = iota // a word, a number, the name of a placeholder
	named                    // a name in quotes, without them
	literal                  // a string, without its quotes
	symbol                   // any other character
	odder                    // where a comment begins, or a name in escapes, or a quote that nothing ends
)

// escapes begin a name that PostgreSQL reads in another way than it is written: U&"…".
const escapes = `&"`

// tokens splits SQL as both engines read it.
func tokens(query string) iter.Seq2[tokenKind, string] {
	return func(yield func(tokenKind, string) bool) {
		for query != "" {
			kind, text, size := token(query)
			if text != "" && !yield(kind, text) {
				return
			}
			query = query[size:]
		}
	}
}

// token is the first token of a query that is not empty, and its length there; text is "" for white space.
func token(query string) (kind tokenKind, text string, size int) {
	switch c := query[0]; {
	case strings.ContainsRune(" \t\r\n\f\v", rune(c)):
		return symbol, "", 1
	case strings.HasPrefix(query, "--"), strings.HasPrefix(query, "/*"):
		return odder, query[:2], commentEnd(query)
	case strings.HasPrefix(query, escapes):
		return odder, escapes, 1
	case (c == 'e' || c == 'E') && strings.HasPrefix(query[1:], "'"):
		kind = literal
		if text, size = quotation(query[1:], "'", true); size > 0 {
			size++
		}
	case inWord(c):
		size = len(query)
		if end := strings.IndexFunc(query, notInWord); end > 0 {
			size = end
		}
		return bare, query[:size], size
	case c == '\'':
		kind = literal
		text, size = quotation(query, "'", false)
	case c == '"', c == '`':
		kind = named
		text, size = quotation(query, query[:1], false)
	case c == '[': // SQLite's name or PostgreSQL's index
		if end := strings.IndexByte(query, ']'); end > 0 && !strings.ContainsFunc(query[1:end], notInWord) {
			return named, query[1:end], end + 1
		}
		return symbol, "[", 1
	case c == '$': // PostgreSQL's $tag$string$tag$, or a placeholder
		end := strings.IndexByte(query[1:], '$') + 1
		if end < 1 || strings.ContainsFunc(query[1:end], notInWord) {
			return symbol, "$", 1
		}
		kind = literal
		text, size = quotation(query, query[:end+1], false)
	default:
		return symbol, query[:1], 1
	}
	if size == 0 {
		return odder, query[:1], 1
	}
	return kind, text, size
}

func notInWord(r rune) bool { return r < 0x80 && !inWord(byte(r)) }

// quotation is what stands between a query's first quote and the next one, and the length of both with it; 0 where there is none.
func quotation(query, quote string, backslashes bool) (text string, size int) {
	for i := len(quote); i < len(query); i++ {
		switch {
		case backslashes && query[i] == '\\':
			i++
		case !strings.HasPrefix(query[i:], quote):
		case len(quote) == 1 && strings.HasPrefix(query[i+1:], quote):
			i++ // a doubled quote is one inside
		default:
			return query[len(quote):i], i + len(quote)
		}
	}
	return "", 0
}

func commentEnd(query string) int {
	end, after := "\n", 0
	if query[0] == '/' {
		end, after = "*/", len("*/")
	}
	if i := strings.Index(query, end); i >= 0 {
		return i + after
	}
	return len(query)
}
