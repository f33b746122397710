package main

import (
	"slices"
	"strings"
	"testing"
)

var leopard = []string{"resource", "leopard", "number:string", "due:date", "paid:bool", "amount:money", "status:enum:draft,sent", "note:text:optional", "paid on:date:optional"}

func TestAResourceIsAModelItsPagesAndItsStories(t *testing.T) {
	c := newClone(t).succeeds(leopard...)
	for name, parts := range map[string][]string{
		"models/leopards.go":        {"type Leopard struct {\n\tPrivate\n", "PaidOn *time.Time", "Amount Money", "models", `problems.Choice("status", form.Status, LeopardStatuses()...)`},
		"handlers/leopards.go":      {"func (h *Handlers) EditLeopardPage("},
		"handlers/leopards_test.go": {"TestAnotherPersonsLeopardIsNotThere"},
		"views/leopards.templ":      {`@ui.NumberCell("Amount")`, `@ui.Select(`, `Type: "date"`},
		"views/leopards_test.go":    {"PaidOn:", "new(now)"},
		"views/views_test.go":       {`"leopards, none":`},
		"views/layout/layout.templ": {`{Href: "/leopards", Icon: ui.IconFolder, Label: "Leopards"}, // feature:leopards`},
		"models/all.go":             {"&Leopard{},"},
		"seed.go":                   {"models.SeedLeopards,"},
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
	c.succeeds(leopard...).succeeds("drop", "leopards").same(c.before)
}

func TestTheMigrationIsTheNextAndItsTableCanBeRead(t *testing.T) {
	c := newClone(t)
	c.put("models/migrations/0123_last.sql", "")
	c.succeeds(leopard...)
	c.holds("models/migrations/0124_leopards.sql", "    note       TEXT      NOT NULL,\n    paid_on    TIMESTAMP\n", "CHECK (status IN ('draft', 'sent'))", "DROP TABLE leopards;")
}

func TestReservedWordsOfSQLAreQuotedWhereTheyAreColumns(t *testing.T) {
	c := newClone(t).succeeds("resource", "trip", "from:string", "order:int:optional")
	c.holds(c.migration("trips"), "    \"from\"     TEXT      NOT NULL,\n", "    \"order\"    BIGINT\n")
}

func TestNamesThatGORMWouldReadOtherwiseAreTold(t *testing.T) {
	c := newClone(t).succeeds("resource", "hero", "vat_id:string").succeeds("resource", "bill", "number")
	c.holds("models/heroes.go", `func (Hero) TableName() string { return "heroes" }`, "VATID string `gorm:\"column:vat_id\"`")
	if strings.Contains(c.read("models/bills.go"), "TableName") {
		t.Error("a plain plural needs no name")
	}
}

func TestANameThatIsAKeywordNeverBecomesAVariable(t *testing.T) {
	c := newClone(t).succeeds("resource", "type", "range:string").succeeds("resource", "func", "string:string")
	c.holds("models/types.go", "var row Type").holds("handlers/types_test.go", "func (p *person) newType(n int) string").holds("handlers/private_law_test.go", "p.newFunc(1)")
}

func TestAResourceIsNamedInSingularOrPluralAlike(t *testing.T) {
	one, many := newClone(t), ""
	one.succeeds("resource", "Category", "name:string")
	many = one.read("models/categories.go")
	one.succeeds("drop", "categories").succeeds("resource", "categories", "name:string")
	if one.read("models/categories.go") != many {
		t.Error("they differ")
	}
}

func TestAResourceThatCannotBeIsRefusedWithWhatToDo(t *testing.T) {
	c := newClone(t)
	for words, args := range map[string][]string{
		"Give the resource a name and its fields":  {"bill"},
		"is the same for one and for many":         {"equipment", "name"},
		"users cannot be the name of a new table":  {"user", "name"},
		"models declares User already":             {"user", "name"},
		"values cannot be the name of a new table": {"value", "name"},
		"would not be part of every build":         {"bay window", "name"},
		"something that every row has already":     {"bill", "ID:string"},
		"two fields called \"a\"":                  {"bill", "a", "A:int"},
		"stands for the row in lists":              {"bill", "paid:bool"},
		"is no type of field; these are: string":   {"bill", "name:sting"},
		"nothing but :optional may follow":         {"bill", "name:string:max"},
		"an enum has two words or more":            {"bill", "state:enum:one"},
		"\"a b\" is no word of an enum":            {"bill", "state:enum:a b,c"},
		"\"a\" is there twice":                     {"bill", "state:enum:a,a"},
		"a bool is yes or no":                      {"bill", "name", "paid:bool:optional"},
		"holds no letter":                          {"bill", ":string"},
		"letters a to z":                           {"größe", "name"},
	} {
		c.refuses(words, append([]string{"resource"}, args...)...)
	}
	c.succeeds("resource", "bill", "name")
	c.refuses("There are bills already; task drop -- bills takes them out", "resource", "bills", "name")
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
