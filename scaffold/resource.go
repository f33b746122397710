package main

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const resourceUsage = `usage: go run ./scaffold resource <name> <field>:<type> …

Writes what belongs to a person and to nobody else: a model and its migration, queries held to the owner, a list that is searched,
sorted and paged, pages to show, add, edit and delete, an entry in the navigation, seed rows and stories.

  go run ./scaffold resource invoice number:string due:date paid:bool amount:money note:text:optional status:enum:draft,sent

  string   one line of text              int     a whole number          email   an address
  text     several lines                 float   a number with decimals  url     a link
  date     a day                         money   an amount in cents      enum    one of the words that follow: status:enum:draft,sent
  bool     yes or no

A field without a type is a string. A field must be filled in unless it ends in :optional. The first one stands for the row in lists, and is neither text nor bool nor
optional. Names may be written in any case, the resource in singular or plural. go run ./scaffold drop invoices takes all of it back.
`

// resource is the command.
func resource(ctx context.Context, c *call) error {
	words, f := c.words(nil)
	if len(words) < 2 {
		f.add("Give the resource a name and its fields, as in: go run ./scaffold resource invoice number:string due:date amount:money")
	}
	if err := f.err(); err != nil {
		return err
	}
	p, err := open(c.root)
	if err != nil {
		return err
	}
	r := p.newResource(words[0], words[1:])
	if err := p.faults.err(); err != nil {
		return err
	}
	p.addResource(r)
	if err := p.save(ctx, c); err != nil {
		return err
	}
	return c.tell(p, fmt.Sprintf("The list is at /%s. `go test ./...` holds it to its stories and to the laws; `go run . seed` gives new people a few rows.\n"+
		"go run ./scaffold drop %s takes all of it back.", r.Many.Kebab(), r.Many.Snake()))
}

// resourceData is what the templates are filled with.
type resourceData struct {
	Module    string
	One, Many name // singular and plural
	Fields    []field
	Factory   string // the stories' helper that makes a row
}

// field is a column, and what a person types into it.
type field struct {
	Name     name
	Kind     string
	Optional bool
	Options  []string // of an enum
}

// kinds are the types of fields, with the Go type and the column of each.
func kinds() map[string][2]string {
	return map[string][2]string{
		"string": {"string", "TEXT"},
		"text":   {"string", "TEXT"},
		"email":  {"string", "TEXT"},
		"url":    {"string", "TEXT"},
		"enum":   {"string", "TEXT"},
		"int":    {"int64", "BIGINT"},
		"float":  {"float64", "DOUBLE PRECISION"},
		"money":  {"Money", "BIGINT"},
		"bool":   {"bool", "BOOLEAN"},
		"date":   {"time.Time", "TIMESTAMP"},
	}
}

func (p *project) newResource(written string, fields []string) resourceData {
	r := resourceData{Module: p.module}
	n, err := parseName(written)
	if err != nil {
		p.faults.add("%v.", err)
		return r
	}
	r.One, r.Many = n.Singular(), n.Singular().Plural()
	if last := n[len(n)-1]; slices.Contains(uncountable, last) {
		p.faults.add("%q is the same for one and for many, so that a list and a row would share their names; add a word, as in %s_item.", n.Lower(), n.Snake())
	}
	for _, written := range fields {
		r.Fields = append(r.Fields, p.newField(written))
	}
	r.Factory = p.factory(r.One)
	p.refuseFields(r)
	p.refuseResource(r)
	return r
}

func (p *project) newField(written string) field {
	parts := strings.Split(written, ":")
	f := field{Kind: "string"}
	var err error
	if f.Name, err = parseName(parts[0]); err != nil {
		p.faults.add("%v.", err)
		return f
	}
	for i, part := range parts[1:] {
		options, isEnum := strings.CutPrefix(strings.TrimSuffix(part, ")"), "enum(")
		switch {
		case i == 0 && isEnum:
			f.Kind, f.Options = "enum", strings.Split(options, ",")
		case i == 0:
			f.Kind = part
		case part == "optional":
			f.Optional = true
		case f.Kind == "enum" && f.Options == nil:
			f.Options = strings.Split(part, ",")
		default:
			p.faults.add("%q: nothing but :optional may follow the type.", written)
		}
	}
	if _, known := kinds()[f.Kind]; !known {
		p.faults.add("%q: %q is no type of field; these are: string, text, int, float, money, bool, date, email, url, enum.", written, f.Kind)
	}
	return f
}

// refuseFields finds what no table, form or page could be made of.
func (p *project) refuseFields(r resourceData) {
	seen := map[string]bool{}
	for i, f := range r.Fields {
		column := f.Name.Snake()
		if reason := refusedColumn(column); reason != "" {
			p.faults.add("A field can't be called %q: it is %s. Take another name, such as %s_%s.", column, reason, r.One.Snake(), column)
		}
		if column != "" && seen[f.Name.Go()] {
			p.faults.add("There are two fields called %q.", column)
		}
		seen[f.Name.Go()] = true
		if i == 0 && (f.Optional || f.Kind == "text" || f.Kind == "bool") {
			p.faults.add("The first field, %s, stands for the row in lists: it is neither text nor bool nor optional.", column)
		}
		if f.Optional && f.Kind == "bool" {
			p.faults.add("%s: a bool is yes or no, never left out.", column)
		}
		p.refuseOptions(f)
	}
}

func (p *project) refuseOptions(f field) {
	if f.Kind != "enum" {
		return
	}
	if len(f.Options) < 2 {
		p.faults.add("%s: an enum has two words or more, as in %[1]s:enum:draft,sent.", f.Name.Snake())
	}
	for i, option := range f.Options {
		n, err := parseName(option)
		if err != nil || n.Snake() != option {
			p.faults.add("%s: %q is no word of an enum; it is of small letters, digits and _.", f.Name.Snake(), option)
		}
		if slices.Contains(f.Options[:i], option) {
			p.faults.add("%s: %q is there twice.", f.Name.Snake(), option)
		}
	}
}

// refuseResource finds what is in the resource's way.
func (p *project) refuseResource(r resourceData) {
	word := r.Many.Snake()
	if slices.Contains(p.featureWords(), word) {
		p.faults.add("There are %s already; go run ./scaffold drop %s takes them out.", r.Many.Lower(), word)
		return
	}
	if files := p.filesOf(word); len(files) > 0 {
		p.faults.add("%s would count as a part of %s; take another name.", files[0], word)
	}
	p.refuseTaken(r.Many, "views")
	if p.tables()[word] || quoted(word) != word || strings.HasPrefix(word, "sqlite_") {
		p.faults.add("%s cannot be the name of a new table; take another name.", word)
	}
	names := r.declares()
	for _, folder := range slices.Sorted(maps.Keys(names)) {
		declared := p.declared(folder)
		taken := slices.DeleteFunc(slices.Clone(names[folder]), func(name string) bool { return !declared[name] })
		if len(taken) > 0 {
			p.faults.add("%s declares %s already; take another name.", folder, strings.Join(taken, ", "))
		}
		for i, name := range names[folder] {
			if slices.Contains(names[folder][:i], name) {
				p.faults.add("%s would declare %s twice; call the enum something else.", folder, name)
			}
		}
	}
}

// declares are the names that the resource's files declare, by folder.
func (r resourceData) declares() map[string][]string {
	one, many := r.One.Go(), r.Many.Go()
	names := map[string][]string{
		"models":   {one, many, one + "Form", "Find" + one, "Create" + one, "Update" + one, "Delete" + one, "Seed" + many},
		"handlers": {one, many, "New" + one, "New" + one + "Page", "Edit" + one, "Edit" + one + "Page", "Delete" + one},
		"views":    {one, many, r.Prefix() + "Sample", "New" + one, "Edit" + one, "new" + one, r.Prefix() + "Columns", r.Prefix() + "Form"},
	}
	for _, f := range r.Fields {
		if f.Kind == "enum" {
			names["models"] = append(names["models"], one+f.Name.Plural().Go())
			names["views"] = append(names["views"], r.Prefix()+f.Name.Plural().Go())
		}
	}
	return names
}

// tables are those that the migrations make.
func (p *project) tables() map[string]bool {
	found := map[string]bool{}
	for _, name := range p.names("models/migrations/*.sql") {
		for _, table := range createTable.FindAllStringSubmatch(p.read(name), -1) {
			found[table[1]] = true
		}
	}
	return found
}

// files says where the file made from each template goes.
func (r resourceData) files(migration int) map[string]string {
	word := r.Many.Snake()
	return map[string]string{
		"model.go":      "models/" + word + ".go",
		"migration.sql": fmt.Sprintf("models/migrations/%04d_%s.sql", migration, word),
		"handler.go":    "handlers/" + word + ".go",
		"story_test.go": "handlers/" + word + "_test.go",
		"view.templ":    "views/" + word + ".templ",
		"view_test.go":  "views/" + word + "_test.go",
	}
}

func (p *project) addResource(r resourceData) {
	one, word, path := r.One.Go(), r.Many.Snake(), "/"+r.Many.Kebab()
	mark := " // feature:" + word
	for template, file := range r.files(p.nextMigration()) {
		p.fill("resource/"+template, file, r)
	}
	p.edit("handlers/routes.go", addRoutes("app", "",
		fmt.Sprintf("app.GET(%q, h.%s)", path, r.Many.Go())+mark,
		fmt.Sprintf("app.GET(%q, h.New%sPage)", path+"/new", one)+mark,
		fmt.Sprintf("app.POST(%q, h.New%s)", path+"/new", one)+mark,
		fmt.Sprintf("app.GET(%q, h.%s)", path+"/:id", one)+mark,
		fmt.Sprintf("app.GET(%q, h.Edit%sPage)", path+"/:id/edit", one)+mark,
		fmt.Sprintf("app.POST(%q, h.Edit%s)", path+"/:id/edit", one)+mark,
		fmt.Sprintf("app.POST(%q, h.Delete%s)", path+"/:id/delete", one)+mark))
	p.addToNavigation(path, r.Many, mark)
	p.edit("models/tables.go", addToList("Tables", r.TableVar()+","+mark))
	p.edit("cli/seed.go", addToList("seeds", "models.Seed"+r.Many.Go()+","+mark))
	p.edit("views/views_test.go", addToList("appPages", r.viewTests()))
	p.edit("handlers/laws_test.go", addToList("sampleRows", fmt.Sprintf("%q: func(b *apptest.Browser) string { return %s(b, 1) },", word, r.Factory)+mark))
}

// viewTests are the lines that make the pages known to what holds for all of them,
// below a blank line: gofmt aligns them with each other, and no other line changes.
func (r resourceData) viewTests() string {
	one, many, sample := r.One.Go(), r.Many.Go(), r.Prefix()+"Sample()"
	list := func(rows string) string { return "models.List[models." + one + "]{" + rows + "}" }
	pages := [][2]string{
		{r.Many.Lower(), "views." + many + "(person(), " + list("Rows: []models."+one+"{"+sample+"}, Size: 20, Total: 41") + ", now)"},
		{r.Many.Lower() + ", none", "views." + many + "(person(), " + list("") + ", now)"},
		{r.Many.Lower() + ", no find", "views." + many + "(person(), " + list("Query: models.Query{Search: markup}") + ", now)"},
		{r.One.Lower(), "views." + one + "(person(), " + sample + ", now)"},
		{r.One.Lower() + ", new", "views.New" + one + "(person(), models." + one + "Form{}, nil)"},
		{r.One.Lower() + ", wrong", "views.Edit" + one + "(person(), \"1\", " + sample + ".Form(), faults(" + r.quotedColumns() + "))"},
	}
	lines := []string{""}
	for _, page := range pages {
		lines = append(lines, fmt.Sprintf("%q: %s, // feature:%s", page[0], page[1], r.Many.Snake()))
	}
	return strings.Join(lines, "\n")
}

func (r resourceData) quotedColumns() string {
	var columns []string
	for _, f := range r.Fields {
		columns = append(columns, strconv.Quote(f.Name.Snake()))
	}
	return strings.Join(columns, ", ")
}

// addToList adds a line to the list that a function returns, as its last.
func addToList(function, line string) func(string) (string, error) {
	return func(source string) (string, error) {
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, "", source, parser.SkipObjectResolution)
		if err != nil {
			return "", err
		}
		for _, d := range parsed.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Name.Name != function || len(f.Body.List) == 0 {
				continue
			}
			returned, ok := f.Body.List[len(f.Body.List)-1].(*ast.ReturnStmt)
			if !ok || len(returned.Results) != 1 {
				continue
			}
			if list, ok := returned.Results[0].(*ast.CompositeLit); ok {
				at := set.Position(list.Rbrace).Offset
				if set.Position(list.Lbrace).Line != set.Position(list.Rbrace).Line {
					at = strings.LastIndexByte(source[:at], '\n') + 1
					return source[:at] + line + "\n" + source[at:], nil
				}
				return source[:at] + "\n" + line + "\n" + source[at:], nil
			}
		}
		return "", fmt.Errorf("there is no function %s that returns a list to add a line to", function)
	}
}

// What follows is asked by the templates.

// TableVar is the variable of the models.Table.
func (r resourceData) TableVar() string {
	return r.One[0] + name(append(slices.Clone(r.One[1:]), "table")).Go()
}

// Local is the row as a variable, Locals several of them.
func (r resourceData) Local() string { return r.One.Local(taken...) }

func (r resourceData) Locals() string {
	if r.Local() == "row" {
		return "rows"
	}
	return r.Many.Local(taken...)
}

// taken are the variables and packages of the templates.
var taken = strings.Fields("c db err errors fmt form gorm h http id invalid layout list listing models now ok problems query string strconv strings " +
	"t templ testing time ui user views words ctx echo found handlers person page stage listAt")

// Stored is the row as a variable of the tests.
func (r resourceData) Stored() string { return r.One.Local("err", "n", "b") }

// Capital is the article at the beginning of a story's name.
func (r resourceData) Capital() string { return capital(r.Article()) }

// Rest are the fields beside the first.
func (r resourceData) Rest() []field { return r.Fields[1:] }

// Query finds the nth row.
func (r resourceData) Query(n int) string {
	return url.QueryEscape(strings.ToUpper(r.Title().NthSeen(n)))
}

// Prefix begins the names of what only the resource's own page uses.
func (r resourceData) Prefix() string { return r.One[0] + r.One[1:].Go() }

// factory returns the name of the function in the tests that makes a row.
func (p *project) factory(one name) string {
	if p.declared("handlers")["create"+one.Go()] {
		return "make" + one.Go()
	}
	return "create" + one.Go()
}

// Receiver is the variable that methods of the row have.
func (r resourceData) Receiver() string { return r.One[0][:1] }

// Article is "a" or "an".
func (r resourceData) Article() string {
	if strings.ContainsRune("aeio", rune(r.One[0][0])) {
		return "an"
	}
	return "a"
}

func (r resourceData) Title() field { return r.Fields[0] }

// Plain says whether GORM finds the table by the model's name.
func (r resourceData) Plain() bool { return plain(r.One[len(r.One)-1]) && !adjacentInitialisms(r.One) }

// adjacentInitialisms cannot be told apart in a Go name: "VATID".
func adjacentInitialisms(n name) bool {
	for i := 1; i < len(n); i++ {
		if slices.Contains(initialisms, n[i-1]) && (slices.Contains(initialisms, n[i]) || slices.Contains(initialisms, singular(n[i]))) {
			return true
		}
	}
	return false
}

// Has says whether a field is of one of the kinds.
func (r resourceData) Has(kinds ...string) bool {
	return slices.ContainsFunc(r.Fields, func(f field) bool { return slices.Contains(kinds, f.Kind) })
}

// HasFormatted says whether a story makes a sample with package fmt.
func (r resourceData) HasFormatted() bool {
	return slices.ContainsFunc(r.Fields, func(f field) bool { return strings.HasPrefix(f.Nth(), "fmt.") })
}

// HasConditional and HasPointer say whether a field is one.
func (r resourceData) HasConditional() bool { return slices.ContainsFunc(r.Fields, field.Conditional) }
func (r resourceData) HasPointer() bool     { return slices.ContainsFunc(r.Fields, field.Pointer) }

// Counted are the numbers from 1 to n.
func (r resourceData) Counted(n int) (numbers []int) {
	for i := range n {
		numbers = append(numbers, i+1)
	}
	return numbers
}

// Searched are the columns that the list searches, Sorted those that it sorts by.
func (r resourceData) Searched() []string { return r.columns("string", "text", "email", "url") }

func (r resourceData) Sorted() []string {
	return r.columns("string", "email", "url", "enum", "int", "float", "money", "bool", "date")
}

func (r resourceData) columns(kinds ...string) (columns []string) {
	for _, f := range r.Fields {
		if slices.Contains(kinds, f.Kind) {
			columns = append(columns, f.Name.Snake())
		}
	}
	return columns
}

// listColumns are as many as a table has room for.
const listColumns = 5

// Listed are the fields beside the first that the list shows.
func (r resourceData) Listed() (listed []field) {
	for _, f := range r.Fields[1:] {
		if f.Kind != "text" && len(listed) < listColumns-1 {
			listed = append(listed, f)
		}
	}
	return listed
}

// Facts are the fields that stand beside each other on the row's page, below the first, and Texts those below them.
func (r resourceData) Facts() []field {
	return r.pick(func(f field) bool { return f.Kind != "text" })[1:]
}
func (r resourceData) Texts() []field { return r.pick(func(f field) bool { return f.Kind == "text" }) }

func (r resourceData) pick(wanted func(field) bool) (picked []field) {
	for _, f := range r.Fields {
		if wanted(f) {
			picked = append(picked, f)
		}
	}
	return picked
}

// ShowsCreated says whether the list has room for when a row was made.
func (r resourceData) ShowsCreated() bool { return len(r.Listed()) < listColumns-1 }

// Width is that of the longest column's name, for the migration's table to be one that is read.
func (r resourceData) Width() int {
	width := len("created_at")
	for _, f := range r.Fields {
		width = max(width, len(f.Column()))
	}
	return width
}

// Pad fills a column's name up to the table's width.
func (r resourceData) Pad(column string) string {
	return column + strings.Repeat(" ", r.Width()-len(column))
}

// Table is the table as SQL writes it.
func (r resourceData) Table() string { return quoted(r.Many.Snake()) }

// Column is the column as SQL writes it.
func (f field) Column() string { return quoted(f.Name.Snake()) }

// Type is the column's type and what it is held to.
func (f field) Type() string {
	column := fmt.Sprintf("%-9s NOT NULL", kinds()[f.Kind][1])
	if f.Pointer() {
		column = kinds()[f.Kind][1]
	}
	if f.Kind == "enum" {
		words := f.Options
		if f.Optional {
			words = append([]string{""}, words...)
		}
		column += fmt.Sprintf(" CHECK (%s IN ('%s'))", f.Column(), strings.Join(words, "', '"))
	}
	return column
}

// Pointer says whether there is a nil for what was left out. Text has "" for that.
func (f field) Pointer() bool {
	return f.Optional && slices.Contains([]string{"int", "float", "money", "date"}, f.Kind)
}

// Conditional says whether the rule holds only for what was typed.
func (f field) Conditional() bool { return f.Optional && f.Kind != "text" }

// GoType is the type of the model's field, with its tag where GORM would name the column otherwise.
func (f field) GoType() string {
	goType := kinds()[f.Kind][0]
	if f.Pointer() {
		goType = "*" + goType
	}
	if adjacentInitialisms(f.Name) {
		goType += fmt.Sprintf(" `gorm:\"column:%s\"`", f.Name.Snake())
	}
	return goType
}

// FormType is the type of what is typed.
func (f field) FormType() string {
	if f.Kind == "bool" {
		return "bool"
	}
	return "string"
}

// Rule reads what was typed into a field, as an expression.
func (r resourceData) Rule(f field) string {
	column, typed := f.Name.Snake(), "form."+f.Name.Go()
	switch f.Kind {
	case "bool":
		return typed
	case "text":
		return fmt.Sprintf("problems.Text(%q, %s, 10_000)", column, typed)
	case "string":
		return fmt.Sprintf("problems.Line(%q, %s, 200)", column, typed)
	case "enum":
		return fmt.Sprintf("problems.Choice(%q, %s, %s%s()...)", column, typed, r.One.Go(), f.Name.Plural().Go())
	}
	method := map[string]string{"int": "Integer", "float": "Float", "money": "Money", "date": "Date", "email": "Email", "url": "URL"}[f.Kind]
	return fmt.Sprintf("problems.%s(%q, %s)", method, column, typed)
}

// Typed is the value as it would be typed, of the variable that is given.
func (f field) Typed(variable string) string {
	value := variable + "." + f.Name.Go()
	switch f.Kind {
	case "int":
		if f.Pointer() {
			value = "*" + value
		}
		return "strconv.FormatInt(" + value + ", 10)"
	case "float":
		if f.Pointer() {
			value = "*" + value
		}
		return "strconv.FormatFloat(" + value + ", 'f', -1, 64)"
	case "money":
		return value + ".String()"
	case "date":
		return value + ".Format(time.DateOnly)"
	}
	return value
}

// Shown is a field's value as people read it.
func (r resourceData) Shown(f field) string {
	variable := r.Local()
	if f.Kind == "enum" {
		return "ui.Chosen(" + r.Prefix() + f.Name.Plural().Go() + "(), " + variable + "." + f.Name.Go() + ")"
	}
	if f.Kind == "date" {
		value := variable + "." + f.Name.Go()
		if f.Pointer() {
			value = "*" + value
		}
		return "ui.Day(ctx, " + value + ")"
	}
	return f.Typed(variable)
}

// Numeric says whether the column is one of figures.
func (f field) Numeric() bool { return slices.Contains([]string{"int", "float", "money"}, f.Kind) }

// Sample is something to type into the field, another one for each n.
func (f field) Sample(n int) string {
	switch f.Kind {
	case "int":
		return strconv.Itoa(10 * n)
	case "float":
		return fmt.Sprintf("%d.25", n)
	case "money":
		return fmt.Sprintf("%d.50", 100*n)
	case "date":
		return fmt.Sprintf("2026-%02d-15", n)
	case "email":
		return fmt.Sprintf("person%d@example.com", n)
	case "url":
		return fmt.Sprintf("https://example.com/%d", n)
	case "enum":
		return f.Options[n%len(f.Options)]
	case "text":
		return fmt.Sprintf("The first line of %d\nand the second", n)
	case "bool":
		return "true"
	}
	return fmt.Sprintf("%s %d", f.Name.Label(), n)
}

// Seen is the sample as the page says it.
func (f field) Seen(n int) string {
	switch f.Kind {
	case "date":
		if day, err := time.Parse(time.DateOnly, f.Sample(n)); err == nil {
			return day.Format("January 2, 2006")
		}
	case "enum":
		return f.Label(f.Sample(n))
	case "bool":
		return "Yes"
	}
	return strings.ReplaceAll(f.Sample(n), "\n", " ")
}

// Nth is a sample that depends on the variable n, from 0 to 24, as an expression.
func (f field) Nth() string {
	switch f.Kind {
	case "string":
		return fmt.Sprintf("fmt.Sprintf(%q, n)", f.Name.Label()+" %02d")
	case "email":
		return `fmt.Sprintf("person%02d@example.com", n)`
	case "url":
		return `fmt.Sprintf("https://example.com/%02d", n)`
	case "int":
		return `fmt.Sprint(n)`
	case "float":
		return `fmt.Sprintf("%d.25", n)`
	case "money":
		return `fmt.Sprintf("%d.50", n)`
	case "date":
		return `fmt.Sprintf("2026-01-%02d", n+1)`
	}
	return f.Literal(1)
}

// NthSeen is what Nth makes of n, and Named whether rows can be told apart by it.
func (f field) NthSeen(n int) string {
	return map[string]string{"string": fmt.Sprintf("%s %02d", f.Name.Label(), n), "email": fmt.Sprintf("person%02d@example.com", n),
		"url": fmt.Sprintf("https://example.com/%02d", n)}[f.Kind]
}

func (f field) Named() bool { return f.NthSeen(0) != "" }

// Wrong breaks the field's rule, which Problem tells of.
func (f field) Wrong() string {
	if f.Kind == "string" {
		return " "
	}
	return "neither"
}

func (f field) Problem() string {
	switch f.Kind {
	case "string":
		return "Enter the " + f.Words() + "."
	case "enum":
		return "Choose the " + f.Words() + "."
	}
	return "Write the " + f.Words() + " as "
}

// Words are the field's name as its problems call it.
func (f field) Words() string { return strings.ReplaceAll(f.Name.Snake(), "_", " ") }

// Marked is a value for the tests of the views, which look for markup that is not escaped.
func (f field) Marked() string {
	value := map[string]string{"int": "int64(12)", "float": "float64(1.25)", "money": "models.Money(123450)", "date": "now", "bool": "true", "enum": strconv.Quote(f.Sample(0))}[f.Kind]
	switch {
	case f.Pointer():
		return "new(" + value + ")"
	case value == "":
		return "markup"
	}
	return value
}

// Literal is a sample as Go writes it in a form.
func (f field) Literal(n int) string {
	if f.Kind == "bool" {
		return strconv.FormatBool(n%2 == 1)
	}
	return strconv.Quote(f.Sample(n))
}

// Value shows a field on a page.
func (r resourceData) Value(f field) string {
	value, shown := r.Local()+"."+f.Name.Go(), "{ "+r.Shown(f)+" }"
	switch f.Kind {
	case "bool":
		return "if " + value + " {\n@ui.Badge(\"good\", \"Yes\")\n} else {\n@ui.Badge(\"\", \"No\")\n}"
	case "date":
		shown = "<time datetime={ " + f.Typed(r.Local()) + " }>" + shown + "</time>"
	case "email":
		shown = "<a href={ templ.URL(\"mailto:\" + " + value + ") }>" + shown + "</a>"
	case "url":
		shown = "<a href={ templ.URL(" + value + ") } rel=\"noopener noreferrer\">" + shown + "</a>"
	case "enum":
		shown = "@ui.Badge(\"\", " + r.Shown(f) + ")"
	}
	switch {
	case f.Pointer():
		return "if " + value + " != nil {\n" + shown + "\n}"
	case f.Conditional():
		return "if " + value + " != \"\" {\n" + shown + "\n}"
	}
	return shown
}

// Input asks for a field in a form.
func (r resourceData) Input(f field) string {
	input := fmt.Sprintf("Name: %q, Label: %q, ", f.Name.Snake(), f.Name.Label())
	if f.Kind == "bool" {
		return "@ui.Switch(ui.Input{" + input + "Checked: form." + f.Name.Go() + "}, problems)"
	}
	input += "Value: form." + f.Name.Go()
	input += map[string]string{"string": ", MaxLength: 200", "int": `, InputMode: "numeric"`, "float": `, InputMode: "decimal"`, "money": `, InputMode: "decimal"`, "date": `, Type: "date"`,
		"email": `, Type: "email"`, "url": `, Type: "url"`}[f.Kind]
	if slices.Contains(autofillWords, f.Name.Kebab()) {
		input += `, Autocomplete: "off"`
	}
	if !f.Optional {
		input += ", Required: true"
	}
	switch f.Kind {
	case "text":
		return "@ui.Textarea(ui.Input{" + input + "}, problems)"
	case "enum":
		return "@ui.Select(ui.Input{" + input + "}, " + r.Prefix() + f.Name.Plural().Go() + "(), problems)"
	}
	return "@ui.Field(ui.Input{" + input + "}, problems)"
}

// autofillWords are names by which browsers take a field for the person's own data (HTML standard, "Autofill"). What people write
// into rows is about others.
var autofillWords = strings.Fields("name given-name family-name nickname username organization organization-title street-address address-line1 " +
	"address-line2 address-level1 address-level2 country country-name postal-code language bday sex url photo email tel")

// Label is an option as people read it.
func (f field) Label(option string) string {
	n, err := parseName(option)
	if err != nil {
		return option
	}
	return n.Label()
}
