package models_test

import (
	"fmt"
	"strings"
	"testing"

	"example.com/gatehouse/models"
)

// shelf is a desk on which Ada has diaries with these titles, and no other.
func shelf(t *testing.T, titles ...string) *desk {
	t.Helper()
	d := newDesk(t)
	must(t, models.Scoped(d.db, d.ada).Delete(&d.hers).Error)
	for _, title := range titles {
		must(t, models.Scoped(d.db, d.ada).Create(&diary{Title: title}).Error)
	}
	return d
}

func (d *desk) list(t *testing.T, query models.Query) (list models.List[diary], titles string) {
	t.Helper()
	list, err := models.ListOf[diary](models.Scoped(d.db, d.ada), query, "", []string{"title"}, []string{"title", "-created_at"})
	must(t, err)
	for _, row := range list.Rows {
		titles += row.Title + " "
	}
	return list, strings.TrimSpace(titles)
}

func TestAListIsSearchedAlikeOnBothEngines(t *testing.T) {
	d := shelf(t, "École", "ecole", "100%", "100", "a_b", "aXb", `back\slash`, "O'Brien", "🦊", "Straße", "ΣΊΣΥΦΟΣ")
	for search, want := range map[string]string{
		"éc": "École", "ÉCOLE": "École", "e\u0301cole": "École", "ECOLE": "ecole", "%": "100%", "_": "a_b", `\`: `back\slash`, "'": "O'Brien", "🦊": "🦊",
		"STRAßE": "Straße", "σίσ": "ΣΊΣΥΦΟΣ", "x": "aXb", "\x00O'\xff": "O'Brien", "'; DROP TABLE diaries": "", "nothing": "",
	} {
		if list, titles := d.list(t, models.Query{Search: search}); titles != want || list.Total != len(strings.Fields(want)) {
			t.Errorf("%q finds %q, %d", search, titles, list.Total)
		}
	}
	if list, _ := d.list(t, models.Query{Search: strings.Repeat("é%", 1<<16)}); list.Total != 0 || len([]rune(list.Search)) != 100 {
		t.Errorf("%d are found for %d characters", list.Total, len([]rune(list.Search)))
	}
}

func TestSearch_TakesEverySignAsItself(t *testing.T) {
	var titles []string
	for r := '!'; r < 0x7f; r++ {
		if r < 'A' || r > 'Z' {
			titles = append(titles, "é"+string(r)+"é")
		}
	}
	d := shelf(t, titles...)
	for _, title := range titles {
		for _, words := range []string{title, strings.ToUpper(title), strings.Trim(title, "é")} {
			if list, got := d.list(t, models.Query{Search: words}); list.Total != 1 || got != title {
				t.Errorf("%q: got %q, want %q", words, got, title)
			}
		}
	}
}

func TestAListIsSortedByItsOwnColumnsAlone(t *testing.T) {
	d := shelf(t, "banana", "Apple", "cherry")
	for sort, want := range map[string]string{
		"": "Apple banana cherry", "title": "Apple banana cherry", "-title": "cherry banana Apple", "created_at": "banana Apple cherry", "-created_at": "cherry Apple banana",
		"user_id": "Apple banana cherry", "title; DROP TABLE diaries": "Apple banana cherry", "--title": "Apple banana cherry", "-": "Apple banana cherry", "title DESC": "Apple banana cherry",
	} {
		if _, titles := d.list(t, models.Query{Sort: sort}); titles != want {
			t.Errorf("sorted by %q it is %s", sort, titles)
		}
	}
}

func TestEveryRowIsOnOnePageHoweverAlikeTheyAre(t *testing.T) {
	d := shelf(t, strings.Fields(strings.Repeat("same ", 45))...)
	seen := map[string]int{}
	for page := 1; page <= 3; page++ {
		list, _ := d.list(t, models.Query{Page: page})
		for _, row := range list.Rows {
			seen[row.ID]++
		}
	}
	if len(seen) != 45 {
		t.Errorf("%d rows were seen", len(seen))
	}
	up, _ := d.list(t, models.Query{Sort: "title"})
	down, _ := d.list(t, models.Query{Sort: "-title"})
	if up.Rows[0].ID >= up.Rows[19].ID || down.Rows[0].ID <= down.Rows[19].ID {
		t.Error("rows that are equal are in no order")
	}
}

func TestAPageThatThereIsNotIsTheNearestOne(t *testing.T) {
	d := shelf(t, strings.Fields(strings.Repeat("same ", 21))...)
	for page, want := range map[int]string{-1: "1 20", 0: "1 20", 1: "1 20", 2: "2 1", 3: "2 1", 1 << 62: "2 1", -1 << 62: "1 20"} {
		if list, _ := d.list(t, models.Query{Page: page}); fmt.Sprint(list.Page, len(list.Rows)) != want || list.Total != 21 || list.Size != 20 {
			t.Errorf("page %d is %d, with %d of %d", page, list.Page, len(list.Rows), list.Total)
		}
	}
	if list, _ := shelf(t).list(t, models.Query{Page: 9}); list.Page != 1 || list.Total != 0 {
		t.Errorf("page 9 of nothing is %d, of %d", list.Page, list.Total)
	}
}

func TestSomeRowsAreAboveTheOthers(t *testing.T) {
	d := shelf(t, "apple", "banana")
	must(t, models.Unscoped(d.db).Exec("ALTER TABLE diaries ADD COLUMN dear BOOLEAN").Error)
	must(t, models.Unscoped(d.db).Exec("UPDATE diaries SET dear = (title = 'banana')").Error)
	list, err := models.ListOf[diary](models.Scoped(d.db, d.ada), models.Query{}, "dear", []string{"title"}, []string{"title"})
	must(t, err)
	if list.Rows[0].Title != "banana" {
		t.Errorf("%v", list.Rows)
	}
}
