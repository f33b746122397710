package handlers_test

import (
	"fmt"
	"sync"
	"testing"

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
)

// Each of these settings is named in docs/deploying.md (pgbouncer.org/faq.html: prepared statements belong to a server connection, and
// in transaction mode a client has another one in each transaction).
func TestPgBouncer_InTransactionModeServesSignUpsSideBySide(t *testing.T) {
	for _, mode := range []string{"exec", "simple_protocol"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			db, err := models.Open(modelstest.PgBouncer(t, "default_query_exec_mode="+mode), models.Tables())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { models.Close(db) })
			app := apptest.NewOn(t, db)
			var people []*apptest.Browser
			for i := range 8 {
				people = append(people, app.BrowserOf(fmt.Sprintf("ada%d@example.com", i)))
			}
			sideBySide(people, func(b *apptest.Browser) {
				b.Post("/register", "name", "Ada", "email", b.Email, "password", apptest.Password).
					WantRedirect(t, "/register/sent")
			})
			links := map[*apptest.Browser]string{}
			for _, b := range people {
				links[b] = b.Mail().Link
			}
			sideBySide(people, func(b *apptest.Browser) {
				b.Get(links[b]).Submit().WantRedirect(t, "/dashboard").WantStatus(t, 200)
				b.Get("/account").WantStatus(t, 200)
				b.Post("/logout")
				b.Login(apptest.Password).WantRedirect(t, "/dashboard").WantStatus(t, 200)
			})
			if got := app.Count("users", "true"); got != 8 {
				t.Errorf("got %d users, want 8", got)
			}
		})
	}
}

func sideBySide(people []*apptest.Browser, do func(*apptest.Browser)) {
	var running sync.WaitGroup
	for _, b := range people {
		running.Go(func() { do(b) })
	}
	running.Wait()
}
