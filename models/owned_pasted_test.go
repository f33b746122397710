package models_test

import (
	"fmt"
	"strings"
	"testing"

	"example.com/gatehouse/models"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// slots are the places of a query where a caller's text may have been pasted.
var slots = map[string]func(query *gorm.DB, text string) *gorm.DB{
	"where":           func(q *gorm.DB, text string) *gorm.DB { return q.Where(text) },
	"where, second":   func(q *gorm.DB, text string) *gorm.DB { return q.Where("title <> ?", "x").Where(text) },
	"where, argument": func(q *gorm.DB, text string) *gorm.DB { return q.Where(text+" ?", "x") },
	"or":              func(q *gorm.DB, text string) *gorm.DB { return q.Or(text) },
	"not":             func(q *gorm.DB, text string) *gorm.DB { return q.Not(text) },
	"order":           func(q *gorm.DB, text string) *gorm.DB { return q.Order(text) },
	"select":          func(q *gorm.DB, text string) *gorm.DB { return q.Select(text) },
	"select, second":  func(q *gorm.DB, text string) *gorm.DB { return q.Select("id", text) },
	"joins":           func(q *gorm.DB, text string) *gorm.DB { return q.Joins(text) },
	"table":           func(q *gorm.DB, text string) *gorm.DB { return q.Table(text) },
	"group":           func(q *gorm.DB, text string) *gorm.DB { return q.Group(text) },
	"having":          func(q *gorm.DB, text string) *gorm.DB { return q.Group("id").Having(text) },
	"distinct":        func(q *gorm.DB, text string) *gorm.DB { return q.Distinct(text) },
	"column":          func(q *gorm.DB, text string) *gorm.DB { return q.Where(map[string]any{text: "x"}) },
	"subquery": func(q *gorm.DB, text string) *gorm.DB {
		return q.Where(text+" (?)", q.Session(&gorm.Session{NewDB: true}).Model(&diary{}).Select("title"))
	},
}

// texts are what an attacker may paste, alone or in two places. The schema's name is main or public.
var texts = append([]string{
	"1 = 1", "'", `"`, "(", "1)", "= '", "= 1", ". x", "WHERE 1 = 1 OR EXISTS (SELECT 1", "title FROM diaries WHERE '", "* FROM diaries", "diaries AS diaries",
	"`", "[", "]", "$$", "$x$", `E'\'`, `\`, "* FROM diaries UNION SELECT *", "title UNION SELECT title", "diaries.title FROM diaries WHERE ' '", "diaries", `"diaries"`, "diaries d",
	"diaries, pages AS diaries", "diaries NOT diaries", "diaries WHERE 1 = 1 OR EXISTS (SELECT diaries", "(SELECT * FROM diaries) AS diaries", "notebooks AS diaries",
	"JOIN diaries o ON 1 = 1", "JOIN SCHEMA.diaries AS o ON 1 = 1", ", diaries AS o", ", SCHEMA.diaries o", "NATURAL JOIN diaries", "UNION SELECT * FROM diaries", "o.title", "o.*",
	"UNION ALL SELECT title FROM SCHEMA.diaries", "(SELECT max(title) FROM diaries)", "(SELECT max(diaries.title) FROM SCHEMA . \"diaries\")", "(SELECT max(title) FROM [diaries])",
	"(SELECT title FROM diaries AS diaries ORDER BY diaries.title LIMIT 1)", "(1, 2, 3, 4, 5) IN diaries = 1", "(id, user_id, created_at, updated_at, title) IN diaries",
	"diaries.user_id <> '' OR 1 = 1", `(SELECT title FROM U&"di\0061ries" LIMIT 1)`, "(SELECT title FROM/**/diaries)", "(SELECT title FROM diaries) --", "1; SELECT * FROM diaries",
	"?; SELECT diaries.*", "?1, title", "$1, title", ":a, title", "(TABLE diaries)", "(SELECT title FROM ONLY diaries LIMIT 1)", "(WITH x AS (SELECT * FROM diaries) SELECT max(title) FROM x)",
	`title AS "diaries" FROM diaries AS "diaries"`, "' FROM (SELECT 1) x WHERE '", "title HAVING 1 = 1 UNION SELECT title FROM diaries",
}, pasted...)

func TestScoped_ReadsNothingElseByPastedText(t *testing.T) {
	d := newDesk(t)
	schema := map[bool]string{true: "public", false: "main"}[d.db.Name() == "postgres"]
	answered := 0
	read := func(names, text string, query *gorm.DB) {
		var rows []map[string]any
		_ = query.Find(&rows).Error // most of it is no SQL
		if len(rows) > 0 {
			answered++
		}
		if found := fmt.Sprint(rows); strings.Contains(found, secret) || strings.Contains(found, d.hers.ID) {
			t.Errorf("%s, %s: got %s", names, text, found)
		}
	}
	for name, paste := range slots {
		mine := models.Scoped(d.db, d.mallory).Session(&gorm.Session{Logger: logger.Discard})
		for i, text := range texts {
			text = strings.ReplaceAll(text, "SCHEMA", schema)
			read(name, text, paste(mine.Model(&diary{}), text))
			for second, pasteSecond := range slots {
				for _, more := range texts[:12] {
					if i < 12 {
						read(name+" and "+second, text+" and "+more, pasteSecond(paste(mine.Model(&diary{}), text), more))
					}
				}
			}
		}
	}
	if answered < 100 {
		t.Errorf("only %d queries were answered", answered)
	}
}

func TestScoped_WritesNothingElseByPastedText(t *testing.T) {
	d := newDesk(t)
	before := d.adasRows(t)
	schema := map[bool]string{true: "public", false: "main"}[d.db.Name() == "postgres"]
	for name, paste := range slots {
		mine := models.Scoped(d.db, d.mallory).Session(&gorm.Session{Logger: logger.Discard, AllowGlobalUpdate: true})
		for _, text := range texts {
			text = strings.ReplaceAll(text, "SCHEMA", schema)
			for _, query := range []*gorm.DB{paste(mine.Model(&diary{}), text), paste(mine.Model(&diary{}), text).Where("1 = 1")} {
				query = query.Session(&gorm.Session{})
				_ = query.Update("title", "x").Error // most of it is no SQL
				_ = query.Updates(map[string]any{"title": gorm.Expr(text)}).Error
				_ = query.Updates(map[string]any{text: d.ada.User.ID}).Error
				_ = query.Delete(&diary{}).Error
			}
			if after := d.adasRows(t); after != before {
				t.Fatalf("%s, %s: got %s", name, text, after)
			}
		}
	}
}
