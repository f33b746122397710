package models

import (
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
)

// Query is what a list page is asked for in its address. None of it is trusted.
type Query struct {
	Search string // "" for everything
	Sort   string // a column, or -column for descending; "" for the list's own order
	Page   int    // from 1
}

// List is one page of rows and where it lies in the whole. Its Query is what was answered: a column that there is not and a page
// past the end are put right.
type List[T any] struct {
	Query
	Rows  []T
	Size  int // rows on a full page
	Total int // rows on all pages
}

const (
	pageSize  = 20
	maxSearch = 100 // code points
)

// Listing is how rows may be listed. All columns are named in code.
type Listing struct {
	First  string   // a bool column whose rows are above the others, "" for none
	Search []string // the columns that are searched, without regard to case
	// Sort is the columns that may be sorted by. The first is the list's own
	// order, "-created_at" for the newest first.
	Sort []string
}

// ListRows returns the page of rows of db that query asks for. db is Scoped for
// owned rows. Nothing that the user typed becomes SQL, except the name of a
// column that is in how.Sort. The error may be ErrSlowList or ErrBusy.
func ListRows[T any](db *gorm.DB, query Query, how Listing) (List[T], error) {
	if !slices.ContainsFunc(how.Sort, func(column string) bool { return bareColumn(column) == bareColumn(query.Sort) }) {
		query.Sort = how.Sort[0]
	}
	query.Search = normalizeSearch(query.Search)
	answer := List[T]{Query: query, Size: pageSize}
	err := inTurn(db, func(db *gorm.DB) error {
		rows := db.Model(new(T)).Where(containing(db, query.Search, how.Search)).Session(&gorm.Session{})
		var total int64
		if err := rows.Count(&total).Error; err != nil {
			return err
		}
		answer.Total = int(total)
		answer.Page = min(max(1, query.Page), max(1, (answer.Total+pageSize-1)/pageSize))
		if total == 0 {
			return nil
		}
		return rows.Order(how.order(db, new(T), query.Sort)).Limit(pageSize).Offset((answer.Page - 1) * pageSize).Find(&answer.Rows).Error
	})
	return answer, err
}

func bareColumn(sort string) string { return strings.TrimPrefix(sort, "-") }

// order sorts by a column of the model, text without regard to case, and by id where rows are equal, so that no row is on two
// pages and none is on no page.
func (l Listing) order(db *gorm.DB, model any, sort string) clause.OrderBy {
	column, id := clause.Column{Table: clause.CurrentTable, Name: bareColumn(sort)}, clause.Column{Table: clause.CurrentTable, Name: "id"}
	direction := ""
	if strings.HasPrefix(sort, "-") {
		direction = " DESC"
	}
	by := clause.Expr{SQL: "?" + direction + ", ?" + direction, Vars: []any{column, id}}
	parsed := &gorm.Statement{DB: db}
	if parsed.Parse(model) == nil && parsed.Schema.FieldsByDBName[column.Name].DataType == schema.String {
		by.SQL = "lower(?)" + direction + ", ?" + direction
	}
	if l.First != "" {
		by.SQL, by.Vars = "? DESC, "+by.SQL, append([]any{clause.Column{Table: clause.CurrentTable, Name: l.First}}, by.Vars...)
	}
	return clause.OrderBy{Expression: by}
}

// Found returns the error of a change, or gorm.ErrRecordNotFound if it changed
// no row: the row is gone, or another owner's.
func Found(change *gorm.DB) error {
	if change.Error == nil && change.RowsAffected == 0 {
		return &StatementError{change.Statement.SQL.String(), gorm.ErrRecordNotFound}
	}
	return change.Error
}
