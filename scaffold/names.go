package main

import (
	"fmt"
	"go/token"
	"slices"
	"strings"
	"unicode"
)

// name is what something is called, as words in lower case: "InvoiceLine", "invoice_line" and "Invoice line" are all
// ["invoice", "line"].
type name []string

// initialisms are written in capitals in Go and in sentences alike.
var initialisms = strings.Fields("api ascii cpu css csv dns guid html http iban id ip isbn json pdf sku smtp sql ssh tls ttl uid " +
	"uri url uuid vat vm xml")

// parseName reads a name in any case. Letters and digits of ASCII alone: it becomes a file, a table and an address.
func parseName(s string) (name, error) {
	var n name
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '-' || r == '_' }) {
		if strings.ContainsFunc(part, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			return nil, fmt.Errorf("%q is no name: it may hold the letters a to z, digits, and spaces, - or _ between words", s)
		}
		for _, word := range splitCamel(part) {
			word = strings.ToLower(word)
			if len(n) > 0 && unicode.IsDigit(rune(word[0])) {
				n[len(n)-1] += word // "line 2" is one word to the database's naming too
				continue
			}
			n = append(n, word)
		}
	}
	switch {
	case len(n) == 0:
		return nil, fmt.Errorf("%q is no name: it holds no letter", s)
	case unicode.IsDigit(rune(n[0][0])):
		return nil, fmt.Errorf("%q is no name: it begins with a digit", s)
	case len(n.Snake()) > 40:
		return nil, fmt.Errorf("%q is too long for a name: 40 characters are the most", s)
	}
	return n, nil
}

// splitCamel splits "InvoiceURLCheck" into Invoice, URL and Check, and "URLs" into one word.
func splitCamel(s string) []string {
	var words []string
	start := 0
	upper := func(i int) bool { return i < len(s) && s[i] >= 'A' && s[i] <= 'Z' }
	for i := 1; i < len(s); i++ {
		plural := s[i:] == "s" || s[i] == 's' && upper(i+1) // of an initialism
		afterLower := upper(i) && !upper(i-1)
		lastOfRun := upper(i) && upper(i-1) && i+1 < len(s) && !upper(i+1) && s[i+1:] != "s" && !(s[i+1] == 's' && upper(i+2))
		if !plural && (afterLower || lastOfRun) {
			words = append(words, s[start:i])
			start = i
		}
	}
	return append(words, s[start:])
}

// Go is the name as an exported identifier: "InvoiceLine", "DueURL".
func (n name) Go() string {
	var b strings.Builder
	for _, word := range n {
		b.WriteString(capital(word))
	}
	return b.String()
}

func capital(word string) string {
	if slices.Contains(initialisms, word) {
		return strings.ToUpper(word)
	}
	if single, ok := strings.CutSuffix(word, "s"); ok && slices.Contains(initialisms, single) {
		return strings.ToUpper(single) + "s"
	}
	return strings.ToUpper(word[:1]) + word[1:]
}

// Local is the name as a variable; "row" where that would be a keyword, hide something predeclared, or be one of taken.
func (n name) Local(taken ...string) string {
	local := n[0] + name(n[1:]).Go()
	if token.IsKeyword(local) || slices.Contains(predeclared, local) || slices.Contains(taken, local) {
		return "row"
	}
	return local
}

// predeclared is the universe block of the Go specification.
var predeclared = strings.Fields("any bool byte comparable complex64 complex128 error float32 float64 int int8 int16 int32 int64 rune string " +
	"uint uint8 uint16 uint32 uint64 uintptr true false iota nil append cap clear close complex copy delete imag len make max min new panic " +
	"print println real recover")

// Snake is the name of a file, a table or a column.
func (n name) Snake() string { return strings.Join(n, "_") }

// Kebab is the name in an address.
func (n name) Kebab() string { return strings.Join(n, "-") }

// Lower is the name inside a sentence: "invoice line", "due URL".
func (n name) Lower() string {
	words := slices.Clone(n)
	for i, word := range words {
		if c := capital(word); c != strings.ToUpper(word[:1])+word[1:] {
			words[i] = c
		}
	}
	return strings.Join(words, " ")
}

// Label is the name at the beginning of a sentence: "Invoice line".
func (n name) Label() string {
	lower := n.Lower()
	return strings.ToUpper(lower[:1]) + lower[1:]
}

// Plural and Singular change the last word.
func (n name) Plural() name   { return n.last(plural) }
func (n name) Singular() name { return n.last(singular) }

func (n name) last(change func(string) string) name {
	changed := slices.Clone(n)
	changed[len(n)-1] = change(n[len(n)-1])
	return changed
}

var irregular = map[string]string{
	"analysis": "analyses", "basis": "bases", "child": "children", "crisis": "crises", "diagnosis": "diagnoses", "gas": "gases",
	"half": "halves", "hypothesis": "hypotheses", "index": "indices", "knife": "knives", "leaf": "leaves", "lens": "lenses", "life": "lives",
	"loaf": "loaves", "man": "men", "matrix": "matrices", "medium": "media", "mouse": "mice", "person": "people", "quiz": "quizzes",
	"shelf": "shelves", "thesis": "theses", "vertex": "vertices", "wife": "wives", "woman": "women", "wolf": "wolves",
	// Their plurals look like those of words that do not end in e, or like singulars.
	"ache": "aches", "api": "apis", "avalanche": "avalanches", "axe": "axes", "brownie": "brownies", "cache": "caches", "calorie": "calories",
	"canoe": "canoes", "cookie": "cookies", "die": "dies", "emoji": "emojis", "excuse": "excuses", "fuse": "fuses", "genie": "genies", "lie": "lies",
	"menu": "menus", "movie": "movies", "muse": "muses", "niche": "niches", "pie": "pies", "rookie": "rookies", "selfie": "selfies",
	"shoe": "shoes", "sku": "skus", "ski": "skis", "taxi": "taxis", "tie": "ties", "toe": "toes", "use": "uses", "zombie": "zombies",
}

// uncountable words are the same in both numbers, so that a list and a row would need the same name.
var uncountable = strings.Fields("data equipment feedback fish furniture information jeans luggage media money music news police rice series sheep " +
	"software species staff weather")

func plural(word string) string {
	if p, ok := irregular[word]; ok {
		return p
	}
	switch {
	case hasSuffix(word, "s", "x", "z", "ch", "sh"):
		return word + "es"
	case strings.HasSuffix(word, "y") && len(word) > 1 && !strings.ContainsRune("aeiou", rune(word[len(word)-2])):
		return word[:len(word)-1] + "ies"
	case hasSuffix(word, "hero", "potato", "tomato", "echo", "veto"):
		return word + "es"
	}
	return word + "s"
}

// singular undoes plural, and leaves alone what is singular already.
func singular(word string) string {
	for s, p := range irregular {
		if p == word {
			return s
		}
	}
	if stem, ok := strings.CutSuffix(word, "uses"); ok && !hasSuffix(stem, "a", "e", "o") { // statuses, not houses
		return stem + "us"
	}
	if _, ok := irregular[word]; ok || hasSuffix(word, "ss", "us", "is") || len(word) < 3 {
		return word
	}
	for _, ending := range [][2]string{{"ies", "y"}, {"sses", "ss"}, {"xes", "x"}, {"ches", "ch"}, {"shes", "sh"}, {"zzes", "zz"}, {"oes", "o"}, {"s", ""}} {
		if stem, ok := strings.CutSuffix(word, ending[0]); ok && plural(stem+ending[1]) == word {
			return stem + ending[1]
		}
	}
	return word
}

// plain says whether GORM, too, makes the plural of word by adding an s; its rules are not those of English ("viri", "lens").
func plain(word string) bool {
	letters := !strings.ContainsFunc(word, unicode.IsDigit)
	return letters && !slices.Contains(uncountable, word) && plural(word) == word+"s" && !hasSuffix(word, "child", "f", "fe", "h", "i", "ia", "man", "o", "person", "s", "ta", "um", "x", "y", "z")
}

func hasSuffix(word string, endings ...string) bool {
	return slices.ContainsFunc(endings, func(e string) bool { return strings.HasSuffix(word, e) })
}

// constraint says whether a Go file whose name ends so would be built on some systems alone, or in tests alone.
func (n name) constraint() bool {
	return len(n) > 1 && slices.Contains(buildWords, n[len(n)-1])
}

// buildWords are what `go tool dist list` names, and the endings that mean something here.
var buildWords = strings.Fields("test templ aix android darwin dragonfly freebsd illumos ios js linux netbsd openbsd plan9 solaris wasip1 windows " +
	"386 amd64 arm arm64 loong64 mips mips64 mips64le mipsle ppc64 ppc64le riscv64 s390x wasm")
