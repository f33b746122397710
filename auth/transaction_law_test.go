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

// function is one of this package, as its source has it.
type function struct {
	at    string
	has   []string // the types that its parameters point to
	calls []string // the methods of an Auth
}

// functions are those of the package that are no tests, and those that are written inside them.
func functions(t *testing.T) (list []function) {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch f := n.(type) {
			case *ast.FuncDecl:
				list = append(list, function{set.Position(f.Pos()).String(), pointedTo(f.Type), callsIn(f.Body)})
			case *ast.FuncLit:
				list = append(list, function{set.Position(f.Pos()).String(), pointedTo(f.Type), callsIn(f.Body)})
			}
			return true
		})
	}
	return list
}

func pointedTo(f *ast.FuncType) (types []string) {
	for _, parameter := range f.Params.List {
		if pointer, ok := parameter.Type.(*ast.StarExpr); ok {
			if name, ok := pointer.X.(*ast.Ident); ok {
				types = append(types, name.Name)
			}
		}
	}
	return types
}

func callsIn(body *ast.BlockStmt) (methods []string) {
	ast.Inspect(body, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if method, ok := call.Fun.(*ast.SelectorExpr); ok {
				if of, ok := method.X.(*ast.Ident); ok && of.Name == "a" {
					methods = append(methods, method.Sel.Name)
				}
			}
		}
		return true
	})
	return methods
}

// What is written together is of one moment, or what a thief adds is older than the alert that tells of it, and stays.
func TestLawATransactionHasOneMoment(t *testing.T) {
	for _, f := range functions(t) {
		if slices.Contains(f.has, "Tx") && (slices.Contains(f.calls, "now") || slices.Contains(f.calls, "Now")) {
			t.Errorf("%s: call t.Now inside a transaction", f.at)
		}
	}
}

// A change that waited for the lock while the owner ended the session that asks for it is none.
func TestLawWhatAsksForAFreshProofLooksOnceMoreWhetherItsSessionLives(t *testing.T) {
	for _, f := range functions(t) {
		if (slices.Contains(f.calls, "RequireRecentLogin") || slices.Contains(f.calls, "RequireRecentFactor")) && slices.Contains(f.calls, "Transact") {
			t.Errorf("%s: call a.InSession instead of a.Transact", f.at)
		}
	}
}
