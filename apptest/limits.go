package apptest

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"gorm.io/gorm"

	"example.com/gatehouse/auth/limit"
	"example.com/gatehouse/web"
)

// limits records which limits the requests of a test were counted under.
type limits struct {
	counts  sync.Map     // a count to true
	limited sync.Map     // a request that was counted to true
	mailed  sync.Map     // a request that queued mail to true
	begun   atomic.Int64 // requests
}

type count struct{ method, path, rule string }

type requestKey struct{}

// watch adds each request to its context, where record finds it.
func (l *limits) watch(router http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.begun.Add(1)
		router.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, r)))
	})
}

// record records what requests count and mail.
func (l *limits) record(t *testing.T, db *gorm.DB) {
	err := db.Callback().Row().Before("gorm:row").Register("apptest:limits", func(db *gorm.DB) {
		r, ok := db.Statement.Context.Value(requestKey{}).(*http.Request)
		if !ok || !strings.HasPrefix(db.Statement.SQL.String(), `INSERT INTO "limits" `) {
			return
		}
		rule, _, _ := strings.Cut(db.Statement.Vars[0].(string), ":")
		if !slices.Contains([]string{"changes", "logins"}, rule) { // they allow more mails than a limit on mail may
			l.limited.Store(r, true)
		}
		// These bound events and mails. They refuse no request.
		if !slices.Contains([]string{"refusal-ip", "alert", "alert-user"}, rule) {
			l.counts.Store(count{r.Method, r.URL.Path, rule}, true)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Callback().Create().After("gorm:create").Register("apptest:mail", func(db *gorm.DB) {
		if r, ok := db.Statement.Context.Value(requestKey{}).(*http.Request); ok && db.Statement.Table == "outbox" {
			l.mailed.Store(r, true)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// wantMailLimited fails if a request queued mail and was counted under no limit
// (ASVS 5.0 V2.4.1). The links of an email change are excepted: each works once,
// and requesting them is counted.
func (l *limits) wantMailLimited(t *testing.T) {
	l.mailed.Range(func(key, _ any) bool {
		r := key.(*http.Request)
		if _, limited := l.limited.Load(r); !limited && !strings.HasPrefix(r.URL.Path, "/email/") {
			t.Errorf("%s %s queues mail and counts under no limit; add one to its line in routes.go and count it",
				r.Method, r.URL.Path)
		}
		return true
	})
}

// wantDeclared fails if a request was counted under a limit that its route does
// not declare.
func (l *limits) wantDeclared(t *testing.T, routes []web.Route) {
	l.counts.Range(func(key, _ any) bool {
		c := key.(count)
		declared := slices.ContainsFunc(routes, func(r web.Route) bool {
			named := slices.ContainsFunc(r.Limits, func(l limit.Limit) bool { return l.Name == c.rule })
			// Reauthentication sends on a saved form, which counts under the
			// limits of its own route.
			return named && (Matches(r, c.method, c.path) || c.path == "/account/prove")
		})
		if !declared {
			t.Errorf("%s %s counts under the limit %s; add it to its line in routes.go", c.method, c.path, c.rule)
		}
		return true
	})
}

// Counted reports whether a request to the path was counted under the limit.
func (app *App) Counted(method, path, rule string) bool {
	_, counted := app.limits.counts.Load(count{method, path, rule})
	return counted
}

// Matches reports whether a route answers this method at this path.
func Matches(route web.Route, method, path string) bool {
	ours, theirs := strings.Split(route.Path, "/"), strings.Split(path, "/")
	if route.Method != method {
		return false
	}
	for i, part := range ours {
		if part == "*" {
			return true
		}
		if i >= len(theirs) || part != theirs[i] && !strings.HasPrefix(part, ":") {
			return false
		}
	}
	return len(ours) == len(theirs)
}
