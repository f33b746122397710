package main

import (
	"slices"
	"strings"
	"testing"
)

var zebra = []string{"resource", "zebra", "number:string", "due:date", "paid:bool", "amount:money", "status:enum:draft,sent", "note:text:optional", "paid on:date:optional", "weight:float", "height:float:optional"}

func TestAResourceIsAModelItsPagesAndItsStories(t *testing.T) {
	c := newClone(t).succeeds(zebra...)
	for name, parts := range map[string][]string{
		"models/zebras.go":          {"type Zebra struct {\n\tOwned\n", "PaidOn *time.Time", "Amount Money", "Weight float64", "Height *float64", "models", `problems.Choice("status", form.Status, ZebraStatuses()...)`},
		"handlers/zebras.go":        {"func (h *Handlers) EditZebraPage("},
		"handlers/zebras_test.go":   {"TestAnotherPersonsZebraIsNotThere"},
		"views/zebras.templ":        {`@ui.NumberCell("Amount")`, `@ui.Select(`, `Type: "date"`},
		"views/zebras_test.go":      {"PaidOn:", "new(now)"},
		"views/views_test.go":       {`"zebras, none":`},
		"views/layout/layout.templ": {`{Href: "/zebras", Icon: ui.IconFolder, Label: "Zebras"}, // feature:zebras`},
		"models/tables.go":          {"zebraTable,"},
		"cli/seed.go":               {"models.SeedZebras,"},
	} {
		c.holds(name, parts...)
	}
	if added := c.added(); len(added) != 6 {
		t.Errorf("added: %q", added)
	}
}

func TestDropTakesAResourceBackExactly(t *testing.T) {
	c := newClone(t)
	c.makes = true
	c.succeeds(zebra...).succeeds("drop", "zebras").same(c.before)
}

func TestResource_ChangesNoOtherLineOfTheListOfPages(t *testing.T) {
	c := newClone(t).succeeds("resource", "zebra with a name that is long", "number")
	old, now := strings.Split(c.before["views/views_test.go"].content, "\n"), strings.Split(c.read("views/views_test.go"), "\n")
	for _, line := range old {
		if !slices.Contains(now, line) {
			t.Errorf("got a change of %q, want new lines alone", line)
		}
	}
}

func TestResource_SaysWhatToAddToANavigationThatItDoesNotKnow(t *testing.T) {
	c := newClone(t)
	c.replace("views/layout/layout.templ", "func navigation()", "func menu()")
	c.succeeds(zebra...).holds("models/zebras.go", "type Zebra struct")
	if want := `Add there: {Href: "/zebras", Icon: ui.IconFolder, Label: "Zebras"}, // feature:zebras`; !strings.Contains(c.said, want) {
		t.Errorf("got %q, want %q", c.said, want)
	}
}

func TestTheMigrationIsTheNextAndItsTableCanBeRead(t *testing.T) {
	c := newClone(t)
	c.put("models/migrations/9123_last.sql", "")
	c.succeeds(zebra...)
	c.holds("models/migrations/9124_zebras.sql", "    note       TEXT      NOT NULL,\n    paid_on    TIMESTAMP,\n", "CHECK (status IN ('draft', 'sent'))", "DROP TABLE zebras;")
}

func TestReservedWordsOfSQLAreQuotedWhereTheyAreColumns(t *testing.T) {
	c := newClone(t).succeeds("resource", "zebra trip", "from:string", "order:int:optional")
	c.holds(c.migration("zebra_trips"), "    \"from\"     TEXT      NOT NULL,\n", "    \"order\"    BIGINT\n")
}

func TestAFieldIsNotFilledInWithThePersonsOwnData(t *testing.T) {
	c := newClone(t).succeeds("resource", "zebra", "name:string", "email:email", "stripes:int")
	c.holds("views/zebras.templ", `Value: form.Name, MaxLength: 200, Autocomplete: "off",`, `Type: "email", Autocomplete: "off",`, `InputMode: "numeric", Required: true`)
}

func TestNamesThatGORMWouldReadOtherwiseAreTold(t *testing.T) {
	c := newClone(t).succeeds("resource", "zebra hero", "vat_id:string").succeeds("resource", "zebra", "number")
	c.holds("models/zebra_heroes.go", `func (ZebraHero) TableName() string { return "zebra_heroes" }`, "VATID string `gorm:\"column:vat_id\"`")
	if strings.Contains(c.read("models/zebras.go"), "TableName") {
		t.Error("a plain plural needs no name")
	}
}

func TestANameThatIsAKeywordNeverBecomesAVariable(t *testing.T) {
	for _, written := range []string{"type", "func", "string", "form"} {
		if r := (resourceData{One: name{written}, Many: name{written + "s"}}); r.Local() != "row" || r.Locals() != "rows" {
			t.Errorf("%s is called %s, many %s", written, r.Local(), r.Locals())
		}
	}
	if factory := (&project{}).factory(name{"type"}); factory != "createType" {
		t.Errorf("a type is made by %s", factory)
	}
}

func TestAResourceIsNamedInSingularOrPluralAlike(t *testing.T) {
	one, many := newClone(t), ""
	one.succeeds("resource", "ZebraCategory", "name:string")
	many = one.read("models/zebra_categories.go")
	one.succeeds("drop", "zebra_categories").succeeds("resource", "zebra_categories", "name:string")
	if one.read("models/zebra_categories.go") != many {
		t.Error("they differ")
	}
}

func TestAResourceThatCannotBeIsRefusedWithWhatToDo(t *testing.T) {
	c := newClone(t)
	for words, args := range map[string][]string{
		"Give the resource a name and its fields":  {"zebra"},
		"is the same for one and for many":         {"equipment", "name"},
		"users cannot be the name of a new table":  {"user", "name"},
		"models declares User, FindUser already":   {"user", "name"},
		"values cannot be the name of a new table": {"value", "name"},
		"would not be part of every build":         {"bay window", "name"},
		"something that every row has already":     {"zebra", "ID:string"},
		"two fields called \"a\"":                  {"zebra", "a", "A:int"},
		"stands for the row in lists":              {"zebra", "paid:bool"},
		"is no type of field; these are: string":   {"zebra", "name:sting"},
		"nothing but :optional may follow":         {"zebra", "name:string:max"},
		"an enum has two words or more":            {"zebra", "state:enum:one"},
		"\"a b\" is no word of an enum":            {"zebra", "state:enum:a b,c"},
		"\"a\" is there twice":                     {"zebra", "state:enum:a,a"},
		"a bool is yes or no":                      {"zebra", "name", "paid:bool:optional"},
		"holds no letter":                          {"zebra", ":string"},
		"letters a to z":                           {"größe", "name"},
	} {
		c.refuses(words, append([]string{"resource"}, args...)...)
	}
	c.succeeds("resource", "zebra", "name")
	c.refuses("There are zebras already; go run ./scaffold drop zebras takes them out", "resource", "zebras", "name")
}

func TestAListToAddToIsFoundWhetherItIsEmptyOrNot(t *testing.T) {
	for source, want := range map[string]string{
		"package p\n\nfunc list() []int {\n\treturn []int{}\n}\n":                    "return []int{\n2,\n}",
		"package p\n\nfunc list() []int {\n\treturn []int{\n\t\t1, // one\n\t}\n}\n": "1, // one\n2,\n",
	} {
		if got, err := addToList("list", "2,")(source); err != nil || !strings.Contains(got, want) {
			t.Errorf("%q (%v)", got, err)
		}
	}
	if _, err := addToList("other", "2,")("package p\n"); err == nil {
		t.Error("a list that is not there was added to")
	}
}

// migration is the file that makes the table.
func (c *clone) migration(table string) string {
	c.t.Helper()
	added := c.added()
	at := slices.IndexFunc(added, func(name string) bool { return strings.HasSuffix(name, "_"+table+".sql") })
	if at < 0 {
		c.t.Fatalf("no migration makes %s: %q", table, added)
	}
	return added[at]
}
