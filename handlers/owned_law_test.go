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
	"sync"
	"testing"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"example.com/gatehouse/models"
)

// owned has a maker for every table with an owner: it gives a person a row there and returns its id.
func owned() map[string]func(*person) string {
	return map[string]func(*person) string{
		"sessions":      func(p *person) string { return p.first("sessions") },
		"known_devices": func(p *person) string { return p.first("known_devices") },
		"password_resets": func(p *person) string {
			p.post("/password/forgot", "email", p.email)
			p.mail()
			return p.first("password_resets")
		},
		"email_changes": func(p *person) string { p.moving("a-" + p.email); return p.first("email_changes") },
		"former_emails": func(p *person) string { return p.formerEmail() },
		"security_alerts": func(p *person) string {
			p.post("/account/security", "current_password", goodPassword, "password", goodPassword)
			p.mail()
			return p.first("security_alerts")
		},
		"account_deletions":  func(p *person) string { return p.undoneDeletion() },
		"account_recoveries": func(p *person) string { return p.unusedRecovery() },
		"pending_logins":     func(p *person) string { return p.unfinishedLogin() },
		"authenticators":     func(p *person) string { p.authenticator(); return p.first("authenticators") }, // feature:totp
		"recovery_codes":     func(p *person) string { return p.recoveryCode() },                             // feature:recovery_codes
		"mail_logins":        func(p *person) string { return p.unusedMailLogin() },                          // feature:mail_login
		"passkey_owners":     func(p *person) string { p.passkey(); return p.first("passkey_owners") },       // feature:passkeys
		"passkeys":           func(p *person) string { return p.first("passkeys") },                          // feature:passkeys
		"profile_pictures":   func(p *person) string { p.portrayed(); return p.first("profile_pictures") },   // feature:profile_picture
		"preferences":        func(p *person) string { p.prefers("light", "en-GB", "Europe/Paris"); return p.first("preferences") },
		"trusted_devices":    func(p *person) string { return p.trustedDevice() }, // feature:trusted_devices
		"accepted_terms":     func(p *person) string { return p.acceptedTerms() }, // feature:terms
		"events":             func(p *person) string { return p.first("events") },
		"notes":              func(p *person) string { return p.illustratedNote() },                         // feature:notes
		"note_images":        func(p *person) string { p.illustratedNote(); return p.first("note_images") }, // feature:notes
	}
}

// first is the id of one of the person's rows.
func (p *person) first(table string) (id string) {
	p.s.t.Helper()
	if err := models.Unscoped(p.s.db).Table(table).Where("user_id = ?", p.user().ID).Limit(1).Pluck("id", &id).Error; err != nil {
		p.s.t.Fatal(err)
	}
	return id
}

// estate is everything of a person's, and how to know it again.
type estate struct {
	ids     []string
	markers []string
}

// estateOf gives a person a row in every table with an owner, and writes something unmistakable into each of its texts.
func estateOf(t *testing.T, p *person) estate {
	t.Helper()
	e := estate{ids: []string{p.user().ID}}
	makers := owned()
	for _, table := range ownedTables(t) {
		if makers[table] == nil {
			t.Fatalf("%s has an owner and no maker in owned()", table)
		}
		id := makers[table](p)
		if id == "" {
			t.Fatalf("nothing of %s's is in %s", p.email, table)
		}
		e.ids = append(e.ids, id)
	}
	p.s.mailIsSent()
	e.markers = slices.Concat(e.ids, mark(t, p))
	return e
}

// ownedTables are the tables with a user_id, auth's own among them.
func ownedTables(t *testing.T) (tables []string) {
	t.Helper()
	for _, model := range parsedModels(t) {
		if model.FieldsByDBName["user_id"] != nil {
			tables = append(tables, model.Table)
		}
	}
	return tables
}

func parsedModels(t *testing.T) (parsed []*schema.Schema) {
	t.Helper()
	for _, model := range models.All() {
		s, err := schema.Parse(model, &sync.Map{}, schema.NamingStrategy{})
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, s)
	}
	return parsed
}

// mark writes a text of its own into each column of the person's rows that takes any.
func mark(t *testing.T, p *person) (markers []string) {
	t.Helper()
	me := p.user().ID
	for _, model := range parsedModels(t) {
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
			set := models.Unscoped(p.s.db).Exec(fmt.Sprintf(`UPDATE %s SET "%s" = ? WHERE %s = ?`, model.Table, field.DBName, owner), marker, me)
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

// belongings is everything in the database that is the person's, as text.
func (p *person) belongings() string {
	var text strings.Builder
	me := p.user().ID
	for _, table := range slices.Sorted(maps.Keys(owned())) {
		fmt.Fprintf(&text, "%s: %v\n", table, p.s.rows(table, "user_id = ?", me))
	}
	return text.String() + fmt.Sprint(p.s.rows("users", "id = ?", me))
}

// With two people: no route of the site shows or changes what is another's, whatever id it is given and wherever.
func TestLawNoRouteReachesAnothersRows(t *testing.T) {
	s := newStage(t, noRateLimit)
	ada, mallory := s.member("ada@example.com"), s.member("mallory@example.com")
	hers := estateOf(t, ada)
	fields := fieldsOfTheSite(t, ada, hers)
	before := ada.belongings()
	for _, route := range s.routes {
		for _, id := range hers.ids {
			page := mallory.tries(route.Method, route.Path, id, fields)
			for _, marker := range hers.markers {
				if marker != id && (strings.Contains(page.body, marker) || strings.Contains(fmt.Sprint(page.header), marker)) {
					t.Errorf("%s %s with %s shows Mallory %s", route.Method, route.Path, id, marker)
				}
			}
			if strings.Contains(route.Path, ":") && page.status != http.StatusNotFound {
				t.Errorf("%s %s with %s answers Mallory %d", route.Method, route.Path, id, page.status)
			}
			if page.header.Get("Location") == "/login" {
				mallory.login(goodPassword) // that was the way out
			}
		}
		if after := ada.belongings(); after != before {
			t.Fatalf("%s %s let Mallory change what is Ada's:\n%s\nwas\n%s", route.Method, route.Path, after, before)
		}
	}
}

// tries calls a route with an id in every place where one may be looked for.
func (p *person) tries(method, path, id string, fields []string) *page {
	p.s.t.Helper()
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
	return p.do(method, path+"?"+query.Encode(), form)
}

// fieldsOfTheSite are the names of all fields in the forms that a person sees. It also holds that the ids are good: the pages
// that they are for open to their owner.
func fieldsOfTheSite(t *testing.T, ada *person, hers estate) (fields []string) {
	t.Helper()
	for _, route := range ada.s.routes {
		if route.Method != http.MethodGet || route.Guard == "logged out" {
			continue
		}
		opened := false
		for _, id := range hers.ids {
			page := ada.get(strings.Replace(route.Path, ":id", id, 1))
			opened = opened || page.status == http.StatusOK
			for _, name := range []string{"input", "textarea", "select"} {
				for _, n := range page.all(name) {
					fields = append(fields, attribute(n, "name"))
				}
			}
		}
		if strings.Contains(route.Path, ":id") && route.Guard == "logged in" && !opened {
			t.Errorf("%s opens with none of the owner's ids", route.Path)
		}
	}
	slices.Sort(fields)
	return slices.Compact(fields)
}

// A statement on an owned table without an owner does not reach the database.
func TestLaw_UnscopedStatementsFail(t *testing.T) {
	s := newStage(t)
	for _, table := range models.OwnedTables() {
		for name, query := range map[string]func() error{
			"plain":    func() error { return s.db.Table(table).Find(&[]map[string]any{}).Error },
			"raw":      func() error { return s.db.Raw("SELECT * FROM " + table).Scan(&[]map[string]any{}).Error },
			"write":    func() error { return s.db.Exec("DELETE FROM " + table).Error },
			"prepared": func() error { _, err := models.Prepare(s.db, "SELECT id FROM "+table+" WHERE id = ?"); return err },
			"transaction": func() error {
				return s.db.Transaction(func(tx *gorm.DB) error { return tx.Exec("DELETE FROM " + table).Error })
			},
			"transaction, prepared": func() error {
				return s.db.Transaction(func(tx *gorm.DB) error {
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

// logTouched are the files that may read or change rows of the security log other than a person's own: everything else adds to it.
var logTouched = []string{
	"models/all.go",              // the list of tables
	"models/event.go",            // whether something was told
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

// Item 46: every way in, those not yet written among them, passes where it is decided what a login owes. There is one function that makes
// a session, one that calls it, and one that calls that.
func TestLawThereIsOneWayToASession(t *testing.T) {
	by := map[string]string{"a session": "startSession", "startSession": "Login", "Login": "startLogin"}
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
				if step != "" && by[step] != f.Name.Name {
					t.Errorf("%s: %s is made or called by %s, and only %s may", path, step, f.Name.Name, by[step])
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
		if called, ok := n.Fun.(*ast.SelectorExpr); ok && slices.Contains([]string{"startSession", "Login"}, called.Sel.Name) && !isPackage(called.X, "views") {
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

// eachSource visits the program's own files, without its tests.
func eachSource(t *testing.T, visit func(path string, file *ast.File)) {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		skipped := []string{
			".git", "tmp", "e2e", "tools",
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
