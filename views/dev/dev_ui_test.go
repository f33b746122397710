package dev

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"example.com/gatehouse/views/ui"
)

func TestLawEveryPartIsOnShow(t *testing.T) {
	files, err := filepath.Glob("../ui/*.templ")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no parts: %v", err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile(`(?m)^templ ([A-Z]\w*)\(`).FindAllStringSubmatch(string(source), -1) {
			if !strings.Contains(shownSource(), "@ui."+found[1]+"(") {
				t.Errorf("%s has a part that /dev/ui does not show: add a templ with @ui.%s(…) to dev_ui.templ and to UIParts", file, found[1])
			}
		}
	}
}

// shownSource is all lines that are shown beside parts.
func shownSource() string {
	var all strings.Builder
	for _, part := range UIParts() {
		for _, shown := range part.examples {
			all.WriteString(exampleOf(shown).source + "\n")
		}
	}
	return all.String()
}

func TestLawEveryIconIsOnShow(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../ui/icons.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]ui.Shape{}
	for _, icon := range uiIcons() {
		shown[icon.Name] = icon.Shape
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			name, path := spec.Names[0].Name, strings.Trim(spec.Values[0].(*ast.BasicLit).Value, `"`)
			if string(shown[name]) != path {
				t.Errorf("/dev/ui does not show %s as what it is", name)
			}
		}
		return true
	})
}

func TestEveryExampleSaysWhatItIsAndHowItIsMade(t *testing.T) {
	for _, part := range UIParts() {
		for _, shown := range part.examples {
			e := exampleOf(shown)
			if e.title == "" || !strings.Contains(e.source, "@ui.") || strings.HasPrefix(e.source, "\t") || strings.Contains(e.source, "\ntempl ") {
				t.Errorf("%s is called %q and made by %q", e.name, e.title, e.source)
			}
		}
	}
}
