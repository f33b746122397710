package ui

import (
	"net/url"
	"testing"
)

// invoices is page 2 of 3, searched, filtered and with the latest due date first.
func invoices() List {
	return List{Path: "/invoices", Search: "a&b", Sort: "-due", Filter: url.Values{"paid": {"true"}}, Page: 2, Size: 20, Total: 57}
}

func TestALinkOfAListChangesOneThingAndKeepsTheRest(t *testing.T) {
	list := invoices()
	for got, want := range map[string]string{
		list.Link(3):             "/invoices?page=3&paid=true&q=a%26b&sort=-due",
		list.Link(1):             "/invoices?paid=true&q=a%26b&sort=-due",
		list.without():           "/invoices?paid=true&sort=-due",
		List{Path: "/x"}.Link(1): "/x",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if len(list.Filter) != 1 {
		t.Errorf("making links has changed the list's filter: %v", list.Filter)
	}
}

func TestSortingTurnsAroundAndBeginsAtTheFirstPage(t *testing.T) {
	list := invoices()
	list.Search, list.Filter = "", nil
	for _, step := range []struct{ sorted, by, link, order string }{
		{"-due", "due", "/invoices?sort=due", "descending"},
		{"due", "due", "/invoices?sort=-due", "ascending"},
		{"due", "number", "/invoices?sort=number", ""},
		{"", "", "/invoices", ""},
	} {
		list.Sort = step.sorted
		if got := list.sortLink(step.by); step.by != "" && got != step.link {
			t.Errorf("sorted by %q, %q leads to %s", step.sorted, step.by, got)
		}
		if got := list.order(step.by); got != step.order {
			t.Errorf("sorted by %q, the order of %q is %q", step.sorted, step.by, got)
		}
	}
}

func TestAPageSaysWhichRowsItHolds(t *testing.T) {
	for _, step := range []struct {
		page, size, total int
		pages             int
		shown             string
	}{
		{1, 20, 57, 3, "1–20 of 57"},
		{3, 20, 57, 3, "41–57 of 57"},
		{9, 20, 57, 3, "41–57 of 57"},
		{-1, 20, 57, 3, "1–20 of 57"},
		{1, 20, 20, 1, "1–20 of 20"},
		{1, 20, 0, 1, "0 of 0"},
		{0, 0, 5, 1, "1–5 of 5"},
	} {
		list := List{Page: step.page, Size: step.size, Total: step.total}
		if list.Pages() != step.pages || list.Range() != step.shown {
			t.Errorf("page %d of %d by %d: %d pages, %q", step.page, step.total, step.size, list.Pages(), list.Range())
		}
	}
}

func TestInitialsAreOfTheFirstAndTheLastWord(t *testing.T) {
	for name, want := range map[string]string{"": "?", " ": "?", "ada": "A", "Ada King Lovelace": "AL", "émile  zola": "ÉZ", "王小明": "王"} {
		if got := initials(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
