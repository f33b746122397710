package handlers_test

import (
	"errors"
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/auth"
	"example.com/gatehouse/models"
)

// roleWith returns the name of a role that has the permission.
func roleWith(t *testing.T, permission auth.Permission) string {
	t.Helper()
	for _, role := range auth.Roles() {
		if slices.Contains(role.Permissions, permission) {
			return role.Name
		}
	}
	t.Fatalf("no role has %s", permission)
	return ""
}

// A change of roles takes effect on the next request (ASVS 5.0 V8.3.2).
func TestRole_OpensAndClosesWithTheNextRequest(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	app.Browser().Get("/sign-ups").WantRedirect(t, "/login?next=%2Fsign-ups")
	ada.Get("/dashboard").WantNoText(t, "Sign-ups")
	ada.Get("/sign-ups").WantStatus(t, 403).WantText(t, "Your account doesn't have access")
	app.WantEvents("access.denied")

	ada.Grant(roleWith(t, auth.ReadReports))
	ada.Get("/dashboard").WantText(t, "Sign-ups", "Last 7 days 1")
	ada.Get("/sign-ups").WantStatus(t, 200).WantText(t, "Last 24 hours 1", "Last 30 days 1")

	ada.Revoke(roleWith(t, auth.ReadReports))
	ada.Get("/dashboard").WantNoText(t, "Sign-ups")
	ada.Get("/sign-ups").WantStatus(t, 403)
}

// Anyone can ask again and again for what is refused (ASVS 5.0 V16.3.2).
func TestRole_RefusalsAreRecordedUpToALimit(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	for range 60 {
		ada.Get("/sign-ups").WantStatus(t, 403)
	}
	if got := app.Count("events", "name = 'access.denied' AND user_id = ?", ada.User().ID); got != 50 {
		t.Errorf("got %d events for 60 refusals, want 50", got)
	}
}

func TestSignUps_CountsUsersByTheTimeOfTheirSignUp(t *testing.T) {
	app := apptest.New(t)
	app.LoggedOut("edsger@example.com")
	app.Clock.Advance(25 * 24 * time.Hour)
	app.LoggedOut("grace@example.com")
	app.Clock.Advance(2 * 24 * time.Hour)
	ada := app.LoggedIn("ada@example.com").Grant(roleWith(t, auth.ReadReports))
	ada.Get("/sign-ups").WantText(t, "Last 24 hours 1", "Last 7 days 2", "Last 30 days 3")
}

// The guard of a route is for the page. The figures are guarded where they are
// read, so that another page cannot show them by mistake (ASVS 5.0 V8.3.1).
func TestSignUps_AreRefusedWithoutThePermission(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	for name, actor := range map[string]*auth.Actor{"a visitor": nil, "a user without a role": ada.Actor()} {
		if _, err := app.Auth.SignUps(t.Context(), actor); !errors.Is(err, auth.ErrForbidden) {
			t.Errorf("got %v for %s, want ErrForbidden", err, name)
		}
	}
}

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

func TestRole_ThatTheListLacksPermitsNothingAndCanBeRevoked(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	if err := app.DB.Create(&models.UserRole{ID: "1", UserID: ada.User().ID, Role: "retired"}).Error; err != nil {
		t.Fatal(err)
	}
	ada.Get("/sign-ups").WantStatus(t, 403)
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
				t.Errorf("%s names the permission %q, which no role has; add it to a role in auth/role.go or correct it",
					path, permission)
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
