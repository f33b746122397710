package views

import (
	"example.com/gatehouse/models"
	"example.com/gatehouse/views/ui"
)

// listAt is a list for the parts that search it, sort it and turn its pages, on the page at path.
func listAt[T any](path string, list models.List[T]) ui.List {
	return ui.List{Path: path, Search: list.Search, Sort: list.Sort, Page: list.Page, Size: list.Size, Total: list.Total}
}
