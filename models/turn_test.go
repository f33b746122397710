package models_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"
	"unicode"

	"example.com/gatehouse/models"
)

// listPatience has lists end after d until the test ends.
func listPatience(t *testing.T, d time.Duration) {
	t.Helper()
	before := models.ListPatience(d)
	t.Cleanup(func() { models.ListPatience(before) })
}

// eventually fails if done does not come true within ten seconds.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 1000 {
		if done() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("after ten seconds there is no sign of this: %s", what)
}

// ASVS 15.2.2: a request that takes the server's resources is cut short.
func TestList_EndsAfterItsTime(t *testing.T) {
	listPatience(t, 50*time.Millisecond)
	d := newDesk(t)
	if err := models.SlowListOf(models.Scoped(d.db, d.ada)); !errors.Is(err, models.ErrSlowList) || !errors.Is(err, models.ErrBusy) {
		t.Errorf("got %v, want ErrSlowList", err)
	}
	eventually(t, "the connection is free", func() bool { inUse, _ := models.ReadersInUse(d.db); return inUse == 0 })
	if d.db.Name() == "postgres" {
		eventually(t, "PostgreSQL works on nothing", func() bool {
			var active int
			must(t, d.db.Raw("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()").Scan(&active).Error)
			return active == 0
		})
	}
	listPatience(t, time.Minute)
	_, err := models.ListOf[diary](models.Scoped(d.db, d.ada), models.Query{}, "", nil, []string{"title"})
	must(t, err)
}

func TestList_EndsWithItsRequest(t *testing.T) {
	d := newDesk(t)
	request, hangUp := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, hangUp)
	if err := models.SlowListOf(models.Scoped(d.db.WithContext(request), d.ada)); !errors.Is(err, context.Canceled) || errors.Is(err, models.ErrBusy) {
		t.Errorf("got %v, want that the request has ended", err)
	}
}

func TestList_OfOneUserLeavesConnectionsToOthers(t *testing.T) {
	listPatience(t, time.Minute)
	d := newDesk(t)
	request, hangUp := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() { models.SlowListOf(models.Scoped(d.db.WithContext(request), d.ada)) })
	}
	eventually(t, "eight lists run or wait", func() bool { return models.ListsOf(d.db, &d.ada.User) == 8 })
	eventually(t, "one of them runs", func() bool { inUse, _ := models.ReadersInUse(d.db); return inUse > 0 })
	if inUse, _ := models.ReadersInUse(d.db); inUse != 1 {
		t.Errorf("got %d connections in use, want 1", inUse)
	}
	_, err := models.ListOf[diary](models.Scoped(d.db, d.mallory), models.Query{}, "", nil, []string{"title"})
	must(t, err)
	hangUp()
	running.Wait()
	if lists := models.ListsOf(d.db, &d.ada.User); lists != 0 {
		t.Errorf("got %d lists after all have ended, want 0", lists)
	}
}

func TestList_OfManyUsersLeavesHalfOfTheConnections(t *testing.T) {
	listPatience(t, time.Minute)
	d := newDesk(t)
	_, most := models.ReadersInUse(d.db)
	request, hangUp := context.WithCancel(t.Context())
	var running sync.WaitGroup
	users := make([]*models.User, most)
	for i := range users {
		users[i] = &models.User{ID: fmt.Sprint(i)}
		running.Go(func() { models.SlowListOf(models.Scoped(d.db.WithContext(request), models.ActorFor(users[i]))) })
	}
	for _, user := range users {
		eventually(t, "the list runs or waits", func() bool { return models.ListsOf(d.db, user) == 1 })
	}
	eventually(t, "half of the connections are in use", func() bool { inUse, _ := models.ReadersInUse(d.db); return inUse == most/2 })
	must(t, d.db.Raw("SELECT count(*) FROM users").Scan(new(int)).Error)
	hangUp()
	running.Wait()
}

func TestList_RefusesOneTooManyAtOnce(t *testing.T) {
	listPatience(t, time.Minute)
	d := newDesk(t)
	request, hangUp := context.WithCancel(t.Context())
	refused := make(chan error, 30)
	var running sync.WaitGroup
	for range cap(refused) {
		running.Go(func() {
			if err := models.SlowListOf(models.Scoped(d.db.WithContext(request), d.ada)); errors.Is(err, models.ErrBusy) {
				refused <- err
			}
		})
	}
	for range cap(refused) - 21 {
		<-refused
	}
	if lists := models.ListsOf(d.db, &d.ada.User); lists != 21 {
		t.Errorf("got %d lists, want one that runs and 20 that wait", lists)
	}
	hangUp()
	running.Wait()
}

func TestSearch_FindsEveryCaseOfEveryLetter(t *testing.T) {
	cases := map[rune]int{}
	for r := rune(0); r <= unicode.MaxRune; r++ {
		cases[models.FoldRune(r)]++
	}
	for lower, n := range cases {
		if got := len(models.CasesOf(lower)); got != n && unicode.IsLetter(lower) {
			t.Errorf("%c: got %d cases %c, want %d", lower, got, models.CasesOf(lower), n)
		}
	}
}
