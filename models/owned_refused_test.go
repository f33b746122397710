package models_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"example.com/gatehouse/models"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// unscoped are statements on owned tables that are refused, whichever user tries.
var unscoped = map[string]func(d *desk, mine *gorm.DB) (string, error){
	"a plain handle": func(d *desk, _ *gorm.DB) (string, error) { return titles(d.db) },
	"a plain handle, by the name": func(d *desk, _ *gorm.DB) (string, error) {
		return "", d.db.Table("diaries").Find(&[]map[string]any{}).Error
	},
	"a plain handle, counted": func(d *desk, _ *gorm.DB) (string, error) { return "", d.db.Model(&diary{}).Count(new(int64)).Error },
	"a plain handle, preloaded": func(d *desk, _ *gorm.DB) (string, error) {
		return "", d.db.Preload("Diary").Find(&[]page{}).Error
	},
	"a plain handle, created": func(d *desk, _ *gorm.DB) (string, error) {
		return "", d.db.Create(&diary{Owned: models.Owned{ID: "x", UserID: d.ada.User.ID}}).Error
	},
	"a plain handle, deleted": func(d *desk, _ *gorm.DB) (string, error) { return "", d.db.Delete(&d.hers).Error },
	"a plain handle, generics": func(d *desk, _ *gorm.DB) (string, error) {
		found, err := gorm.G[diary](d.db).Find(context.Background())
		return fmt.Sprint(found), err
	},
	"a plain handle, GORM's Unscoped": func(d *desk, _ *gorm.DB) (string, error) { return titles(d.db.Unscoped()) },
	"a plain handle, joined": func(d *desk, _ *gorm.DB) (string, error) {
		return "", d.db.Table("notebooks").Joins("JOIN diaries ON 1 = 1").Find(&[]map[string]any{}).Error
	},
	"a plain handle, rows": func(d *desk, _ *gorm.DB) (string, error) {
		_, err := d.db.Model(&diary{}).Rows()
		return "", err
	},
	"an unscoped handle, another context": func(d *desk, _ *gorm.DB) (string, error) {
		return titles(models.Unscoped(d.db).WithContext(context.Background()))
	},
	"a connection": func(_ *desk, mine *gorm.DB) (string, error) {
		return "", mine.Connection(func(tx *gorm.DB) error { return tx.Exec("DELETE FROM diaries").Error })
	},
	"generics, raw": func(_ *desk, mine *gorm.DB) (string, error) {
		found, err := gorm.G[diary](mine).Raw("SELECT * FROM diaries").Find(context.Background())
		return fmt.Sprint(found), err
	},
	"a user without an id": func(d *desk, _ *gorm.DB) (string, error) { return titles(models.Scoped(d.db, &models.Actor{})) },
	"raw":                  func(_ *desk, mine *gorm.DB) (string, error) { return titles(mine.Raw("SELECT * FROM diaries")) },
	"raw, held to the owner by hand": func(d *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Raw("SELECT * FROM diaries WHERE user_id = ?", d.mallory.User.ID))
	},
	"exec": func(_ *desk, mine *gorm.DB) (string, error) { return "", mine.Exec("DELETE FROM diaries").Error },
	"a join": func(_ *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Joins("JOIN diaries others ON 1 = 1").Select("others.*"))
	},
	"a subquery in a string": func(_ *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Select("*, (SELECT max(title) FROM diaries) AS title"))
	},
	"a subquery in a condition": func(_ *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Where("title < (SELECT max(title) FROM diaries)"))
	},
	"an unscoped subquery": func(d *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Where("id IN (?)", d.db.Model(&diary{}).Select("id")))
	},
	"a union": func(_ *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Where("1 = 1 UNION SELECT * FROM diaries"))
	},
	"an injected union": func(_ *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Where("title = '" + "x') UNION SELECT * FROM diaries WHERE ('1' = '1" + "'"))
	},
	"an injected comment": func(_ *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Where("title = '" + "x') OR 1 = 1 --" + "'"))
	},
	"an injected order":  func(_ *desk, mine *gorm.DB) (string, error) { return titles(mine.Order("(SELECT 1 FROM diaries)")) },
	"an injected select": func(_ *desk, mine *gorm.DB) (string, error) { return titles(mine.Select("* FROM diaries --")) },
	"an injected having": func(_ *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Group("id").Having("1 = 1; SELECT * FROM diaries"))
	},
	"a table in disguise": func(_ *desk, mine *gorm.DB) (string, error) { return titles(mine.Table("diaries AS d")) },
	"a table beside it": func(_ *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Model(&diary{}).Table("diaries, diaries AS others"))
	},
	"a table in its schema": func(d *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Table(map[bool]string{true: "public.diaries", false: "main.diaries"}[d.db.Name() == "postgres"]))
	},
	"a table in its schema, in a condition": func(d *desk, mine *gorm.DB) (string, error) {
		schema := map[bool]string{true: `"public"`, false: "[main]"}[d.db.Name() == "postgres"]
		return titles(mine.Where("title < (SELECT max(title) FROM " + schema + " . diaries)"))
	},
	"text as a table, deleted from": func(_ *desk, mine *gorm.DB) (string, error) {
		return "", mine.Table("diaries WHERE 1 = 1 OR EXISTS (SELECT diaries").Where("1 = 1").Delete(&diary{}).Error
	},
	"a table after IN": func(_ *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Where("(1, 2, 3, 4, 5) IN diaries = 1"))
	},
	"another table under its name": func(_ *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Table("(SELECT *, '' AS user_id FROM diaries) AS diaries"))
	},
	"a name with escapes": func(_ *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Where(`title < (SELECT max(title) FROM U&"di\0061ries")`))
	},
	"everything at once": func(_ *desk, mine *gorm.DB) (string, error) {
		return "", mine.Session(&gorm.Session{AllowGlobalUpdate: true}).Model(&diary{}).Update("title", "gone").Error
	},
	"a copied value": func(d *desk, mine *gorm.DB) (string, error) {
		return "", mine.Model(&d.his).Update("title", gorm.Expr("(SELECT max(title) FROM diaries)")).Error
	},
	"a copied row": func(d *desk, mine *gorm.DB) (string, error) {
		return "", mine.Model(&diary{}).Create([]map[string]any{
			{"id": "x", "title": gorm.Expr("(SELECT max(title) FROM diaries)"), "created_at": d.his.CreatedAt, "updated_at": d.his.CreatedAt},
			{"id": "y", "title": "y", "created_at": d.his.CreatedAt, "updated_at": d.his.CreatedAt},
		}).Error
	},
	"a gift": func(d *desk, mine *gorm.DB) (string, error) {
		return "", mine.Create(&diary{Owned: models.Owned{UserID: "somebody"}}).Error
	},
	"a gift by a map": func(d *desk, mine *gorm.DB) (string, error) {
		return "", mine.Model(&diary{}).Create(map[string]any{"id": "x", "title": "x", "user_id": "somebody"}).Error
	},
	"a gift among others": func(d *desk, mine *gorm.DB) (string, error) {
		return "", mine.Create([]diary{{}, {Owned: models.Owned{UserID: "somebody"}}}).Error
	},
	"a row given away": func(d *desk, mine *gorm.DB) (string, error) {
		return "", mine.Model(&d.hers).Update("user_id", "somebody").Error
	},
	"a row given away, in capitals": func(d *desk, mine *gorm.DB) (string, error) {
		return "", mine.Table("diaries").Where("id = ?", d.hers.ID).Update("USER_ID", "somebody").Error
	},
	"a gift by a map, in capitals": func(d *desk, mine *gorm.DB) (string, error) {
		return "", mine.Table("diaries").Create(map[string]any{"id": "x", "title": "x", "User_ID": "somebody"}).Error
	},
	"a row given away in an upsert": func(d *desk, mine *gorm.DB) (string, error) {
		return "", mine.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.Assignments(map[string]any{"user_id": "somebody"})}).
			Create(&diary{Title: "x"}).Error
	},
	"prepared": func(d *desk, _ *gorm.DB) (string, error) {
		_, err := models.Prepare(d.db, "SELECT id FROM diaries WHERE id = ?")
		return "", err
	},
	"prepared by GORM": func(d *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Session(&gorm.Session{PrepareStmt: true}))
	},
	"the pool": func(d *desk, mine *gorm.DB) (string, error) {
		sqlDB, err := mine.DB()
		if err == nil {
			_, err = sqlDB.Exec("DELETE FROM diaries")
		}
		return "", err
	},
	"a transaction": func(d *desk, mine *gorm.DB) (string, error) {
		return "", mine.Transaction(func(tx *gorm.DB) error { return tx.Exec("UPDATE diaries SET title = 'gone'").Error })
	},
	"another table's name": func(d *desk, mine *gorm.DB) (string, error) {
		return "", mine.Exec("INSERT INTO notebooks (id, diaries) SELECT id, title FROM diaries").Error
	},
	"a list of tables to empty": func(_ *desk, mine *gorm.DB) (string, error) {
		return "", mine.Exec("TRUNCATE notebooks, diaries").Error
	},
	"a list of tables to lock": func(_ *desk, mine *gorm.DB) (string, error) { return "", mine.Exec("LOCK notebooks, diaries").Error },
	"a weak keyword before a comma": func(_ *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Raw("SELECT o.* FROM users do, diaries o"))
	},
	"a deletion with another table": func(_ *desk, mine *gorm.DB) (string, error) {
		return "", mine.Exec("DELETE FROM notebooks USING diaries WHERE true").Error
	},
	"an update with another table": func(_ *desk, mine *gorm.DB) (string, error) {
		return "", mine.Clauses(clause.From{Tables: []clause.Table{{Name: "diaries", Alias: "others"}}}).Model(&diary{}).
			Where("1 = 1").Update("title", gorm.Expr("others.title")).Error
	},
	"a with clause": func(_ *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Raw("WITH d AS (SELECT * FROM diaries) SELECT * FROM d"))
	},
	"a view": func(_ *desk, mine *gorm.DB) (string, error) {
		return "", mine.Exec("CREATE VIEW open AS SELECT * FROM diaries").Error
	},
	"a migrator": func(d *desk, mine *gorm.DB) (string, error) { return "", mine.Migrator().DropTable(&diary{}) },
}

func TestScoped_RefusesUnscopedStatements(t *testing.T) {
	for name, try := range unscoped {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			before := d.adasRows(t)
			for _, actor := range []*models.Actor{d.ada, d.mallory} {
				found, err := try(d, models.Scoped(d.db, actor))
				if err == nil || strings.Contains(found, secret) {
					t.Errorf("%s gets %q, %v", actor.User.Name, found, err)
				}
				if !errors.Is(err, models.ErrUnscoped) && !errors.Is(err, models.ErrForeignOwner) {
					t.Errorf("%s: got %v, want ErrUnscoped or ErrForeignOwner", actor.User.Name, err)
				}
			}
			if d.adasRows(t) != before {
				t.Error("Ada's rows have changed")
			}
		})
	}
}

// pasted are texts that leave the parentheses around a condition, on at least one of the engines.
var pasted = []string{
	"1 = 1) OR (1 = 1", "1 = 1)) OR ((1 = 1", "1 = 1) OR 1 = 1 --", "1 = 1) OR 1 = 1 /*", "1 = 1) OR (1 = 1) OR (1 = 1",
	"1 = (SELECT 1 AS a$x$)) OR (1 = 1 OR 1 = (SELECT 1 AS a$x$)",
	`title = E'\') OR (1 = 1 OR title = '`, `title <> '\') OR (1 = 1 OR title <> '`, "'((' <> 'x') OR ('))' <> 'y'",
	"1 = (SELECT 1 AS [(] ) OR (1 = 1 AND 1 = (SELECT 1 AS [)])", "title <> $x$)$x$) OR (1 = 1", "1 = 1) RETURNING (id", "1 = 1); DELETE FROM notebooks WHERE (1 = 1",
	"title = '') OR (1 = 1", `"title" <> '') OR ("title" <> ''`, "`title` <> '') OR (`title` <> ''",
}

// pastes are writes with a caller's text in them.
var pastes = map[string]func(d *desk, mine *gorm.DB, text string) error{
	"update": func(_ *desk, mine *gorm.DB, text string) error {
		return mine.Model(&diary{}).Where(text).Update("title", "x").Error
	},
	"delete":         func(_ *desk, mine *gorm.DB, text string) error { return mine.Where(text).Delete(&diary{}).Error },
	"delete, inline": func(_ *desk, mine *gorm.DB, text string) error { return mine.Delete(&diary{}, text).Error },
	"returning": func(_ *desk, mine *gorm.DB, text string) error {
		return mine.Clauses(clause.Returning{}).Where(text).Delete(&[]diary{}).Error
	},
	"set": func(_ *desk, mine *gorm.DB, text string) error {
		return mine.Model(&diary{}).Where("1 = 1").Update("title", gorm.Expr("'x' WHERE "+text)).Error
	},
	"set another column": func(_ *desk, mine *gorm.DB, text string) error {
		return mine.Model(&diary{}).Where("1 = 1").Update("title", gorm.Expr("'x'), user_id = ('"+text)).Error
	},
	"insert": func(_ *desk, mine *gorm.DB, text string) error {
		return mine.Model(&diary{}).Create(map[string]any{"id": "x", "title": gorm.Expr("'x'), (" + text)}).Error
	},
	"upsert": func(d *desk, mine *gorm.DB, text string) error {
		return mine.Clauses(clause.OnConflict{
			Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.AssignmentColumns([]string{"title"}),
			Where: clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: text}}},
		}).Create(&diary{Owned: models.Owned{ID: d.hers.ID}, Title: "x"}).Error
	},
	"upsert, target": func(d *desk, mine *gorm.DB, text string) error {
		text = "1 = 1 DO UPDATE SET title = 'x' WHERE (" + text + ") ON CONFLICT (id) WHERE 1 = 1"
		return mine.Clauses(clause.OnConflict{
			Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.AssignmentColumns([]string{"title"}),
			TargetWhere: clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: text}}},
		}).Create(&diary{Owned: models.Owned{ID: d.hers.ID}, Title: "x"}).Error
	},
}

func TestScoped_RefusesTextThatLeavesItsParentheses(t *testing.T) {
	d := newDesk(t)
	before := d.adasRows(t)
	for name, paste := range pastes {
		for _, text := range pasted {
			if err := paste(d, models.Scoped(d.db, d.mallory), text); !errors.Is(err, models.ErrUnscoped) && name != "upsert, target" {
				t.Errorf("%s, %s: got %v, want ErrUnscoped", name, text, err)
			}
			if d.adasRows(t) != before {
				t.Fatalf("%s, %s: Ada's rows have changed", name, text)
			}
		}
	}
}
