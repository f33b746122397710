package models_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
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
	eventually(t, "eight lists run or wait", func() bool { return models.ListsOf(d.db, d.ada) == 8 })
	eventually(t, "one of them runs", func() bool { inUse, _ := models.ReadersInUse(d.db); return inUse > 0 })
	if inUse, _ := models.ReadersInUse(d.db); inUse != 1 {
		t.Errorf("got %d connections in use, want 1", inUse)
	}
	_, err := models.ListOf[diary](models.Scoped(d.db, d.mallory), models.Query{}, "", nil, []string{"title"})
	must(t, err)
	hangUp()
	running.Wait()
	if lists := models.ListsOf(d.db, d.ada); lists != 0 {
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
		running.Go(func() { models.SlowListOf(models.Scoped(d.db.WithContext(request), users[i])) })
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
	if lists := models.ListsOf(d.db, d.ada); lists != 21 {
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

// searched are texts of 10,000 characters, as many as a note may have, and words that were dear to look for in one of them.
var searched, lookedFor = map[string]string{
	"english": strings.Repeat("lorem ipsum dolor sit amet ", 370),
	"greek":   strings.Repeat("λορεμ ιπσυμ δολορ σιτ αμετ ", 370),
	"alike":   strings.Repeat("п", 10_000),
}, map[string]string{
	"ascii":       "lorem x",
	"100 letters": manyLetters(),
	"almost":      strings.Repeat("п", 99) + "ж",
}

// manyLetters are 100 letters beyond ASCII, no two alike.
func manyLetters() string {
	var letters []rune
	for r := 'ß'; len(letters) < 100; r++ {
		if unicode.IsLower(r) && unicode.ToUpper(r) != r {
			letters = append(letters, r)
		}
	}
	return string(letters)
}

// BenchmarkSearch is one search among 2,000 long notes. None of them may take ten times as long as another.
func BenchmarkSearch(b *testing.B) {
	for kind, text := range searched {
		db := modelstest.Open(b)
		ada := newUser("ada")
		must(b, db.Create(ada).Error)
		notes := make([]models.Note, 100)
		for i := range notes {
			notes[i] = models.Note{Title: fmt.Sprint(i), Body: text}
		}
		for range 20 {
			batch := append([]models.Note{}, notes...)
			must(b, models.Scoped(db, ada).Create(&batch).Error)
		}
		for name, words := range lookedFor {
			b.Run(kind+"/"+name, func(b *testing.B) {
				for b.Loop() {
					_, err := models.Notes(db, ada, models.Query{Search: words})
					must(b, err)
				}
			})
		}
	}
}
