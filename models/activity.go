package models

import (
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// ActivityFilter is what a list of events is held to, in the names that the log has for what a page says in sentences.
type ActivityFilter struct {
	Names   []string // the events to list; nil for all
	Saying  []string // the events whose sentence holds the words that are searched for
	Methods []string // the factors that do
}

// Activity lists what the security log has of the user, the latest first. It is searched by what the page says of an event, by device
// and by address.
func Activity(db *gorm.DB, actor *Actor, query Query, filter ActivityFilter) (List[Event], error) {
	search := normalizeSearch(query.Search)
	rows := Scoped(db, actor).Where("user_id = ?", actor.User.ID) // whose turn it is
	if filter.Names != nil {
		rows = rows.Where("name IN ?", filter.Names)
	}
	if search != "" {
		found := []clause.Expression{containing(db, search, []string{"device", "ip"}), gorm.Expr("name IN ?", filter.Saying)}
		for _, method := range filter.Methods {
			// The methods of a login stand in one text, a space between them.
			for _, pattern := range []string{`%"method":"M"%`, `%"method":"M %`, `% M %`, `% M"%`} {
				found = append(found, gorm.Expr("detail LIKE ?", strings.Replace(pattern, "M", method, 1)))
			}
		}
		rows = rows.Where(clause.Or(found...))
	}
	events, err := ListRows[Event](rows, Query{Page: query.Page}, Listing{Sort: []string{"-at"}})
	events.Search, events.Sort = search, ""
	return events, err
}
