package handlers_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/models"
)

// estate is everything of a user's, and how to know it again.
type estate struct {
	ids     []string
	markers []string
}

// estateOf gives a user a row in every table with an owner, and writes something unmistakable into each of its texts.
func estateOf(t *testing.T, b *apptest.Browser) estate {
	t.Helper()
	e := estate{ids: []string{b.User().ID}}
	samples := sampleRows()
	for _, table := range apptest.UserTables(b.App) {
		if samples[table] == nil {
			continue // DeclaresEverything fails for it
		}
		id := samples[table](b)
		if id == "" {
			t.Fatalf("nothing of %s's is in %s", b.Email, table)
		}
		e.ids = append(e.ids, id)
	}
	b.App.WaitForMail()
	e.markers = slices.Concat(e.ids, mark(t, b))
	return e
}

func parsedModels(app *apptest.App) (parsed []*schema.Schema) {
	for _, table := range models.SchemaOf(app.DB) {
		parsed = append(parsed, table.Parsed)
	}
	return parsed
}

// mark writes a text of its own into each column of the user's rows that takes any.
func mark(t *testing.T, b *apptest.Browser) (markers []string) {
	t.Helper()
	me := b.User().ID
	for _, model := range parsedModels(b.App) {
		owner := "user_id"
		if model.Table == "users" {
			owner = "id"
		}
		if model.FieldsByDBName[owner] == nil || owner == "id" && model.Table != "users" {
			continue
		}
		for _, field := range model.Fields {
			if field.IndirectFieldType.Kind() != reflect.String || field.DBName == "id" || field.DBName == "email" || strings.HasSuffix(field.DBName, "_id") {
				continue
			}
			marker := fmt.Sprintf("mark-%s-%s", model.Table, field.DBName)
			set := models.Unscoped(b.App.DB).
				Exec(fmt.Sprintf(`UPDATE %s SET "%s" = ? WHERE %s = ?`, model.Table, field.DBName, owner), marker, me)
			if errors.Is(set.Error, gorm.ErrCheckConstraintViolated) {
				continue // a word of a list, which tells nothing of her
			}
			if set.Error != nil {
				t.Fatal(set.Error)
			}
			markers = append(markers, marker)
		}
	}
	return markers
}

// rowsOfUser is everything in the database that is the user's, as text.
func rowsOfUser(b *apptest.Browser) string {
	var text strings.Builder
	me := b.User().ID
	for _, table := range slices.Sorted(maps.Keys(sampleRows())) {
		fmt.Fprintf(&text, "%s: %v\n", table, b.App.Rows(table, "user_id = ?", me))
	}
	return text.String() + fmt.Sprint(b.App.Rows("users", "id = ?", me))
}

// With two people: no route of the site shows or changes what is another's, whatever id it is given and wherever.
func TestLawNoRouteReachesAnothersRows(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada, mallory := app.LoggedIn("ada@example.com"), app.LoggedIn("mallory@example.com")
	hers := estateOf(t, ada)
	fields := fieldsOfTheSite(t, ada, hers)
	before := rowsOfUser(ada)
	for _, route := range app.Routes {
		for _, id := range hers.ids {
			page := tryWithID(mallory, route.Method, route.Path, id, fields)
			for _, marker := range hers.markers {
				if marker != id && (strings.Contains(page.Body, marker) || strings.Contains(fmt.Sprint(page.Header), marker)) {
					t.Errorf("%s %s with %s shows Mallory %s", route.Method, route.Path, id, marker)
				}
			}
			if strings.Contains(route.Path, ":") && page.Status != http.StatusNotFound {
				t.Errorf("%s %s with %s answers Mallory %d", route.Method, route.Path, id, page.Status)
			}
			if page.Header.Get("Location") == "/login" {
				mallory.Login(apptest.Password) // that was the way out
			}
		}
		if after := rowsOfUser(ada); after != before {
			t.Fatalf("%s %s let Mallory change what is Ada's:\n%s\nwas\n%s", route.Method, route.Path, after, before)
		}
	}
}

// tryWithID calls a route with an id in every place where one may be looked for.
func tryWithID(b *apptest.Browser, method, path, id string, fields []string) *apptest.Page {
	b.App.T.Helper()
	query, form := url.Values{}, url.Values{}
	for part := range strings.SplitSeq(path, "/") {
		if name, ok := strings.CutPrefix(part, ":"); ok {
			path = strings.Replace(path, part, id, 1)
			query.Set(name, id)
		}
	}
	for _, field := range fields {
		form.Set(field, "Mallory was here")
	}
	for _, name := range []string{"id", "user", "user_id", "owner", "owner_id"} {
		query.Set(name, id)
		form.Set(name, id)
	}
	return b.Do(method, path+"?"+query.Encode(), form)
}

// fieldsOfTheSite are the names of all fields in the forms that a user sees. It also holds that the ids are good: the pages
// that they are for open to their owner.
func fieldsOfTheSite(t *testing.T, ada *apptest.Browser, hers estate) (fields []string) {
	t.Helper()
	for _, route := range ada.App.Routes {
		if route.Method != http.MethodGet || route.Guard == "logged out" {
			continue
		}
		opened := false
		for _, id := range hers.ids {
			page := ada.Get(strings.Replace(route.Path, ":id", id, 1))
			opened = opened || page.Status == http.StatusOK
			for _, name := range []string{"input", "textarea", "select"} {
				for _, n := range page.All(name) {
					fields = append(fields, apptest.Attr(n, "name"))
				}
			}
		}
		table := strings.ReplaceAll(strings.Split(route.Path, "/")[1], "-", "_")
		if strings.Contains(route.Path, ":id") && route.Guard == "logged in" && !opened && sampleRows()[table] != nil {
			t.Errorf("%s opens with none of the owner's ids", route.Path)
		}
	}
	slices.Sort(fields)
	return slices.Compact(fields)
}

// A statement on an owned table without an owner does not reach the database.
func TestLaw_UnscopedStatementsFail(t *testing.T) {
	app := apptest.New(t)
	for _, table := range models.SchemaOf(app.DB).Owned() {
		for name, query := range map[string]func() error{
			"plain":    func() error { return app.DB.Table(table).Find(&[]map[string]any{}).Error },
			"raw":      func() error { return app.DB.Raw("SELECT * FROM " + table).Scan(&[]map[string]any{}).Error },
			"write":    func() error { return app.DB.Exec("DELETE FROM " + table).Error },
			"prepared": func() error { _, err := models.Prepare(app.DB, "SELECT id FROM "+table+" WHERE id = ?"); return err },
			"transaction": func() error {
				return app.DB.Transaction(func(tx *gorm.DB) error { return tx.Exec("DELETE FROM " + table).Error })
			},
			"transaction, prepared": func() error {
				return app.DB.Transaction(func(tx *gorm.DB) error {
					_, err := tx.Statement.ConnPool.PrepareContext(context.Background(), "DELETE FROM "+table)
					return err
				})
			},
		} {
			if err := query(); !errors.Is(err, models.ErrUnscoped) || !strings.Contains(err.Error(), table) {
				t.Errorf("%s, %s: %v", table, name, err)
			}
		}
	}
}

// unscoped lists the files that reach the rows of all users, each for no user.
var unscoped = []string{
	"models/owned.go", "models/scope/scope.go", // Unscoped itself
	"models/migrate.go",
	"auth/clock.go", "auth/cleanup.go",
	"auth/account_deletion.go",
}

func TestLaw_CallersOfUnscopedAreListed(t *testing.T) {
	var callers []string
	eachSource(t, func(path string, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			if namesUnscoped(path, n) && !slices.Contains(callers, path) {
				callers = append(callers, path)
			}
			return true
		})
	})
	for _, path := range callers {
		if !slices.Contains(unscoped, path) {
			t.Errorf("%s calls models.Unscoped; if it does so for no user, list it here", path)
		}
	}
	for _, path := range unscoped {
		if !slices.Contains(callers, path) {
			t.Errorf("%s is listed and does not call models.Unscoped", path)
		}
	}
}

// namesUnscoped reports whether code names models.Unscoped or what it is made of. GORM's method of that name has no
// argument, and another package before it.
func namesUnscoped(path string, n ast.Node) bool {
	names := []string{"Unscoped", "UnscopedContext"}
	switch n := n.(type) {
	case *ast.SelectorExpr:
		of, ok := n.X.(*ast.Ident)
		return ok && slices.Contains([]string{"models", "scope"}, of.Name) && slices.Contains(names, n.Sel.Name)
	case *ast.CallExpr:
		called, ok := n.Fun.(*ast.Ident)
		return ok && strings.HasPrefix(path, "models/") && slices.Contains(names, called.Name)
	}
	return false
}

// logTouched are the files that may read or change rows of the security log other than a user's own: everything else adds to it.
var logTouched = []string{
	"models/event.go",            // the table, and whether something was told
	"models/account_deletion.go", // it becomes nobody's
}

// Item 68 (ASVS 16.4.2): what is in the security log stays there as it is.
func TestItem68TheSecurityLogIsOnlyAddedTo(t *testing.T) {
	changes := regexp.MustCompile(`(?i)(update|delete from|insert or replace into|truncate) "?events\b`)
	eachSource(t, func(path string, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit:
				name := n.Type
				if of, ok := name.(*ast.SelectorExpr); ok {
					name = of.Sel
				}
				if id, ok := name.(*ast.Ident); ok && id.Name == "Event" && len(n.Elts) == 0 && !slices.Contains(logTouched, path) {
					t.Errorf("%s reaches into the security log; if that adds to it alone, list it here", path)
				}
			case *ast.BasicLit:
				if changes.MatchString(n.Value) || path == "auth/cleanup.go" && n.Value == `"events"` {
					t.Errorf("%s changes the security log: %s", path, n.Value)
				}
			}
			return true
		})
	})
}

// Item 46: every login method, those not yet written among them, passes where
// the remaining steps of a login are decided. One function makes a session, one
// calls it, and only web.Login calls that.
func TestLawThereIsOneWayToASession(t *testing.T) {
	by := map[string]string{"a session": "auth.startSession", "startSession": "auth.Login", "Login": "web.Login"}
	seen := map[string]bool{}
	eachSource(t, func(path string, file *ast.File) {
		for _, declared := range file.Decls {
			f, ok := declared.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				step := stepToASession(n)
				seen[step] = true
				if caller := file.Name.Name + "." + f.Name.Name; step != "" && by[step] != caller {
					t.Errorf("%s: %s is made or called by %s, and only %s may", path, step, caller, by[step])
				}
				return true
			})
		}
	})
	for step := range by {
		if !seen[step] {
			t.Errorf("%s is nowhere", step)
		}
	}
}

// stepToASession is "a session" where a row for one is filled, the method's name where one on the way to it is called, and else "".
func stepToASession(n ast.Node) string {
	switch n := n.(type) {
	case *ast.CompositeLit:
		of, ok := n.Type.(*ast.SelectorExpr)
		hasToken := slices.ContainsFunc(n.Elts, func(e ast.Expr) bool {
			pair, ok := e.(*ast.KeyValueExpr)
			if !ok {
				return false
			}
			key, ok := pair.Key.(*ast.Ident)
			return ok && key.Name == "TokenHash"
		})
		if ok && of.Sel.Name == "Session" && hasToken {
			return "a session"
		}
	case *ast.BasicLit:
		if strings.Contains(strings.ToLower(n.Value), "insert into sessions") {
			return "a session"
		}
	case *ast.CallExpr:
		called, ok := n.Fun.(*ast.SelectorExpr)
		if ok && (called.Sel.Name == "startSession" || called.Sel.Name == "Login" && !isPackage(called.X, "views") && !isField(called.X, "web")) {
			return called.Sel.Name
		}
	}
	return ""
}

// isPackage reports whether an expression names this package.
func isPackage(x ast.Expr, name string) bool {
	ident, ok := x.(*ast.Ident)
	return ok && ident.Name == name
}

// isField reports whether an expression reads a field of this name.
func isField(x ast.Expr, name string) bool {
	selector, ok := x.(*ast.SelectorExpr)
	return ok && selector.Sel.Name == name
}

// eachSource visits the program's own files, without its tests.
func eachSource(t *testing.T, visit func(path string, file *ast.File)) {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		skipped := []string{
			".git", "tmp", "e2e", "tools", "apptest",
			"bench",
		}
		if entry.IsDir() && slices.Contains(skipped, entry.Name()) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err == nil {
			visit(strings.TrimPrefix(filepath.ToSlash(path), "../"), file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
