package cli

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestRoutes_ShowsGuardHandlerAndLimits(t *testing.T) {
	p := newProgram(t)
	output, status := p.run("routes")
	for _, line := range []string{
		`GET +/account/sessions +logged in +SessionsPage`,
		`GET +/dashboard +logged in +Dashboard`,
		`POST +/login +logged out +Login +login-pair 10 per 15m; .*account 5, then waits of 1s to 1h; logins 100 per 10m`,
	} {
		if status != 0 || !regexp.MustCompile(`(?m)^`+line+`$`).MatchString(output) {
			t.Errorf("got status %d and no line %s in\n%s", status, line, output)
		}
	}
	p.wantNoFiles()
}

func TestRoutes_SearchesAndSeparatesGroups(t *testing.T) {
	p := newProgram(t)
	output, status := p.run("routes", "Login")
	groups := regexp.MustCompile(`(?m)^POST +/login +logged out .*\n(.+\n)*\nGET +/login/factor +needs a second factor`)
	if status != 0 || !groups.MatchString(output) || strings.Contains(output, "/dashboard") {
		t.Errorf("got status %d and\n%s", status, output)
	}
	if output, status := p.run("routes", "xyzzy"); status != 1 ||
		!strings.Contains(output, `no line contains "xyzzy"`) {
		t.Errorf("got status %d and %q, want status 1 and that no line contains it", status, output)
	}
}

func TestRoutesJSON_ShowsTheSame(t *testing.T) {
	output, status := newProgram(t).run("routes", "--json")
	var list []map[string]any
	if err := json.Unmarshal([]byte(output), &list); err != nil || status != 0 {
		t.Fatalf("got status %d, %v and\n%s", status, err, output)
	}
	login := list[slices.IndexFunc(list, func(r map[string]any) bool {
		return r["path"] == "/login" && r["method"] == "POST"
	})]
	limits := login["limits"].([]any)
	delete(login, "limits")
	want := map[string]any{
		"method": "POST", "path": "/login", "guard": "logged out", "handler": "Login", "max_body": 1048576.,
	}
	if !reflect.DeepEqual(login, want) {
		t.Errorf("got %v, want %v", login, want)
	}
	pair := map[string]any{
		"rule": "login-pair", "free": 10., "window_seconds": 900., "growing": false, "max_wait_seconds": 0.,
		"closed_at": 0.,
	}
	if !reflect.DeepEqual(limits[0], pair) {
		t.Errorf("got the limit %v, want %v", limits[0], pair)
	}
}

func TestRoutes_ShowsNoLimitThatIsOff(t *testing.T) {
	output, status := newProgram(t, "RATE_LIMIT=off").run("routes")
	if status != 0 || strings.Contains(output, "login-pair") || !strings.Contains(output, "/login") {
		t.Errorf("got status %d and\n%s\nwant /login without limits", status, output)
	}
}

func TestRoutesWrite_IgnoresTheEnvironment(t *testing.T) {
	list, _ := newProgram(t).run("routes")
	p := newProgram(t, append(production(t), "RATE_LIMIT=off", "PASSWORD_MIN=1")...)
	if output, status := p.run("routes", "--write"); status != 0 || output != "" {
		t.Fatalf("got status %d and %q, want status 0 and no output", status, output)
	}
	if got, err := os.ReadFile("routes.txt"); err != nil || string(got) != list {
		t.Errorf("got %v and\n%s\nwant what routes prints with the default settings:\n%s", err, got, list)
	}
}

// ASVS 5.0 V13.4.2: the development mailbox, which opens every account, is not
// served in production.
func TestRoutes_HasNoDevelopmentPagesInProduction(t *testing.T) {
	output, status := newProgram(t, production(t)...).run("routes")
	if status != 0 || strings.Contains(output, "/dev/") || !strings.Contains(output, "/dashboard") {
		t.Errorf("got status %d and\n%s\nwant /dashboard and nothing under /dev", status, output)
	}
}
