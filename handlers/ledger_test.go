package handlers_test

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
	"example.com/gatehouse/handlers"
)

// ledger knows which limits the requests of a test were counted under.
type ledger struct {
	counts  sync.Map     // a countedHit to true
	limited sync.Map     // a request that was counted to true
	mailed  sync.Map     // a request that queued mail to true
	begun   atomic.Int64 // requests
}

type countedHit struct{ method, path, rule string }

type requestKey struct{}

// watch tells the ledger whose request it is that is counted.
func (l *ledger) watch(router http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.begun.Add(1)
		router.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, r)))
	})
}

// keep writes down what is counted in db, while a request is answered.
func (l *ledger) keep(t *testing.T, db *gorm.DB) {
	err := db.Callback().Row().Before("gorm:row").Register("ledger", func(db *gorm.DB) {
		r, asked := db.Statement.Context.Value(requestKey{}).(*http.Request)
		if !asked || !strings.HasPrefix(db.Statement.SQL.String(), `INSERT INTO "limits" `) {
			return
		}
		rule, _, _ := strings.Cut(db.Statement.Vars[0].(string), ":")
		if !slices.Contains([]string{"changes", "logins"}, rule) { // they allow more mails than a limit on mail may
			l.limited.Store(r, true)
		}
		// These bound what is written down of refusals, and the number of mails: no request is refused for them.
		if !slices.Contains([]string{"refusal-ip", "alert", "alert-user"}, rule) {
			l.counts.Store(countedHit{r.Method, r.URL.Path, rule}, true)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Callback().Create().After("gorm:create").Register("ledger", func(db *gorm.DB) {
		if r, asked := db.Statement.Context.Value(requestKey{}).(*http.Request); asked && db.Statement.Table == "outbox" {
			l.mailed.Store(r, true)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// mailsWithinLimits fails the test where a request queued mail and counted under no limit (ASVS 2.4.1): whatever mails can be repeated. The links
// of a change of address can't: each works once, and asking for them is counted.
func (l *ledger) mailsWithinLimits(t *testing.T) {
	l.mailed.Range(func(key, _ any) bool {
		r := key.(*http.Request)
		if _, limited := l.limited.Load(r); !limited && !strings.HasPrefix(r.URL.Path, "/email/") {
			t.Errorf("%s %s mails, and counts under no limit", r.Method, r.URL.Path)
		}
		return true
	})
}

// holdsTo fails the test where something was counted that the map of the site does not tell.
func (l *ledger) holdsTo(t *testing.T, routes []handlers.Route) {
	l.counts.Range(func(key, _ any) bool {
		c := key.(countedHit)
		told := slices.ContainsFunc(routes, func(r handlers.Route) bool {
			// What a form counts that goes through once its sender has proven who they are, its own line tells.
			return (leadsTo(r, c.method, c.path) || c.path == "/account/prove") && slices.ContainsFunc(r.Limits, func(l limit.Limit) bool { return l.Name == c.rule })
		})
		if !told {
			t.Errorf("%s %s counts under %s, and its line in routes.go does not say so", c.method, c.path, c.rule)
		}
		return true
	})
}
