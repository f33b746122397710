// Package docs_test checks the documents: their commands run, their links lead
// to files, and their settings start the program.
package docs_test

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/gatehouse/config"
)

// document is a text for people, by its name in the repository.
type document struct{ name, text string }

// documents are the README, the other pages in the root, and the pages of docs.
func documents(t *testing.T) (all []document) {
	t.Helper()
	for _, pattern := range []string{"../*.md", "*.md"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			all = append(all, document{path.Join("docs", filepath.ToSlash(name)), read(t, name)})
		}
	}
	if len(all) < 3 {
		t.Fatalf("only %d documents were found", len(all))
	}
	return all
}

func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// fence is a block of code in a document.
type fence struct{ language, text string }

var fences = regexp.MustCompile("(?ms)^```(\\w*)[^\\n]*\\n(.*?)^```$")

func (d document) fences() (found []fence) {
	for _, m := range fences.FindAllStringSubmatch(d.text, -1) {
		found = append(found, fence{m[1], m[2]})
	}
	return found
}

// prose is the document without its blocks of code.
func (d document) prose() string { return fences.ReplaceAllString(d.text, "") }

var spans = regexp.MustCompile("`([^`]+)`")

// spans are the words that the prose sets as code.
func (d document) spans() (found []string) {
	for _, m := range spans.FindAllStringSubmatch(d.prose(), -1) {
		found = append(found, strings.Join(strings.Fields(m[1]), " "))
	}
	return found
}

// A block in another language than these could hold a command that nothing
// runs.
func TestDocuments_NameTheLanguageOfEachBlock(t *testing.T) {
	known := []string{"sh", "console", "text", "dotenv", "go", "templ", "sql", "css", "html", "caddyfile", "nginx"}
	for _, d := range documents(t) {
		for _, f := range d.fences() {
			if !slices.Contains(known, f.language) && !(f.language == "" && strings.Contains(f.text, "main.go")) {
				t.Errorf("%s has a block in %q; these are known: %s", d.name, f.language, known)
			}
		}
	}
}

// onHosts begin the commands that change a server or need an account there,
// which no test has.
var onHosts = []string{"docker", "fly", "sudo", "scp", "ssh", "journalctl"}

func TestConsole_ShowsOnlyCommandsThatNoTestCanRun(t *testing.T) {
	for _, d := range documents(t) {
		for _, f := range d.fences() {
			if f.language != "console" {
				continue
			}
			for line := range strings.Lines(f.text) {
				words := strings.Fields(line)
				if len(words) < 2 || words[0] != "$" || !slices.Contains(onHosts, words[1]) {
					t.Errorf("%s: %q is not a command of a server; put it into a block sh, whose commands are run", d.name, line)
				}
			}
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

func TestLinks_LeadToFiles(t *testing.T) {
	for _, d := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(d.prose(), -1) {
			target, _, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") || target == "" {
				continue
			}
			if _, err := os.Stat(path.Join("..", path.Dir(d.name), target)); err != nil {
				t.Errorf("%s links to %s, which is not there", d.name, target)
			}
		}
	}
}

var fileName = regexp.MustCompile(`^[\w.*-]+(/[\w.*-]+)+\.(go|templ|css|js|sql|md|service|conf|toml|yml|json)$`)

// examples match the names of what the documents tell the reader to create.
var examples = regexp.MustCompile(`reports|invoices|/compressed/|bin/`)

func TestDocuments_NameExistingFiles(t *testing.T) {
	for _, d := range documents(t) {
		for _, span := range d.spans() {
			if !fileName.MatchString(span) || examples.MatchString(span) || strings.HasPrefix(span, "data/") || strings.HasPrefix(span, "dist/") {
				continue
			}
			if found, err := filepath.Glob("../" + span); err != nil || len(found) == 0 {
				t.Errorf("%s names %s, which is not there", d.name, span)
			}
		}
	}
}

func TestReadme_IsShort(t *testing.T) {
	if lines := strings.Count(read(t, "../README.md"), "\n"); lines >= 150 {
		t.Errorf("README.md has %d lines, want at most 149: move the rest to docs", lines)
	}
}

// Production starts with each set of settings that is shown, once the secret is
// filled in.
func TestSettings_OfTheDocumentsStartTheProgram(t *testing.T) {
	for _, d := range documents(t) {
		for _, f := range d.fences() {
			if f.language != "dotenv" {
				continue
			}
			settings := strings.ReplaceAll(f.text, "SECRET_KEY=\n", "SECRET_KEY=f2a97c1be8035d46f2a97c1b08e35d64\n")
			if _, err := config.Load(strings.Split(settings, "\n")); err != nil {
				t.Errorf("%s: %v", d.name, err)
			}
			for _, name := range settingNames(f.text) {
				if !slices.Contains(settingNames(read(t, "../.env.example")), name) {
					t.Errorf("%s sets %s, which is no setting", d.name, name)
				}
			}
		}
	}
}

// Each setting is documented with its default in README.md and .env.example.
func TestSettings_AreDocumented(t *testing.T) {
	read := map[string]string{"README.md": read(t, "../README.md"), ".env.example": read(t, "../.env.example"), "config.go": read(t, "../config/config.go")}
	settings := regexp.MustCompile("`env:\"(\\w+)\"(?: envDefault:\"([^\"]*)\")?`").FindAllStringSubmatch(read["config.go"], -1)
	for _, s := range settings {
		name, value := s[1], s[2]
		if !regexp.MustCompile(`(?m)^#` + name + `=` + regexp.QuoteMeta(value)).MatchString(read[".env.example"]) {
			t.Errorf(".env.example does not say %s=%s", name, value)
		}
		row := regexp.MustCompile("(?m)^\\|[^|]*`" + name + "`.*$").FindString(read["README.md"])
		if row == "" || value != "" && !strings.Contains(row, "`"+value+"`") {
			t.Errorf("README.md does not tell of %s, or that it is %q where it is not set", name, value)
		}
	}
	if names := settingNames(read[".env.example"]); len(names) != len(settings) || len(names) == 0 {
		t.Errorf(".env.example has %d settings, the program %d", len(names), len(settings))
	}
}

var settingName = regexp.MustCompile(`(?m)^#?([A-Z_]+)=`)

// settingNames are the names that a file of settings sets, also in comments.
func settingNames(text string) (names []string) {
	for _, m := range settingName.FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	return names
}
