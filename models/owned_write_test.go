package models_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"example.com/gatehouse/models"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// changes are writes that change the user's own rows, and never another user's.
var changes = map[string]func(d *desk, mine *gorm.DB) error{
	"update by id": func(d *desk, mine *gorm.DB) error {
		return models.Found(mine.Model(&diary{}).Where("id = ?", d.hers.ID).Update("title", "mine"))
	},
	"update by or": func(d *desk, mine *gorm.DB) error {
		return mine.Model(&diary{}).Where("id = ''").Or("1 = 1").Update("title", "mine").Error
	},
	"update the struct": func(d *desk, mine *gorm.DB) error {
		one := d.hers
		one.UserID = ""
		return models.Found(mine.Updates(&one))
	},
	"updates of all fields": func(d *desk, mine *gorm.DB) error {
		return models.Found(mine.Select("*").Updates(&diary{Owned: models.Owned{ID: d.hers.ID}, Title: "mine"}))
	},
	"update columns": func(d *desk, mine *gorm.DB) error {
		return models.Found(mine.Model(&d.hers).UpdateColumns(map[string]any{"title": "mine"}))
	},
	"save": func(d *desk, mine *gorm.DB) error {
		return mine.Save(&diary{Owned: models.Owned{ID: d.hers.ID}, Title: "mine"}).Error
	},
	"save many": func(d *desk, mine *gorm.DB) error {
		return mine.Save(&[]diary{{Owned: models.Owned{ID: d.hers.ID}, Title: "mine"}, {Title: "another"}}).Error
	},
	"upsert": func(d *desk, mine *gorm.DB) error {
		return mine.Clauses(clause.OnConflict{UpdateAll: true}).Create(&diary{Owned: models.Owned{ID: d.hers.ID}, Title: "mine"}).Error
	},
	"upsert with a condition": func(d *desk, mine *gorm.DB) error {
		return mine.Clauses(clause.OnConflict{
			Columns:   []clause.Column{{Name: "id"}},
			DoUpdates: clause.AssignmentColumns([]string{"title", "user_id"}),
			Where:     clause.Where{Exprs: []clause.Expression{clause.Or(clause.Expr{SQL: "1 = 1"}), clause.Or(clause.Expr{SQL: "2 = 2"})}},
		}).Create(&diary{Owned: models.Owned{ID: d.hers.ID}, Title: "mine"}).Error
	},
	"update with generics": func(d *desk, mine *gorm.DB) error {
		_, err := gorm.G[diary](mine).Where("1 = 1 OR id = ?", d.hers.ID).Update(context.Background(), "title", "mine")
		return err
	},
	"update with an expression": func(d *desk, mine *gorm.DB) error {
		return mine.Model(&diary{}).Where("1 = 1 OR id = ?", d.hers.ID).Update("title", gorm.Expr("upper(title) || ?", "!")).Error
	},
	"update with a scoped subquery": func(d *desk, mine *gorm.DB) error {
		return mine.Model(&diary{}).Where("id IN (?)", mine.Model(&page{}).Select("diary_id")).
			Update("title", mine.Model(&page{}).Select("max(body) || '!'")).Error
	},
	"update with a pasted parenthesis": func(d *desk, mine *gorm.DB) error {
		return mine.Model(&diary{}).Where("title <> ?", "").Where("1 = 1) OR (1 = 1").Update("title", "mine").Error
	},
	"update, returning": func(d *desk, mine *gorm.DB) error {
		var changed []diary
		return mine.Model(&changed).Clauses(clause.Returning{}).Where("1 = 1 OR title LIKE ? ESCAPE '\\'", "%").Update("title", "mine").Error
	},
	"update in another context": func(d *desk, mine *gorm.DB) error {
		return mine.WithContext(context.Background()).Model(&diary{}).Where("1 = 1 OR 1 = 1").Update("title", "mine").Error
	},
	"delete the struct": func(d *desk, mine *gorm.DB) error { return models.Found(mine.Delete(&d.hers)) },
	"delete by id":      func(d *desk, mine *gorm.DB) error { return models.Found(mine.Delete(&diary{}, "id = ?", d.hers.ID)) },
	"delete, unscoped": func(d *desk, mine *gorm.DB) error {
		return models.Found(mine.Unscoped().Where("id = ?", d.hers.ID).Delete(&diary{}))
	},
	"delete by or": func(d *desk, mine *gorm.DB) error { return mine.Where("id = ''").Or("1 = 1").Delete(&diary{}).Error },
	"another's pages, taken": func(d *desk, mine *gorm.DB) error {
		own := diary{Title: "with her pages"}
		return errors.Join(mine.Create(&own).Error,
			mine.Model(&own).Association("Pages").Append(&page{Owned: models.Owned{ID: d.page.ID}, Body: "mine"}))
	},
	"another's pages, cleared": func(d *desk, mine *gorm.DB) error { return mine.Model(&d.hers).Association("Pages").Clear() },
	"another's pages, replaced": func(d *desk, mine *gorm.DB) error {
		return mine.Model(&d.hers).Association("Pages").Replace(&page{Body: "mine"})
	},
}

func TestScoped_ChangesTheUsersRowsAndNoOthers(t *testing.T) {
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			before := d.adasRows(t)
			err := change(d, models.Scoped(d.db, d.mallory))
			if d.adasRows(t) != before {
				t.Errorf("Ada's rows have changed: %v", err)
			}
			must(t, change(d, models.Scoped(d.db, d.ada)))
			if d.adasRows(t) == before {
				t.Error("Ada cannot do it either")
			}
		})
	}
}

func TestScoped_UpsertOfAnotherUsersRowFindsNoRow(t *testing.T) {
	d := newDesk(t)
	if err := models.Scoped(d.db, d.mallory).Create(&diary{Owned: models.Owned{ID: d.hers.ID}}).Error; !errors.Is(err, gorm.ErrDuplicatedKey) {
		t.Errorf("her id for a row of his: %v", err)
	}
	err := models.Scoped(d.db, d.mallory).Save(&diary{Owned: models.Owned{ID: d.hers.ID}, Title: "mine"}).Error
	if !errors.Is(err, gorm.ErrRecordNotFound) {
		t.Errorf("it gives: %v", err)
	}
}

func TestScoped_KeepsTheOwner(t *testing.T) {
	d := newDesk(t)
	mine := models.Scoped(d.db, d.mallory)
	must(t, mine.Model(&d.his).Update("user_id", d.mallory.User.ID).Error)
	// SQLite refuses the row value that this becomes, and PostgreSQL writes it as text.
	_ = mine.Model(&diary{}).Where("1 = 1").Update("title", gorm.Expr("'x', user_id = '"+d.ada.User.ID+"'")).Error
	if got, err := titles(mine); err != nil || !strings.Contains(got, d.his.ID) {
		t.Errorf("got %s (%v), want Mallory's diary", got, err)
	}
}

func TestScoped_FillsNewRows(t *testing.T) {
	d := newDesk(t)
	several := []diary{{Title: "one"}, {Title: "two"}}
	must(t, models.Scoped(d.db, d.mallory).Create(&several).Error)
	for _, one := range append(several, d.his) {
		if len(one.ID) != 36 || one.UserID != d.mallory.User.ID || one.CreatedAt.IsZero() || one.UpdatedAt.IsZero() {
			t.Errorf("%+v", one)
		}
	}
	must(t, models.Scoped(d.db, d.mallory).Model(&diary{}).Create(map[string]any{"id": "x", "title": "map", "created_at": d.his.CreatedAt, "updated_at": d.his.UpdatedAt}).Error)
	var n int64
	must(t, models.Scoped(d.db, d.mallory).Model(&diary{}).Where("title = 'map'").Count(&n).Error)
	if n != 1 {
		t.Errorf("%d rows were made of a map", n)
	}
}

func TestScoped_WritesNothingWithoutACondition(t *testing.T) {
	d := newDesk(t)
	mine := models.Scoped(d.db, d.ada)
	for name, err := range map[string]error{
		"delete": mine.Delete(&diary{}).Error,
		"update": mine.Model(&diary{}).Update("title", "gone").Error,
	} {
		if !errors.Is(err, gorm.ErrMissingWhereClause) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
