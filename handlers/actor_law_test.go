package handlers_test

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// A handler that reads the actor from the context compiles behind any guard,
// and fails on a visitor. One that is handed the actor doesn't compile there.
// Only guards and what renders pages and errors may read the context.
func TestLawHandlersAreHandedTheirActor(t *testing.T) {
	eachSource(t, func(path string, file *ast.File) {
		if strings.HasPrefix(path, "web/") || strings.HasPrefix(path, "middleware/") {
			return
		}
		ast.Inspect(file, func(node ast.Node) bool {
			selector, is := node.(*ast.SelectorExpr)
			if !is {
				return true
			}
			of, is := selector.X.(*ast.Ident)
			if is && of.Name == "middleware" && slices.Contains([]string{"Actor", "User", "PendingLogin"}, selector.Sel.Name) {
				t.Errorf("%s calls middleware.%s; take the actor as the handler's second parameter and mount it on app, or on "+
					"either if a visitor may come too", path, selector.Sel.Name)
			}
			return true
		})
	})
}
