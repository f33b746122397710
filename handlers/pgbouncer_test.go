package handlers_test

import (
	"fmt"
	"sync"
	"testing"

	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
)

// Each of these settings is named in docs/deploying.md (pgbouncer.org/faq.html: prepared statements belong to a server connection, and
// in transaction mode a client has another one in each transaction).
func TestPgBouncer_InTransactionModeServesSignUpsSideBySide(t *testing.T) {
	for _, mode := range []string{"exec", "simple_protocol"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			db, err := models.Open(modelstest.PgBouncer(t, "default_query_exec_mode="+mode))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { models.Close(db) })
			s := newStageOn(t, db)
			var people []*person
			for i := range 8 {
				people = append(people, s.visitorAs(fmt.Sprintf("ada%d@example.com", i)))
			}
			sideBySide(people, func(p *person) {
				p.post("/register", "name", "Ada", "email", p.email, "password", goodPassword).redirects(t, "/register/sent")
			})
			links := map[*person]string{}
			for _, p := range people {
				links[p] = p.mail().Link
			}
			sideBySide(people, func(p *person) {
				p.get(links[p]).submit().redirects(t, "/dashboard").is(t, 200)
				p.get("/account").is(t, 200)
				p.post("/logout")
				p.login(goodPassword).redirects(t, "/dashboard").is(t, 200)
			})
			if got := s.count("users", "true"); got != 8 {
				t.Errorf("got %d users, want 8", got)
			}
		})
	}
}

func sideBySide(people []*person, do func(*person)) {
	var running sync.WaitGroup
	for _, p := range people {
		running.Go(func() { do(p) })
	}
	running.Wait()
}
