package ui

import (
	"maps"
	"net/url"
	"strconv"
	"strings"
)

// List is what a page shows of a longer list. Its search field, table and pager change one part of it and keep the others, by
// plain links, so that every state of the list has an address.
type List struct {
	Path   string     // of the page: "/invoices"
	Search string     // the query value "q"
	Sort   string     // the query value "sort": a column's name, after "-" in descending order
	Filter url.Values // what else the page's query holds
	Page   int        // the query value "page", from 1
	Size   int        // rows of a page
	Total  int        // rows of all pages
}

// Link is the address of a page of the list, as it is searched, sorted and filtered.
func (l List) Link(page int) string {
	query := maps.Clone(l.Filter)
	if query == nil {
		query = url.Values{}
	}
	set := func(name, value string) {
		if value != "" {
			query.Set(name, value)
		}
	}
	set("q", l.Search)
	set("sort", l.Sort)
	if page > 1 {
		query.Set("page", strconv.Itoa(page))
	}
	if len(query) == 0 {
		return l.Path
	}
	return l.Path + "?" + query.Encode()
}

// Pages is how many pages there are; an empty list has one.
func (l List) Pages() int {
	if l.Size < 1 {
		return 1 // a list whose pages have no size is whole
	}
	return max(1, (l.Total+l.Size-1)/l.Size)
}

// Range is which rows are shown: "21–40 of 57".
func (l List) Range() string {
	if l.Total == 0 {
		return "0 of 0"
	}
	page := min(max(l.Page, 1), l.Pages())
	first, last := (page-1)*l.Size+1, min(page*l.Size, l.Total)
	if l.Size < 1 {
		first, last = 1, l.Total
	}
	return strconv.Itoa(first) + "–" + strconv.Itoa(last) + " of " + strconv.Itoa(l.Total)
}

// sortLink sorts by the column, or the other way round where that is how the list is sorted.
func (l List) sortLink(column string) string {
	if l.Sort == column {
		column = "-" + column
	}
	l.Sort = column
	return l.Link(1)
}

// order is the column's aria-sort: "ascending", "descending", or "" where the list is sorted by another.
func (l List) order(column string) string {
	name, descending := strings.CutPrefix(l.Sort, "-")
	switch {
	case column == "" || name != column:
		return ""
	case descending:
		return "descending"
	}
	return "ascending"
}

// without is the address of the list with nothing searched for.
func (l List) without() string {
	l.Search = ""
	return l.Link(1)
}
