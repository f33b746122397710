package auth

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Item 46: every way in, those not yet written among them, passes where it is decided what a sign-in owes. There is one function that makes
// a session, one that calls it, and one that calls that.
func TestLawThereIsOneWayToASession(t *testing.T) {
	roots, err := filepath.Glob("../*.go")
	if err != nil {
		t.Fatal(err)
	}
	packages, err := filepath.Glob("../*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]string{"a session": "startSession", "startSession": "SignIn", "SignIn": "signIn"}
	seen := map[string]bool{}
	for _, name := range append(roots, packages...) {
		if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "../bench/") || strings.HasPrefix(name, "../e2e/") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declared := range file.Decls {
			f, ok := declared.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				step := stepToASession(n)
				seen[step] = true
				if step != "" && by[step] != f.Name.Name {
					t.Errorf("%s: %s is made or called by %s, and only %s may", name, step, f.Name.Name, by[step])
				}
				return true
			})
		}
	}
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
		if called, ok := n.Fun.(*ast.SelectorExpr); ok && slices.Contains([]string{"startSession", "SignIn"}, called.Sel.Name) {
			return called.Sel.Name
		}
	}
	return ""
}
