package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
)

const pageUsage = `usage: go run ./scaffold page <name> [--nav]

Writes a page for logged-in users: views/<name>.templ, its line in handlers/routes.go and its story in
handlers/<name>_test.go. It also updates routes.txt, for which the program must build.
The name may be written in any case: reports, monthly-report, MonthlyReport, "Monthly report".

  --nav     add it to the navigation of the logged in
`

//go:embed templates
var templates embed.FS

// page writes a protected page.
func page(ctx context.Context, c *call) error {
	var nav bool
	words, f := c.words(map[string]any{"nav": &nav})
	if len(words) != 1 {
		f.add("Give the page one name, as in: go run ./scaffold page reports")
	}
	if err := f.err(); err != nil {
		return err
	}
	p, err := open(c.root)
	if err != nil {
		return err
	}
	n, err := parseName(words[0])
	if err != nil {
		return faults{err.Error()}
	}
	p.addPage(n, nav)
	if err := p.save(ctx, c); err != nil {
		return err
	}
	return c.tell(p, "The page is at /"+n.Kebab()+" for whoever is logged in. `go test ./handlers` holds it to the laws.")
}

func (p *project) addPage(n name, nav bool) {
	p.refuseTaken(n, "views", "Test"+n.Go())
	route := "/" + n.Kebab()
	data := map[string]any{"Module": p.module, "Name": n, "Route": route, "Next": url.QueryEscape(route)}
	p.fill("page/view.templ", "views/"+n.Snake()+".templ", data)
	p.fill("page/story_test.go", "handlers/"+n.Snake()+"_test.go", data)
	p.edit("handlers/routes.go", addRoutes("app", fmt.Sprintf("app.GET(%q, h.page(views.%s))", route, n.Go())))
	if nav {
		p.addToNavigation(route, n, "")
	}
}

// addToNavigation adds an entry with a mark to the navigation of logged-in users.
func (p *project) addToNavigation(route string, n name, mark string) {
	entry := fmt.Sprintf("{Href: %q, Icon: ui.IconFolder, Label: %q},", route, n.Label()) + mark
	p.addByHand("views/layout/layout.templ", entry, addNavigation(entry))
}

// refuseTaken finds what is in a name's way: a file that would mean something else, an address, an identifier of the package views.
func (p *project) refuseTaken(n name, folder string, tests ...string) {
	if n.constraint() {
		p.faults.add("A file called %s.go would not be part of every build, because of how it ends; take another name.", n.Snake())
	}
	if slices.Contains(p.firstSegments(), n.Kebab()) {
		p.faults.add("/%s is an address of the site already; handlers/routes.go lists them.", n.Kebab())
	}
	if p.declared(folder)[n.Go()] {
		p.faults.add("%s is declared in %s already.", n.Go(), folder)
	}
	for _, test := range tests {
		if test == "TestMain" {
			p.faults.add("The story of a page called %s would be TestMain, which starts all other tests; take another name.", n.Lower())
		}
		if p.declared("handlers")[test] {
			p.faults.add("%s is declared in handlers already.", test)
		}
	}
}

// fill writes a template of this program to a new file.
func (p *project) fill(from, to string, data any) {
	text, err := templates.ReadFile(path.Join("templates", from+".tmpl"))
	if err == nil {
		var filled bytes.Buffer
		t := template.New(from).Delims("[[", "]]").Option("missingkey=error")
		if t, err = t.Parse(withoutCR(string(text))); err == nil {
			err = t.Execute(&filled, data)
		}
		if err == nil {
			p.create(to, filled.String())
			return
		}
	}
	p.faults.add("%s: %v", to, err)
}

// tell lists what was done, in the order in which one would read it.
func (c *call) tell(p *project, next string) error {
	var b strings.Builder
	for _, name := range p.written() {
		verb := "new    "
		if _, old := p.before[name]; old {
			verb = "changed"
		}
		fmt.Fprintf(&b, "%s  %s\n", verb, name)
	}
	for _, name := range p.removed() {
		fmt.Fprintf(&b, "removed  %s\n", name)
	}
	for _, note := range p.notes {
		fmt.Fprintf(&b, "%s\n", note)
	}
	_, err := fmt.Fprintf(c.out, "%s\n%s\n", b.String(), next)
	return err
}

// declared are the names of what a folder's Go files declare at their top, its tests' included.
func (p *project) declared(folder string) map[string]bool {
	found := map[string]bool{}
	for _, name := range p.names(folder + "/*.go") {
		parsed, err := parser.ParseFile(token.NewFileSet(), name, p.read(name), parser.SkipObjectResolution)
		if err != nil {
			p.faults.add("%s is not Go: %v", name, err)
			continue
		}
		for _, d := range parsed.Decls {
			for _, identifier := range declaredBy(d) {
				found[identifier] = true
			}
		}
	}
	return found
}

func declaredBy(d ast.Decl) (names []string) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		names = append(names, d.Name.Name) // methods too: those of Handlers must not clash either
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				names = append(names, spec.Name.Name)
			case *ast.ValueSpec:
				for _, identifier := range spec.Names {
					names = append(names, identifier.Name)
				}
			}
		}
	}
	return names
}

// firstSegments are what the addresses of the site begin with.
func (p *project) firstSegments() (segments []string) {
	parsed, err := parser.ParseFile(token.NewFileSet(), "", p.read("handlers/routes.go"), parser.SkipObjectResolution)
	if err != nil {
		p.faults.add("handlers/routes.go is not Go: %v", err)
		return nil
	}
	ast.Inspect(parsed, func(node ast.Node) bool {
		if literal, ok := node.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			if address, err := strconv.Unquote(literal.Value); err == nil && strings.HasPrefix(address, "/") {
				segment, _, _ := strings.Cut(address[1:], "/")
				segments = append(segments, segment)
			}
		}
		return true
	})
	return segments
}

// addRoutes adds lines to the map of the site, after the last one of the group.
func addRoutes(group string, lines ...string) func(string) (string, error) {
	return func(source string) (string, error) {
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, "", source, parser.SkipObjectResolution)
		if err != nil {
			return "", err
		}
		last := 0
		for _, d := range parsed.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Name.Name != "Routes" {
				continue
			}
			for _, statement := range f.Body.List {
				if ofGroup(statement, group) {
					last = set.Position(statement.End()).Line
				}
			}
		}
		if last == 0 {
			return "", fmt.Errorf("there is no line that begins with %s.GET or %s.POST to add a route after", group, group)
		}
		all := strings.SplitAfter(source, "\n")
		added := "\t" + strings.Join(lines, "\n\t") + "\n"
		return strings.Join(slices.Insert(all, last, added), ""), nil
	}
}

func ofGroup(statement ast.Stmt, group string) bool {
	expression, ok := statement.(*ast.ExprStmt)
	if !ok {
		return false
	}
	called, ok := expression.X.(*ast.CallExpr)
	if !ok {
		return false
	}
	method, ok := called.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	receiver, ok := method.X.(*ast.Ident)
	return ok && receiver.Name == group
}

var navigationList = regexp.MustCompile(`(?s)func navigation\(\) \[\]\S+ \{\n\treturn \[\]\S+\{\n(.*?)\t\}\n\}`)

// addNavigation adds an entry before that of the account, which stays the last.
func addNavigation(entry string) func(string) (string, error) {
	return func(source string) (string, error) {
		found := navigationList.FindStringSubmatchIndex(source)
		if found == nil {
			return "", errors.New("there is no function navigation that returns a list to add an entry to")
		}
		at := found[3]
		if account := strings.Index(source[found[2]:found[3]], "\t\t{Href: \"/account\""); account >= 0 {
			at = found[2] + account
		}
		return source[:at] + "\t\t" + entry + "\n" + source[at:], nil
	}
}
