package main

import (
	"cmp"
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

const dropUsage = `usage: go run ./scaffold drop [<feature>…] [--all] [--deployed]

Takes optional features out, or without a name lists them. A feature has one word. To it belong the files that are called so in any
folder (notes.go, notes_image.go, notes_test.go, notes.templ, 0008_notes.sql) and every line that ends in a comment feature:notes:

  // feature:notes     # feature:notes     -- feature:notes     /* feature:notes */     <!-- feature:notes -->

What several need, feature:notes|photos, goes with the last of them; as the first line of a file it speaks for the whole file.

What is left is built before it stays.

  --all          every optional feature, but no resource of the product's own
  --words        list the words alone, for a script
  --deployed     there are databases that have the feature's tables: keep its migrations and add one that drops them
`

// marker is the comment at the end of a line that belongs to a feature: it goes with the first of its marks that goes, and a mark of
// several words with the last of them.
var (
	marker = regexp.MustCompile(`(?://|#|--|/\*|<!--)(?:\s*feature:[a-z][a-z0-9_|]*)+\s*(?:\*/|-->)?\s*$`)
	mark   = regexp.MustCompile(`feature:[a-z][a-z0-9_|]*`)
)

// markerIn is where the line's marker begins; its length where it has none.
func markerIn(line string) int {
	if strings.Contains(line, "feature:") {
		if found := marker.FindStringIndex(line); found != nil {
			return found[0]
		}
	}
	return len(line)
}

func wordsOf(mark string) []string { return strings.Split(strings.TrimPrefix(mark, "feature:"), "|") }

// markedWith are the features that a line belongs to.
func markedWith(line string) (words []string) {
	for _, m := range mark.FindAllString(line[markerIn(line):], -1) {
		words = append(words, wordsOf(m)...)
	}
	return words
}

// without is the line when the feature is gone, and "" where it goes as well.
func without(line, word string) string {
	at, goes := markerIn(line), false
	left := mark.ReplaceAllStringFunc(line[at:], func(m string) string {
		others := slices.DeleteFunc(wordsOf(m), func(w string) bool { return w == word })
		goes = goes || len(others) == 0
		return "feature:" + strings.Join(others, "|")
	})
	if goes {
		return ""
	}
	return line[:at] + left
}

// saysItIsOf tells whether the first line of a file is nothing but the mark of this feature alone.
func saysItIsOf(content, word string) bool {
	first, _, _ := strings.Cut(content, "\n")
	return first != "" && markerIn(first) == 0 && without(first, word) == ""
}

// drop is the command.
func drop(ctx context.Context, c *call) error {
	var all, deployed, bare bool
	words, f := c.words(map[string]any{"all": &all, "deployed": &deployed, "words": &bare})
	if err := f.err(); err != nil {
		return err
	}
	p, err := open(c.root)
	if err != nil {
		return err
	}
	switch {
	case bare:
		_, err := fmt.Fprintln(c.out, strings.Join(p.optionalWords(), "\n"))
		return err
	case all:
		words = p.optionalWords()
	}
	if len(words) == 0 {
		return c.listFeatures(p)
	}
	for _, word := range words {
		if err := p.knownFeature(word); err != nil {
			f.add("%v.", err)
		}
	}
	if err := f.err(); err != nil {
		return err
	}
	for _, word := range words {
		p.drop(word, deployed)
	}
	if err := p.save(ctx, c, p.checks()...); err != nil {
		return err
	}
	return c.tell(p, "What is left builds. `go test ./...` holds it to its stories and laws.")
}

var (
	compile = step{"go", "build", "./..."}
	vet     = step{"go", "vet", "./..."} // compiles the tests too
)

// checks are the steps that tell whether what comes out is a program; modules that nothing imports any more go with it.
func (p *project) checks() []step {
	if p.importsFewer("*.go", "*/*.go", "*/*/*.go") {
		return []step{{"go", "mod", "tidy"}, compile, vet}
	}
	return []step{compile, vet}
}

// importsFewer says whether a package of another module was imported before and is no more.
func (p *project) importsFewer(patterns ...string) bool {
	imported := func(files map[string]file) map[string]bool {
		found := map[string]bool{}
		for _, name := range (&project{files: files}).names(patterns...) {
			if strings.HasPrefix(name, "e2e/") {
				continue
			}
			if parsed, err := parser.ParseFile(token.NewFileSet(), name, files[name].content, parser.ImportsOnly); err == nil {
				for _, spec := range parsed.Imports {
					if domain, _, _ := strings.Cut(importPath(spec), "/"); strings.Contains(domain, ".") {
						found[importPath(spec)] = true
					}
				}
			}
		}
		return found
	}
	now := imported(p.files)
	for imported := range imported(p.before) {
		if !now[imported] && !strings.HasPrefix(imported, p.module+"/") {
			return true
		}
	}
	return false
}

// featureWords are the words on the markers, sorted. The program's own files are about them and have none.
func (p *project) featureWords() []string {
	found := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(p.files)) {
		if ours(name) {
			continue
		}
		for line := range strings.Lines(p.read(name)) {
			for _, word := range markedWith(line) {
				found[word] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// optionalWords are the words of the template's optional features, without the
// resources that the product has added.
func (p *project) optionalWords() []string {
	return slices.DeleteFunc(p.featureWords(), func(word string) bool {
		return strings.Contains(p.read("models/"+word+".go"), "\n//scaffold:resource\n")
	})
}

// ours are the files of this program, which speak of markers, and those made from others.
func ours(name string) bool {
	return strings.HasPrefix(name, "scaffold/") || strings.HasSuffix(name, "_templ.go")
}

func (p *project) knownFeature(word string) error {
	words := p.featureWords()
	if slices.Contains(words, word) {
		return nil
	}
	return fmt.Errorf("%q is no optional feature; these are: %s", word, cmp.Or(strings.Join(words, ", "), "none"))
}

// filesOf are the files that are called by the feature's word, whatever stands around it: 0008_notes.sql, notes_test.go,
// notes.min.js, notes_image.go, or a folder notes. Where the words of two features fit, the longer one's has the file.
func (p *project) filesOf(word string) []string {
	words := p.featureWords()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(p.files)), func(name string) bool {
		folders := strings.Split(path.Dir(name), "/")
		switch base := basename(name); {
		case folders[0] == "scaffold":
			return true
		case slices.Contains(folders, word), saysItIsOf(p.read(writtenAs(name)), word):
			return false
		case !calledBy(base, word):
			return true
		default:
			return slices.ContainsFunc(words, func(other string) bool { return len(other) > len(word) && calledBy(base, other) })
		}
	})
}

// writtenAs is the file that a person wrote: a page's Go code goes with the page.
func writtenAs(name string) string {
	if page, made := strings.CutSuffix(name, "_templ.go"); made {
		return page + ".templ"
	}
	return name
}

func calledBy(base, word string) bool { return base == word || strings.HasPrefix(base, word+"_") }

var migrationNumber = regexp.MustCompile(`^\d+_`)

func basename(name string) string {
	base, _, _ := strings.Cut(path.Base(name), ".")
	for _, suffix := range []string{"_templ", "_test"} {
		base = strings.TrimSuffix(base, suffix)
	}
	return migrationNumber.ReplaceAllString(base, "")
}

// drop removes a feature's files and lines.
func (p *project) drop(word string, deployed bool) {
	files := p.filesOf(word)
	for _, name := range files {
		if path.Dir(name) == "models/migrations" && deployed {
			continue
		}
		p.remove(name)
	}
	if deployed {
		p.dropTables(word, files)
	} else {
		p.refuseUsedDatabase(files)
	}
	for name := range p.files {
		if !ours(name) {
			p.dropLines(name, word)
		}
	}
}

func (p *project) dropLines(name, word string) {
	old := p.read(name)
	var kept strings.Builder
	for line := range strings.Lines(withoutLines(old, func(line string) bool { return without(line, word) == "" })) {
		kept.WriteString(without(line, word))
	}
	left := kept.String()
	if left == old {
		return
	}
	switch path.Ext(name) {
	case ".go", ".templ":
		left = withoutImports(left, importsNoLongerUsed(old, left))
	}
	p.write(name, left)
}

// withoutLines leaves lines out, and with a whole paragraph of them one of the blank lines around it.
func withoutLines(content string, out func(string) bool) string {
	var kept []string
	dropped := false
	for line := range strings.Lines(content) {
		blank := strings.TrimSpace(line) == ""
		switch {
		case out(line):
			dropped = true
			continue
		case dropped && blank && (len(kept) == 0 || strings.TrimSpace(kept[len(kept)-1]) == ""):
			continue
		case dropped && strings.HasPrefix(strings.TrimSpace(line), "}") && len(kept) > 0 && strings.TrimSpace(kept[len(kept)-1]) == "":
			kept = kept[:len(kept)-1] // the paragraph was the last of a list
		}
		dropped = dropped && blank
		kept = append(kept, line)
	}
	return strings.Join(kept, "")
}

// importsNoLongerUsed are the imports whose name the old text used and the new one does not. Comparing the two keeps what was
// imported for its effects, or under a name that its path does not tell.
func importsNoLongerUsed(old, left string) (paths []string) {
	parsed, err := parser.ParseFile(token.NewFileSet(), "", left, parser.ImportsOnly)
	if err != nil {
		return nil // said when the file is formatted or built
	}
	for _, spec := range parsed.Imports {
		if used := usePattern(spec); used.MatchString(old) && !used.MatchString(left) {
			paths = append(paths, importPath(spec))
		}
	}
	return paths
}

var versionEnding = regexp.MustCompile(`(/v\d+|\.v\d+)$`)

// usePattern matches a use of the import outside of strings and longer names.
func usePattern(spec *ast.ImportSpec) *regexp.Regexp {
	name := path.Base(versionEnding.ReplaceAllString(importPath(spec), ""))
	name = strings.TrimPrefix(name, "go-")
	if spec.Name != nil {
		name = spec.Name.Name
	}
	return regexp.MustCompile(`(^|[^\w."/])` + regexp.QuoteMeta(name) + `\.\w`)
}

func importPath(spec *ast.ImportSpec) string {
	unquoted, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return spec.Path.Value
	}
	return unquoted
}

func withoutImports(content string, paths []string) string {
	return withoutLines(content, func(line string) bool {
		return slices.ContainsFunc(paths, func(p string) bool {
			line := strings.TrimPrefix(strings.TrimSpace(line), "import ")
			return line == strconv.Quote(p) || strings.HasSuffix(line, " "+strconv.Quote(p)) && !strings.Contains(line, "=")
		})
	})
}

var createTable = regexp.MustCompile(`(?im)^\s*CREATE TABLE "?(\w+)"?`)

// refuseUsedDatabase keeps the development database from being left with a migration that the program no longer knows, which it
// would refuse to start on.
func (p *project) refuseUsedDatabase(files []string) {
	for _, name := range files {
		if path.Dir(name) != "models/migrations" {
			continue
		}
		for _, table := range createTable.FindAllStringSubmatch(p.before[name].content, -1) {
			if p.databaseHas(table[1]) {
				p.faults.add("The development database, data/app.db, has the table %s already, and the program would not start on it without %s. "+
					"Move the database away (mv data data.old): the next start makes a new one. Or say --deployed to keep it, and the migrations: "+
					"one more will drop the table.", table[1], name)
				return
			}
		}
	}
}

// databaseHas looks for the statement that made the table, which SQLite keeps as it was written.
func (p *project) databaseHas(table string) bool {
	made := regexp.MustCompile(`(?i)CREATE TABLE ["` + "`" + `]?` + table + `\b`)
	for _, name := range []string{"data/app.db", "data/app.db-wal"} {
		content, err := os.ReadFile(filepath.Join(p.root, filepath.FromSlash(name)))
		if err == nil && made.Match(content) {
			return true
		}
	}
	return false
}

// dropTables adds a migration that takes back what the feature's did, the last first.
func (p *project) dropTables(word string, files []string) {
	var ups, downs []string
	for _, name := range files {
		if path.Dir(name) != "models/migrations" {
			continue
		}
		up, down, ok := strings.Cut(strings.TrimPrefix(p.before[name].content, "-- +goose Up\n"), "-- +goose Down\n")
		if !ok {
			p.faults.add("%s has no half that takes it back; write the migration that drops its tables by hand.", name)
			return
		}
		ups, downs = append(ups, strings.TrimSpace(up)), append([]string{strings.TrimSpace(down)}, downs...)
	}
	if len(ups) > 0 {
		p.create(fmt.Sprintf("models/migrations/%04d_drop_%s.sql", p.nextMigration(), word),
			"-- +goose Up\n"+strings.Join(downs, "\n")+"\n\n-- +goose Down\n"+strings.Join(ups, "\n")+"\n")
	}
}

func (p *project) nextMigration() int {
	last := 0
	for _, name := range p.names("models/migrations/*.sql") {
		digits, _, _ := strings.Cut(path.Base(name), "_")
		if n, err := strconv.Atoi(digits); err == nil {
			last = max(last, n)
		}
	}
	return last + 1
}

// listFeatures prints what can go.
func (c *call) listFeatures(p *project) error {
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	for _, word := range p.featureWords() {
		lines := 0
		for name := range p.files {
			for line := range strings.Lines(p.read(name)) {
				if !ours(name) && slices.Contains(markedWith(line), word) {
					lines++
				}
			}
		}
		fmt.Fprintf(w, "%s\t%d files, %d lines\t%s\n", word, len(p.filesOf(word)), lines, p.about(word))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(c.out, "\ngo run ./scaffold drop <word> takes one out.")
	return err
}

// about is the first sentence that the feature's handler, model or other Go file says of itself.
func (p *project) about(word string) string {
	files := p.filesOf(word)
	for _, pattern := range []string{"handlers/*.go", "models/*.go", "*/*.go", "*.go"} {
		for _, name := range files {
			if ok, _ := path.Match(pattern, name); !ok || strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, "_templ.go") {
				continue
			}
			if sentence := firstSentence(p.read(name)); sentence != "" {
				return sentence
			}
		}
	}
	return ""
}

func firstSentence(source string) string {
	parsed, err := parser.ParseFile(token.NewFileSet(), "", source, parser.ParseComments)
	if err != nil {
		return ""
	}
	for _, group := range parsed.Comments {
		if said, _, ok := strings.Cut(strings.ReplaceAll(group.Text(), "\n", " "), ". "); ok || said != "" {
			return strings.TrimSuffix(strings.TrimSpace(said), ".") + "."
		}
	}
	return ""
}
