package docs_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// plain are patterns of the files that TestStyle reads.
var plain = "app/* assets/* assets/compress/* bench/* e2e/* cli/* config/* middleware/* models/dsn/* models/modelstest/* models/scope/* seal/* session/* README.md CHANGELOG.md " +
	"docs/benchmarks.md docs/decisions.md docs/deploying.md docs/htmx.md docs/look.md docs/mail.md"

// banned has words that hide the subject, words out of use, and pictures for
// which the field has a term. Words with a plain sense as well, such as "kept"
// and "letter", are left to the reviewer.
var banned = regexp.MustCompile(`(?i:\b(?:who(?:m|so)?ever|(?:some|no|every)body|anew|for ever|meanwhile|beside|` +
	`whereupon|(?:is|are) no more|none of it|ways? in|doors?|errands?|ow(?:es?|ed|ing)|dut(?:y|ies)|verdicts?|sweeps?|` +
	`judge[sd]?|plant(?:s|ed)?|knock(?:s|ed)?|sign(?:s|ed|ing)?[- ]in)\b)|\b(?:Who|What) (?:has|is|was) `)

var (
	kinds   = regexp.MustCompile(`\.(?:go|templ|js|css|sql|md)$`)
	remark  = regexp.MustCompile(`(?:^|\s)(?:// |-- |/\*).*`)
	ignored = regexp.MustCompile("\\s*// feature:\\S+|<!--.*?-->|`[^`]*`|\\]\\(.*?\\)")
	doc     = regexp.MustCompile(`(?m)^// (.*)\n(?://.*\n)*(?:func (?:\(.*?\) )?|type |var |const )([A-Z]\w*)`)
)

func TestStyle(t *testing.T) {
	for pattern := range strings.FieldsSeq(plain) {
		names, _ := filepath.Glob("../" + pattern)
		for _, name := range names {
			if kinds.MatchString(name) && !strings.HasSuffix(name, "_templ.go") {
				checkStyle(t, name, read(t, name))
			}
		}
	}
	// A copy without git or without this commit has no subjects to check.
	subjects, _ := exec.Command("git", "log", "--format=%s", "821e04c6a69101da4abcb775e699cc7115da90ee..").Output()
	for subject := range strings.Lines(string(subjects)) {
		if n := utf8.RuneCountInString(subject) - 1; n > 72 {
			t.Errorf("the subject of a commit has %d characters: write at most 72: %s", n, subject)
		}
	}
}

func checkStyle(t *testing.T, name, content string) {
	for i, line := range strings.Split(content, "\n") {
		line = strings.ReplaceAll(ignored.ReplaceAllString(line, ""), "\t", "    ")
		text := strings.TrimSpace(remark.FindString(line))
		n := utf8.RuneCountInString(line)
		if n > 80 && len(strings.Fields(text)) > 2 && text == strings.TrimSpace(line) {
			t.Errorf("%s:%d: the comment has %d columns: wrap it at 80", name, i+1, n)
		}
		if strings.HasSuffix(name, ".md") {
			text = line
		}
		for _, word := range banned.FindAllString(text, -1) {
			t.Errorf("%s:%d: %q: rewrite the sentence without it", name, i+1, word)
		}
	}
	for _, m := range doc.FindAllStringSubmatch(content, -1) {
		if !strings.HasSuffix(name, "_test.go") && !strings.HasPrefix(m[1]+" ", m[2]+" ") {
			t.Errorf("%s: the comment of %s begins otherwise: begin it with the name", name, m[2])
		}
	}
}
