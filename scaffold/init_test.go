package main

import (
	"go/parser"
	"go/token"
	"image/png"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// git runs git in the clone.
func (c *clone) git(words ...string) string {
	c.t.Helper()
	said, err := git(c.t.Context(), c.root, words...)
	if err != nil {
		c.t.Fatal(err)
	}
	return said
}

// newTemplate is a clone that nobody has made theirs yet, also where these tests run in a product whose files are its own by now.
func newTemplate(t *testing.T) *clone {
	t.Helper()
	c := newClone(t)
	now := nameDefault.FindStringSubmatch(c.read("config/config.go"))[2]
	credit := "Copyright (c) 2020 The Quillgate authors"
	if holders := copyrightLine.FindAllString(c.before["LICENSE"].content, -1); holders != nil {
		credit = holders[len(holders)-1]
	}
	for name, content := range map[string]string{
		".ci/walk":                  "the template's own",
		"docs/screenshots/home.png": "the template's own",
		"LICENSE":                   "MIT License\n\n" + credit + "\n\nPermission is hereby granted, …\n",
		"README.md":                 "# " + now + "\n\nPraise.\n\n## Make it yours\n\nInit.\n\n## Run it\n\nRun bin/" + c.binary() + ", set `" + now + "`.\n\n## More\n\nMore.\n",
		"deploy/notes.txt":          "/opt/" + c.binary() + "/" + c.binary() + " app.db",
	} {
		c.put(name, content)
	}
	c.before = c.files()
	return c
}

func (c *clone) binary() string {
	return identity{module: moduleLine.FindStringSubmatch(c.read("go.mod"))[1]}.binary()
}

var shop = []string{"init", "--module", "zebra.example/herd/shop", "--name", "Zebra Shop", "--accent", "#0a7ea4", "--holder", "Acme Inc."}

func TestACloneBecomesAProduct(t *testing.T) {
	c := newTemplate(t)
	c.makes = true
	c.succeeds(shop...)
	c.holds("go.mod", "module zebra.example/herd/shop\n").holds("e2e/go.mod", "module zebra.example/herd/shop/e2e\n", "replace zebra.example/herd/shop => ..\n", "\tzebra.example/herd/shop v0.0.0")
	c.holds("config/config.go", `envDefault:"Zebra Shop"`).holds(".env.example", "#APP_NAME=Zebra Shop\n").holds(".gitignore", "\n/shop\n")
	c.holds("README.md", "# Zebra Shop\n\nWhat it is, and for whom, goes here.\n\n## Run it\n\nRun bin/shop, set `Zebra Shop`.\n\n## More\n\n[docs/]").holds("Taskfile.yml", "-o bin/shop .").holds("CHANGELOG.md", "Zebra Shop")
	c.holds("views/home.templ", "Welcome to Zebra Shop.").holds("views/home_templ.go", "Welcome to Zebra Shop.", `"zebra.example/herd/shop/views/ui"`)
	if !strings.Contains(c.said, "module zebra.example/herd/shop") {
		t.Errorf("it said %q", c.said)
	}
}

// The template's license asks for its copyright line; that is the credit, and there is no other.
func TestOneLineOfCreditIsAllThatIsLeftOfTheTemplate(t *testing.T) {
	c := newTemplate(t)
	module := moduleLine.FindStringSubmatch(c.read("go.mod"))[1]
	credit := copyrightLine.FindString(c.read("LICENSE"))
	words := strings.Fields(strings.ToLower(credit))
	template := words[len(words)-2] // of "The … authors"
	c.makes = true
	c.succeeds(shop...)
	for name, f := range c.files() {
		left := strings.ToLower(name + "\n" + f.content)
		if name == "LICENSE" {
			left = strings.Replace(left, strings.ToLower(credit), "", 1)
		}
		if strings.Contains(left, template) {
			t.Errorf("%s still speaks of %s", name, template)
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, f.content, parser.ImportsOnly)
		if path.Ext(name) == ".go" && err == nil {
			for _, spec := range parsed.Imports {
				if strings.HasPrefix(importPath(spec), module+"/") {
					t.Errorf("%s imports %s", name, importPath(spec))
				}
			}
		}
	}
	c.holds("LICENSE", credit)
	if _, err := os.Stat(filepath.Join(c.root, "docs/screenshots")); err == nil {
		t.Error("the template's pictures are still there")
	}
}

func TestInit_LeavesOutWhatOnlyTheTemplateNeeds(t *testing.T) {
	c := newTemplate(t)
	for _, name := range []string{"README.md", "CHANGELOG.md"} {
		c.put(name, original().files[name].content)
	}
	c.succeeds(shop...).holds("CHANGELOG.md", "What changes for those who use Zebra Shop")
	for name, f := range c.files() {
		if ours(name) {
			continue
		}
		for _, word := range []string{".ci/walk", "bench/", "./bench", `"bench"`, "  bench:", "benchmarks.md", "docs/screenshots", "checkStyle"} {
			if strings.Contains(name+"\n"+f.content, word) {
				t.Errorf("%s: got %q, want nothing that only the template needs", name, word)
			}
		}
		if formatted, err := formatFile(name, f.content); path.Ext(name) == ".go" && (err != nil || formatted != f.content) {
			t.Errorf("%s: got %v and lines that are not formatted", name, err)
		}
	}
	c.vetsAndDocuments()
}

// vetsAndDocuments compiles the product with its tests and runs those of its
// documents that need no other program.
func (c *clone) vetsAndDocuments() {
	c.t.Helper()
	if testing.Short() {
		return // compiling a product takes a minute
	}
	for _, words := range [][]string{{"go", "vet", "./..."}, {"go", "test", "-run", "Link|File|Block|Setting|Readme|Console", "./docs"}} {
		if err := runTool(c.t.Context(), c.root, words...); err != nil {
			c.t.Error(err)
		}
	}
}

func TestAProductsCIHasNoPartThatIsTheTemplates(t *testing.T) {
	c := newTemplate(t).succeeds(shop...)
	run, workflow := c.read(".ci/run"), c.read(".github/workflows/ci.yml")
	list, _, _ := strings.Cut(run[strings.Index(run, "all=("):], ")")
	parts := strings.Fields(list)[1:]
	for _, part := range parts {
		if !strings.Contains(run, "\n"+part+"() {") || !strings.Contains(workflow, "- "+part+"\n") || !strings.Contains(run, "bash .ci/run "+part) {
			t.Errorf(".ci/run has the part %s without a body, a line that tells of it or a job", part)
		}
	}
	if _, jobs, _ := strings.Cut(workflow, "part:\n"); len(parts) == 0 || strings.Count(jobs[:strings.Index(jobs, "name:")], "- ") != len(parts) {
		t.Errorf("the parts of .ci/run are %q, those of the workflow:\n%s", parts, workflow)
	}
	if strings.Contains(run+workflow, ".ci/walk") {
		t.Error("CI still speaks of .ci/walk, which is gone")
	}
}

func TestInitRunAgainChangesNothingOrRenamesAgain(t *testing.T) {
	c := newTemplate(t).succeeds(shop...)
	made := c.files()
	c.succeeds(shop...).same(made)
	c.succeeds("init", "--yes").same(made)
	c.put("README.md", c.read("README.md")+"\nOur words.\n")
	c.succeeds("init", "--module", "store.example/v2", "--name", "The Store", "--accent", "oklch(0.6 0.2 30)", "--license", "mit")
	c.holds("go.mod", "module store.example/v2\n").holds("models/tables.go", "package models").holds("main.go", `"store.example/v2/cli"`)
	c.holds("README.md", "# The Store\n", "bin/store.example", "Our words.").holds("views/home.templ", "Welcome to The Store.").holds(".gitignore", "\n/store.example\n")
	c.holds("assets/tokens.css", "--brand: oklch(0.6 0.2 30);").holds("LICENSE", "MIT License\n\nCopyright (c) ", " Acme Inc.\n")
	for name, f := range c.files() {
		if strings.Contains(f.content, "Zebra Shop") && !strings.HasPrefix(name, "scaffold/") {
			t.Errorf("%s still speaks of the Zebra Shop", name)
		}
	}
}

func TestAModuleOfOneWordIsRenamedWithoutHittingTheWord(t *testing.T) {
	c := newTemplate(t).succeeds("init", "--module", "mail2", "--name", "Mailer")
	c.put("docs/words.md", "A mail2 is no mail2/x.")
	c.succeeds("init", "--module", "example.org/post", "--name", "Mailer")
	c.holds("docs/words.md", "A mail2 is no mail2/x.").holds("go.mod", "module example.org/post\n").holds("e2e/go.mod", "replace example.org/post => ..")
	c.holds("main.go", `"example.org/post/cli"`).holds("views/home.templ", `"example.org/post/views/ui"`)
}

func TestAddressesAreNotTakenForTheModule(t *testing.T) {
	for _, s := range []string{"ada@example.com", "ada@example.com/castle", "www.example.com/castle", "x/example.com/castle", "example.com/castles", "example.com/castle-2", "example.com"} {
		if got := replaceModule("x.go", s, "example.com/castle", "example.org/x"); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
	for s, want := range map[string]string{`"M/auth"`: `"N/auth"`, "M": "N", "`M`.": "`N`.", "go get M@latest": "go get N@latest", "(M/auth.Auth)": "(N/auth.Auth)"} {
		old, new := "example.com/a", "example.org/b"
		if got := replaceModule("x.go", strings.ReplaceAll(s, "M", old), old, new); got != strings.ReplaceAll(want, "N", new) {
			t.Errorf("%q became %q", s, got)
		}
	}
}

func TestEveryFaultOfInitIsNamedAtOnceAndNothingIsDone(t *testing.T) {
	c := newTemplate(t)
	args := []string{"init", "--module", "Not a path", "--name", `A "B"`, "--accent", "blue", "--license", "gpl", "--drop", "nothing", "--colour", "shop"}
	for _, words := range []string{"is no module path", "quotation marks", "is no color", "mit or proprietary", `"nothing" is no optional feature`, "--colour is not known", `"shop" is not understood`} {
		c.refuses(words, args...)
	}
	c.refuses("--module is missing", "init", "--name", "Shop")
	c.refuses("--name is missing", "init", "--module", "example.org/shop")
	c.refuses("--module is missing", "init", "--yes")
	c.refuses("needs a value", "init", "--module")
	for _, module := range []string{"net/shop", "fmt", "example.org/shop/v1", "v2", "/shop", "shop/", "a//b", "example.org/sh op", ".", "..", "example.org/größe"} {
		c.refuses("--module: ", "init", "--module", module, "--name", "Shop")
	}
}

func TestANameIsOneThatSettingsAndMailCanCarry(t *testing.T) {
	for _, name := range []string{"Acme", "Zebra Shop", "O'Neill & Söhne", "Acme Inc.", "4711 Ltd", "Ça va !", "日本"} {
		if err := checkName(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"", " ", "4711", "Acme, Inc.", "a@b", "Acme (2)", "A: B", "A  B", " A", "A`B", "A\\B", "A\nB", "{A}", strings.Repeat("x", 61)} {
		if checkName(name) == nil {
			t.Errorf("%q is a name", name)
		}
	}
}

func TestDeploymentsAreCalledByTheProgramsName(t *testing.T) {
	c := newTemplate(t).succeeds(shop...).holds("deploy/notes.txt", "/opt/shop/shop app.db")
	c.succeeds("init", "--module", "zebra.example/herd/app").holds("deploy/notes.txt", "/opt/app/app app.db")
	c.succeeds("init", "--module", "zebra.example/herd/shop").holds("deploy/notes.txt", "/opt/app/app app.db")
	if !strings.Contains(c.said, "look there yourself") {
		t.Errorf("it said %q", c.said)
	}
}

func TestAtATerminalInitAsksForWhatItIsNotTold(t *testing.T) {
	c := newTemplate(t)
	c.answers = "fmt\nzebra.example/corner-shop\n\nrgb(160 30 90)\nAcme Inc.\nmit\n\n"
	c.succeeds("init")
	c.holds("config/config.go", `envDefault:"Corner shop"`).holds("assets/tokens.css", "--brand: rgb(160 30 90);").holds(".gitignore", "\n/corner-shop\n")
	if !strings.Contains(c.said, "begins like the standard library") || !strings.Contains(c.said, "[Corner shop]") {
		t.Errorf("it said %q", c.said)
	}
}

func TestWhoLeavesInTheMiddleOfTheQuestionsHasChangedNothing(t *testing.T) {
	c := newTemplate(t)
	c.answers = "zebra.example/herd/shop\n"
	if err := c.does("init"); err == nil {
		t.Error("it went on without an answer")
	}
	c.same(c.before)
}

func TestChangesThatAreNotCommittedAreNotMixedWithTheNewName(t *testing.T) {
	c := newTemplate(t)
	c.git("init", "--quiet")
	c.git("config", "user.name", "Ada")
	c.git("config", "user.email", "ada@example.com")
	c.refuses("not committed", shop...)
	c.git("add", "--all")
	c.git("commit", "--quiet", "--message", "clone")
	c.succeeds(append(shop, "--commit")...)
	if subject := c.git("log", "-1", "--format=%s"); subject != "Begin Zebra Shop" || c.git("status", "--porcelain") != "" {
		t.Errorf("the last commit is %q", subject)
	}
	c.put("README.md", "mine")
	c.refuses("not committed", append(shop, "--accent", "#fff")...)
	c.succeeds("init", "--accent", "#a00", "--force")
}

func TestAPaleAccentIsDarkenedWhereWhiteStandsOnIt(t *testing.T) {
	c := newTemplate(t).succeeds(append(shop, "--accent", "#ffd400")...)
	c.holds("assets/tokens.css", "--brand: #ffd400;")
	accent := mailAccent.FindStringSubmatch(c.read("mail/messages.templ"))[2]
	if contrast(accent, "#ffffff") < 4.5 || !strings.Contains(c.said, "use "+accent) {
		t.Errorf("mail has %s, of which was said %q", accent, c.said)
	}
	c.holds("assets/favicon.svg", `fill="`+accent+`"`)
}

func TestIconsTakeTheAccentUnlessTheyAreOnesOwn(t *testing.T) {
	c := newTemplate(t).succeeds(shop...)
	icon, err := os.Open(filepath.Join(c.root, "assets/apple-touch-icon.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer icon.Close()
	picture, err := png.Decode(icon)
	if err != nil {
		t.Fatal(err)
	}
	r, g, b, _ := picture.At(90, 10).RGBA()
	if r>>8 != 0x0a || g>>8 != 0x7e || b>>8 != 0xa4 {
		t.Errorf("the icon's ground is %02x%02x%02x", r>>8, g>>8, b>>8)
	}
	c.put("assets/favicon.svg", "<svg></svg>")
	before := c.read("assets/apple-touch-icon.png")
	c.succeeds("init", "--accent", "#a00000")
	if c.read("assets/apple-touch-icon.png") != before || !strings.Contains(c.said, "icons are as they were") {
		t.Error("somebody's own icon was painted over")
	}
}

func TestInitLeavesFeaturesOutToo(t *testing.T) {
	c := newTemplate(t)
	c.put("handlers/teapot.go", "package handlers\n")
	c.replace("handlers/routes.go", "\tapp.GET(\"/dashboard\",", "\topen.GET(\"/teapot\", h.Teapot) // feature:teapot\n\tapp.GET(\"/dashboard\",")
	c.succeeds(append(shop, "--drop", "teapot")...)
	if _, err := fs.Stat(os.DirFS(c.root), "handlers/teapot.go"); err == nil || strings.Contains(c.read("handlers/routes.go"), "teapot") {
		t.Error("the teapot is still there")
	}
	if !slices.Contains(c.ran, "go vet ./...") {
		t.Errorf("what is left was not built: %q", c.ran)
	}
}
