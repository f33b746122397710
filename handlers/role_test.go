package handlers_test

import (
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/auth"
	"example.com/gatehouse/models"
)

func TestRole_IsInTheActivityOfItsUser(t *testing.T) {
	app := apptest.New(t)
	role := auth.Roles()[0].Name
	ada := app.LoggedIn("ada@example.com")
	for i, change := range []func(){
		func() { ada.Grant(role) }, func() { ada.Grant(role) }, // the second changes nothing, so it is no event
		func() { ada.Revoke(role) }, func() { ada.Revoke(role) },
	} {
		change()
		if got, want := app.Count("events", "name LIKE 'role.%'"), int64(i/2+1); got != want {
			t.Errorf("got %d events of roles after change %d, want %d", got, i+1, want)
		}
	}
	app.WantEvents("role.granted", "role.revoked")
	activity := ada.Get("/account/activity")
	activity.WantText(t, "You were given a role", "A role was taken from you", role)
}

func TestRole_GoesWithItsUser(t *testing.T) {
	app := apptest.New(t)
	app.LoggedIn("ada@example.com").Grant(auth.Roles()[0].Name)
	app.Exec("DELETE FROM users WHERE email = ?", "ada@example.com")
	if left := app.Count("user_roles", "1 = 1"); left != 0 {
		t.Errorf("got %d roles of a deleted user, want none", left)
	}
}

func TestRole_ThatTheListLacksCanBeRevoked(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	if err := app.DB.Create(&models.UserRole{ID: "1", UserID: ada.User().ID, Role: "retired"}).Error; err != nil {
		t.Fatal(err)
	}
	ada.Revoke("retired")
	if left := app.Count("user_roles", "1 = 1"); left != 0 {
		t.Errorf("got %d rows of a retired role after revoking it, want none", left)
	}
}

// May returns false for a permission that no role has, so a misspelled one would
// lock out everyone and nothing would say why.
func TestLaw_EveryPermissionInCodeBelongsToARole(t *testing.T) {
	var granted []string
	for _, role := range auth.Roles() {
		if role.Name == "" || role.Name != strings.ToLower(role.Name) || len(strings.Fields(role.Name)) != 1 {
			t.Errorf("got the role name %q in auth.Roles, want one word in lower case", role.Name)
		}
		for _, permission := range role.Permissions {
			granted = append(granted, string(permission))
		}
	}
	eachSource(t, func(path string, file *ast.File) {
		for _, permission := range permissionsIn(file) {
			if !slices.Contains(granted, permission) {
				t.Errorf("%s names the permission %q, which no role has; add it to a role in auth/role.go or correct it", path, permission)
			}
		}
	})
}

// permissionsIn returns the permissions that a file spells out: as arguments of
// May, as constants of the type Permission, and as conversions to it.
func permissionsIn(file *ast.File) (permissions []string) {
	add := func(values ...ast.Expr) {
		for _, value := range values {
			if literal, ok := value.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				text, _ := strconv.Unquote(literal.Value) // the file is parsed, so it is quoted well
				permissions = append(permissions, text)
			}
		}
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.CallExpr:
			if name := lastName(node.Fun); name == "May" || name == "Permission" {
				add(node.Args...)
			}
		case *ast.ValueSpec:
			if lastName(node.Type) == "Permission" {
				add(node.Values...)
			}
		}
		return true
	})
	return permissions
}

// lastName returns b of a.b and of b, "" for any other expression.
func lastName(expr ast.Expr) string {
	switch expr := expr.(type) {
	case *ast.Ident:
		return expr.Name
	case *ast.SelectorExpr:
		return expr.Sel.Name
	}
	return ""
}
