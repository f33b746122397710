package main

import (
	"slices"
	"strings"
	"testing"
)

// newTeahouse is a clone with an optional feature, "teapot", in every kind of file.
func newTeahouse(t *testing.T) *clone {
	t.Helper()
	c := newClone(t)
	for name, content := range map[string]string{
		"handlers/teapot.go":                      "package handlers\n\n// Teapot answers that it is one. It has more to say.\nfunc Teapot() {}\n",
		"handlers/teapot_test.go":                 "package handlers_test\n",
		"models/teapot.go":                        "package models\n",
		"assets/teapot.min.js":                    "",
		"docs/teapot/picture.md":                  "",
		"models/migrations/0090_teapot.sql":       "-- +goose Up\nCREATE TABLE teapots (id TEXT);\n\n-- +goose Down\nDROP TABLE teapots;\n",
		"models/migrations/0091_teapot_color.sql": "-- +goose Up\nALTER TABLE teapots ADD COLUMN color TEXT;\n\n-- +goose Down\nALTER TABLE teapots DROP COLUMN color;\n",
		"models/migrations/0092_teapot_lids.sql":  "-- +goose Up\nCREATE TABLE teapot_lids (id TEXT);\n\n-- +goose Down\nDROP TABLE teapot_lids;\n",
		"models/teapot_lids.go":                   "package models\n",
		"handlers/teapots.go":                     "package handlers\n",
		"assets/words.css":                        "a {}\nb {} /* feature:teapot */\n",
		"docs/words.md":                           "one\n<!-- feature:teapot -->\ntwo\n",
		"words.yml":                               "a: 1\nb: 2 # feature:teapot\nc: 3 # feature:teapot_lids\n",
		"words.sql":                               "SELECT 1;\nSELECT 2; -- feature:teapot\nSELECT 3; -- feature:other feature:teapot\n",
		"handlers/brewing.go":                     "// feature:tea_time|teapot\n\npackage handlers\n\nfunc Brew() {} // feature:tea_time|teapot\n",
		"words.txt":                               "It says feature:teapot in the middle, and is kept.\n",
	} {
		c.put(name, content)
	}
	c.replace("handlers/routes.go", "import (\n", "import (\n\t\"mime\" // feature:tea_time\n\t\"net/http\"\n\n")
	c.replace("handlers/routes.go", "\treturn list\n", "\t_ = http.StatusTeapot // feature:teapot\n\treturn list\n")
	c.replace("views/layout/layout.templ", "import (\n", "import (\n\t\"net/url\"\n")
	c.replace("views/layout/layout.templ", "\treturn []ui.Link{\n", "\treturn []ui.Link{\n\t\t{url.PathEscape(\"/teapot\"), ui.IconHome, \"Teapot\"}, // feature:teapot\n")
	c.before = c.files()
	return c
}

func TestDropTakesAFeaturesFilesAndLinesAndTheImportsThatOnlyTheyUsed(t *testing.T) {
	c := newTeahouse(t).succeeds("drop", "teapot")
	for name, want := range map[string]string{"assets/words.css": "a {}\n", "docs/words.md": "one\ntwo\n", "words.yml": "a: 1\nc: 3 # feature:teapot_lids\n", "words.sql": "SELECT 1;\n"} {
		if got := c.read(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	for name, f := range c.files() {
		if !strings.HasPrefix(name, "scaffold/") && (strings.Contains(f.content, "/teapot") || strings.Contains(f.content, "net/url") && name == "views/layout/layout.templ") {
			t.Errorf("%s has still something of the teapot", name)
		}
	}
	if routes := c.read("handlers/routes.go"); strings.Contains(routes, "net/http") || !strings.Contains(routes, `"mime" // feature:tea_time`) {
		t.Errorf("the imports are %s", routes[:200])
	}
}

func TestWhatTwoFeaturesNeedGoesWithTheLastOfThem(t *testing.T) {
	c := newTeahouse(t).succeeds("drop", "teapot")
	if got := c.read("handlers/brewing.go"); got != "// feature:tea_time\n\npackage handlers\n\nfunc Brew() {} // feature:tea_time\n" {
		t.Errorf("half of it is %q", got)
	}
	if _, there := c.succeeds("drop", "tea_time").files()["handlers/brewing.go"]; there {
		t.Error("what nobody needs is still there")
	}
}

func TestDropKeepsWhatIsCalledOtherwise(t *testing.T) {
	c := newTeahouse(t).succeeds("drop", "teapot")
	gone := slices.DeleteFunc(c.changed(c.before), func(name string) bool { _, there := c.files()[name]; return there })
	want := []string{"assets/teapot.min.js", "docs/teapot/picture.md", "handlers/teapot.go", "handlers/teapot_test.go", "models/migrations/0090_teapot.sql",
		"models/migrations/0091_teapot_color.sql", "models/teapot.go"}
	if !slices.Equal(gone, want) {
		t.Errorf("gone: %q", gone)
	}
}

func TestDropListsWhatCanGo(t *testing.T) {
	c := newTeahouse(t).succeeds("drop")
	for _, word := range []string{"teapot ", "Teapot answers that it is one.", "teapot_lids", "tea_time"} {
		if !strings.Contains(c.said, word) {
			t.Errorf("%q is not in the list:\n%s", word, c.said)
		}
	}
	c.same(c.before)
	c.refuses(`"kettle" is no optional feature; these are: `, "drop", "kettle", "teapot")
}

func TestDropOfAllLeavesNoMarker(t *testing.T) {
	c := newTeahouse(t).succeeds("drop", "--all").succeeds("drop")
	if strings.Contains(c.said, "files") {
		t.Errorf("there is still %s", c.said)
	}
}

func TestWhatDoesNotBuildWithoutTheFeatureIsPutBack(t *testing.T) {
	c := newTeahouse(t)
	c.broken = "vet"
	if err := c.does("drop", "teapot"); err == nil || !strings.Contains(err.Error(), "Everything is again as it was") {
		t.Errorf("it failed with %v", err)
	}
	c.same(c.before)
}

// A database that has seen a migration is refused by a program that does not know it.
func TestADatabaseThatHasTheTableIsNotLeftBehind(t *testing.T) {
	c := newTeahouse(t)
	c.put("data/app.db", "SQLite format 3\x00 … CREATE TABLE sessions (…) …")
	c.succeeds("drop", "teapot_lids")
	c.put("data/app.db", "SQLite format 3\x00 … CREATE TABLE teapots (…) …")
	c.refuses("data/app.db, has the table teapots already", "drop", "teapot")
	c.succeeds("drop", "teapot", "--deployed")
	c.holds("models/migrations/0090_teapot.sql", "CREATE TABLE teapots")
	c.holds("models/migrations/0092_drop_teapot.sql", "-- +goose Up\nALTER TABLE teapots DROP COLUMN color;\nDROP TABLE teapots;\n\n-- +goose Down\nCREATE TABLE teapots (id TEXT);\nALTER TABLE teapots ADD COLUMN color TEXT;\n")
}
