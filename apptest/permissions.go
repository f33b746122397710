package apptest

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/web"
)

// PermissionsGuardRoutes fails for each route with a permission that opens for a
// role without it, or stays closed to a role with it. Users without any role
// count as a role, and visitors are asked to log in. The answer to a refused
// user must not depend on the route.
func (s Site) PermissionsGuardRoutes(t *testing.T) {
	app := New(t, append(slices.Clip(s.Options), NoRateLimit)...)
	visitor, without := app.Browser(), app.LoggedIn("ada@example.com")
	for _, route := range app.Routes {
		if route.Permission == "" {
			continue
		}
		if page := visitor.Do(route.Method, route.Path, nil); page.Status != http.StatusSeeOther {
			t.Errorf("%s %s: got status %d for a visitor, want 303", route.Method, route.Path, page.Status)
		}
		wantRefused(t, without, route)
	}
	for i, role := range auth.Roles() {
		b := app.LoggedIn("user" + string(rune('a'+i)) + "@example.com").Grant(role.Name)
		for _, route := range app.Routes {
			switch {
			case route.Permission == "":
			case slices.Contains(role.Permissions, route.Permission):
				if page := b.Do(route.Method, route.Path, nil); page.Status == http.StatusForbidden {
					t.Errorf("%s %s: got status 403 for the role %s, which has %s", route.Method, route.Path, role.Name,
						route.Permission)
				}
			default:
				wantRefused(t, b, route)
			}
		}
	}
}

func wantRefused(t *testing.T, b *Browser, route web.Route) {
	t.Helper()
	page := b.Do(route.Method, route.Path, nil)
	if page.Status != http.StatusForbidden {
		t.Errorf("%s %s: got status %d for a user without %s, want 403", route.Method, route.Path, page.Status,
			route.Permission)
	}
	for _, told := range []string{string(route.Permission), strings.Split(route.Path, ":")[0]} {
		if strings.Contains(page.Body, told) {
			t.Errorf("%s %s: the answer to a refused user contains %q", route.Method, route.Path, told)
		}
	}
	if route.Method != http.MethodGet {
		return
	}
	if head := b.Do(http.MethodHead, route.Path, nil); head.Status != http.StatusForbidden {
		t.Errorf("HEAD %s: got status %d for a user without %s, want 403", route.Path, head.Status, route.Permission)
	}
}
