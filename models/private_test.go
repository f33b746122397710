package models_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// A diary has pages, and both are private. Notebook is a table of anybody's, with a column that is called as a private table is.
type diary struct {
	models.Private
	Title string
	Pages []page `gorm:"foreignKey:DiaryID"`
}

type page struct {
	models.Private
	DiaryID string
	Body    string
	Diary   *diary
}

type notebook struct {
	ID      string
	Diaries string
}

const secret = "Ada's secret"

// desk is a database with a diary of Ada's and one of Mallory's.
type desk struct {
	db           *gorm.DB
	ada, mallory *models.User
	hers, his    diary
	page         page // of hers
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	db, err := models.OpenWithPrivate(modelstest.URL(t), "diaries", "pages")
	must(t, err)
	t.Cleanup(func() { models.Close(db) })
	system := models.AsSystem(db)
	const columns = "id TEXT NOT NULL PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id), created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL, "
	must(t, system.Exec("CREATE TABLE diaries ("+columns+"title TEXT NOT NULL)").Error)
	must(t, system.Exec("CREATE TABLE pages ("+columns+"diary_id TEXT, body TEXT NOT NULL)").Error)
	must(t, db.Exec("CREATE TABLE notebooks (id TEXT NOT NULL PRIMARY KEY, diaries TEXT NOT NULL)").Error)
	d := &desk{db: db, ada: newUser("ada"), mallory: newUser("mallory")}
	must(t, db.Create(d.ada).Error)
	must(t, db.Create(d.mallory).Error)
	d.hers, d.his = diary{Title: secret}, diary{Title: "Nothing"}
	must(t, models.For(db, d.ada).Create(&d.hers).Error)
	d.page = page{DiaryID: d.hers.ID, Body: secret}
	must(t, models.For(db, d.ada).Create(&d.page).Error)
	must(t, models.For(db, d.mallory).Create(&d.his).Error)
	return d
}

// hersAre is everything of Ada's in the database.
func (d *desk) hersAre(t *testing.T) string {
	t.Helper()
	var diaries []diary
	var pages []page
	must(t, models.AsSystem(d.db).Order("id").Find(&diaries, "user_id = ?", d.ada.ID).Error)
	must(t, models.AsSystem(d.db).Order("id").Find(&pages, "user_id = ?", d.ada.ID).Error)
	return fmt.Sprintf("%+v %+v", diaries, pages)
}

// titles is for ways that read.
func titles(query *gorm.DB) (string, error) {
	var found []diary
	err := query.Find(&found).Error
	return fmt.Sprintf("%+v", found), err
}

// reads are ways that give a person what is theirs, and never what is not.
var reads = map[string]func(d *desk, mine *gorm.DB) (string, error){
	"find":  func(_ *desk, mine *gorm.DB) (string, error) { return titles(mine) },
	"an id": func(d *desk, mine *gorm.DB) (string, error) { return titles(mine.Where("id = ?", d.hers.ID)) },
	"or": func(d *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Where("title = 'x'").Or("id = ?", d.hers.ID))
	},
	"or alone": func(d *desk, mine *gorm.DB) (string, error) { return titles(mine.Or("id = ?", d.hers.ID)) },
	"or, by hand": func(d *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Where("title = 'x' OR id = ?", d.hers.ID))
	},
	"not": func(_ *desk, mine *gorm.DB) (string, error) { return titles(mine.Not("title = ?", "x")) },
	"groups": func(d *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Where(mine.Where("title = 'x'").Or("title = ?", secret)).Or(mine.Where("id = ?", d.hers.ID)))
	},
	"somebody else's user_id": func(d *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Where("1 = 1").Or("user_id = ?", d.ada.ID))
	},
	"a struct as condition": func(d *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Where(&diary{Title: secret}))
	},
	"unscoped":  func(_ *desk, mine *gorm.DB) (string, error) { return titles(mine.Unscoped()) },
	"inline":    func(_ *desk, mine *gorm.DB) (string, error) { return titles(mine.Where("1 = 1 OR 1 = 1")) },
	"a session": func(_ *desk, mine *gorm.DB) (string, error) { return titles(mine.Session(&gorm.Session{NewDB: true})) },
	"a limit":   func(_ *desk, mine *gorm.DB) (string, error) { return titles(mine.Order("title").Limit(9).Offset(0)) },
	"scopes": func(_ *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Scopes(func(db *gorm.DB) *gorm.DB { return db.Or("1 = 1") }))
	},
	"the first": func(_ *desk, mine *gorm.DB) (string, error) {
		var one diary
		err := mine.First(&one).Error
		return one.Title, err
	},
	"by the key in the struct": func(d *desk, mine *gorm.DB) (string, error) {
		one := diary{Private: models.Private{ID: d.hers.ID}}
		err := mine.Take(&one).Error
		return one.Title, err
	},
	"pluck": func(_ *desk, mine *gorm.DB) (string, error) {
		var found []string
		err := mine.Model(&diary{}).Pluck("title", &found).Error
		return strings.Join(found, " "), err
	},
	"scan into another struct": func(_ *desk, mine *gorm.DB) (string, error) {
		var found []struct{ Title string }
		err := mine.Model(&diary{}).Select("title").Or("1 = 1").Scan(&found).Error
		return fmt.Sprint(found), err
	},
	"rows": func(_ *desk, mine *gorm.DB) (string, error) {
		var title string
		err := mine.Model(&diary{}).Select("title").Or("1 = 1").Order("title").Row().Scan(&title)
		return title, err
	},
	"batches": func(_ *desk, mine *gorm.DB) (string, error) {
		var found []diary
		var seen string
		err := mine.Where("1 = 1 OR 1 = 1").FindInBatches(&found, 1, func(*gorm.DB, int) error { seen += fmt.Sprint(found); return nil }).Error
		return seen, err
	},
	"the table by its name": func(_ *desk, mine *gorm.DB) (string, error) {
		var found []map[string]any
		err := mine.Table("diaries").Find(&found).Error
		return fmt.Sprint(found), err
	},
	"preload": func(d *desk, mine *gorm.DB) (string, error) {
		var found []diary
		err := mine.Preload("Pages").Find(&found).Error
		return fmt.Sprint(found), err
	},
	"association": func(d *desk, mine *gorm.DB) (string, error) {
		var found []page
		err := mine.Model(&d.hers).Association("Pages").Find(&found)
		return fmt.Sprint(found), err
	},
	"a subquery of one's own": func(_ *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Where("id IN (?)", mine.Model(&page{}).Select("diary_id").Or("1 = 1")))
	},
	"a table from a subquery": func(_ *desk, mine *gorm.DB) (string, error) {
		var found []string
		err := mine.Table("(?) AS mine", mine.Model(&diary{})).Pluck("title", &found).Error
		return fmt.Sprint(found), err
	},
	"a lock": func(_ *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Clauses(clause.Locking{Strength: "UPDATE"}))
	},
	"a transaction": func(_ *desk, mine *gorm.DB) (found string, err error) {
		err = mine.Transaction(func(tx *gorm.DB) error { found, err = titles(tx.Or("1 = 1")); return err })
		return found, err
	},
	"first or create": func(_ *desk, mine *gorm.DB) (string, error) {
		var one diary
		err := mine.Where("title = ? OR 1 = 1", secret).Order("title").FirstOrCreate(&one).Error
		return one.Title, err
	},
}

func TestAPersonReadsWhatIsTheirsAndNothingElse(t *testing.T) {
	for name, read := range reads {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			before := d.hersAre(t)
			found, err := read(d, models.For(d.db, d.ada))
			if err != nil || !strings.Contains(found, secret) {
				t.Errorf("Ada reads %q, %v", found, err)
			}
			if found, _ = read(d, models.For(d.db, d.mallory)); strings.Contains(found, secret) {
				t.Errorf("Mallory reads %q", found)
			}
			if d.hersAre(t) != before {
				t.Error("Ada's diary has changed")
			}
		})
	}
}

// rounds are ways round the door: whoever tries is refused, the owner too.
var rounds = map[string]func(d *desk, mine *gorm.DB) (string, error){
	"no door": func(d *desk, _ *gorm.DB) (string, error) { return titles(d.db) },
	"no door, by the name": func(d *desk, _ *gorm.DB) (string, error) {
		return "", d.db.Table("diaries").Find(&[]map[string]any{}).Error
	},
	"no door, counted": func(d *desk, _ *gorm.DB) (string, error) { return "", d.db.Model(&diary{}).Count(new(int64)).Error },
	"no door, preloaded": func(d *desk, _ *gorm.DB) (string, error) {
		return "", d.db.Preload("Diary").Find(&[]page{}).Error
	},
	"no door, created": func(d *desk, _ *gorm.DB) (string, error) {
		return "", d.db.Create(&diary{Private: models.Private{ID: "x", UserID: d.ada.ID}}).Error
	},
	"no door, deleted": func(d *desk, _ *gorm.DB) (string, error) { return "", d.db.Delete(&d.hers).Error },
	"another context":  func(d *desk, mine *gorm.DB) (string, error) { return titles(mine.WithContext(context.Background())) },
	"nobody":           func(d *desk, _ *gorm.DB) (string, error) { return titles(models.For(d.db, &models.User{})) },
	"raw":              func(_ *desk, mine *gorm.DB) (string, error) { return titles(mine.Raw("SELECT * FROM diaries")) },
	"raw, held to the owner by hand": func(d *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Raw("SELECT * FROM diaries WHERE user_id = ?", d.mallory.ID))
	},
	"exec": func(_ *desk, mine *gorm.DB) (string, error) { return "", mine.Exec("DELETE FROM diaries").Error },
	"a join": func(_ *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Joins("JOIN diaries others ON 1 = 1").Select("others.*"))
	},
	"a join by relation": func(_ *desk, mine *gorm.DB) (string, error) { return "", mine.Joins("Diary").Find(&[]page{}).Error },
	"a subquery in a string": func(_ *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Select("*, (SELECT max(title) FROM diaries) AS title"))
	},
	"a subquery in a condition": func(_ *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Where("title < (SELECT max(title) FROM diaries)"))
	},
	"a subquery of nobody's": func(d *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Where("id IN (?)", d.db.Model(&diary{}).Select("id")))
	},
	"a union": func(_ *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Where("1 = 1 UNION SELECT * FROM diaries"))
	},
	"an injected union": func(_ *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Where("title = '" + "x') UNION SELECT * FROM diaries WHERE ('1' = '1" + "'"))
	},
	"an injected or": func(_ *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Where("(title = '" + "x') OR 1 = 1) OR (1 = 1 AND ('1' = '1" + "')"))
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
	"a FROM": func(_ *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Clauses(clause.From{Tables: []clause.Table{{Name: "diaries"}, {Name: "diaries", Alias: "others"}}}))
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
		return "", mine.Create(&diary{Private: models.Private{UserID: "somebody"}}).Error
	},
	"a gift by a map": func(d *desk, mine *gorm.DB) (string, error) {
		return "", mine.Model(&diary{}).Create(map[string]any{"id": "x", "title": "x", "user_id": "somebody"}).Error
	},
	"a gift among others": func(d *desk, mine *gorm.DB) (string, error) {
		return "", mine.Create([]diary{{}, {Private: models.Private{UserID: "somebody"}}}).Error
	},
	"a row given away": func(d *desk, mine *gorm.DB) (string, error) {
		return "", mine.Model(&d.hers).Update("user_id", "somebody").Error
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
	"a migrator": func(d *desk, mine *gorm.DB) (string, error) { return "", mine.Migrator().DropTable(&diary{}) },
}

func TestWhoGoesRoundTheDoorIsRefused(t *testing.T) {
	for name, try := range rounds {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			before := d.hersAre(t)
			for _, user := range []*models.User{d.ada, d.mallory} {
				found, err := try(d, models.For(d.db, user))
				if err == nil || strings.Contains(found, secret) {
					t.Errorf("%s gets %q, %v", user.Name, found, err)
				}
				if !errors.Is(err, models.ErrRoundTheDoor) && !errors.Is(err, models.ErrForeignOwner) {
					t.Errorf("%s meets: %v", user.Name, err)
				}
			}
			if d.hersAre(t) != before {
				t.Error("Ada's diary has changed")
			}
		})
	}
}

// What a person changes is theirs, whatever they ask for.
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
		return models.Found(mine.Select("*").Updates(&diary{Private: models.Private{ID: d.hers.ID}, Title: "mine"}))
	},
	"update columns": func(d *desk, mine *gorm.DB) error {
		return models.Found(mine.Model(&d.hers).UpdateColumns(map[string]any{"title": "mine"}))
	},
	"save": func(d *desk, mine *gorm.DB) error {
		return mine.Save(&diary{Private: models.Private{ID: d.hers.ID}, Title: "mine"}).Error
	},
	"save many": func(d *desk, mine *gorm.DB) error {
		return mine.Save(&[]diary{{Private: models.Private{ID: d.hers.ID}, Title: "mine"}, {Title: "another"}}).Error
	},
	"upsert": func(d *desk, mine *gorm.DB) error {
		return mine.Clauses(clause.OnConflict{UpdateAll: true}).Create(&diary{Private: models.Private{ID: d.hers.ID}, Title: "mine"}).Error
	},
	"upsert with a condition": func(d *desk, mine *gorm.DB) error {
		return mine.Clauses(clause.OnConflict{
			Columns:   []clause.Column{{Name: "id"}},
			DoUpdates: clause.AssignmentColumns([]string{"title", "user_id"}),
			Where:     clause.Where{Exprs: []clause.Expression{clause.Or(clause.Expr{SQL: "1 = 1"}), clause.Or(clause.Expr{SQL: "2 = 2"})}},
		}).Create(&diary{Private: models.Private{ID: d.hers.ID}, Title: "mine"}).Error
	},
	"delete the struct": func(d *desk, mine *gorm.DB) error { return models.Found(mine.Delete(&d.hers)) },
	"delete by id":      func(d *desk, mine *gorm.DB) error { return models.Found(mine.Delete(&diary{}, "id = ?", d.hers.ID)) },
	"delete, unscoped": func(d *desk, mine *gorm.DB) error {
		return models.Found(mine.Unscoped().Where("id = ?", d.hers.ID).Delete(&diary{}))
	},
	"delete by or": func(d *desk, mine *gorm.DB) error { return mine.Where("id = ''").Or("1 = 1").Delete(&diary{}).Error },
	"her pages, taken": func(d *desk, mine *gorm.DB) error {
		own := diary{Title: "with her pages"}
		return errors.Join(mine.Create(&own).Error,
			mine.Model(&own).Association("Pages").Append(&page{Private: models.Private{ID: d.page.ID}, Body: "mine"}))
	},
	"her pages, cleared": func(d *desk, mine *gorm.DB) error { return mine.Model(&d.hers).Association("Pages").Clear() },
	"her pages, replaced": func(d *desk, mine *gorm.DB) error {
		return mine.Model(&d.hers).Association("Pages").Replace(&page{Body: "mine"})
	},
}

func TestAPersonChangesNothingOfAnothers(t *testing.T) {
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			before := d.hersAre(t)
			err := change(d, models.For(d.db, d.mallory))
			if d.hersAre(t) != before {
				t.Errorf("Ada's diary has changed: %v", err)
			}
			must(t, change(d, models.For(d.db, d.ada)))
			if d.hersAre(t) == before {
				t.Error("Ada cannot do it either")
			}
		})
	}
}

func TestAnUpsertOfAnothersRowIsOneOfNoRow(t *testing.T) {
	d := newDesk(t)
	if err := models.For(d.db, d.mallory).Create(&diary{Private: models.Private{ID: d.hers.ID}}).Error; !errors.Is(err, gorm.ErrDuplicatedKey) {
		t.Errorf("her id for a row of his: %v", err)
	}
	err := models.For(d.db, d.mallory).Save(&diary{Private: models.Private{ID: d.hers.ID}, Title: "mine"}).Error
	if !errors.Is(err, gorm.ErrRecordNotFound) {
		t.Errorf("it gives: %v", err)
	}
}

func TestANewRowHasAnIdAnOwnerAndItsTimes(t *testing.T) {
	d := newDesk(t)
	several := []diary{{Title: "one"}, {Title: "two"}}
	must(t, models.For(d.db, d.mallory).Create(&several).Error)
	for _, one := range append(several, d.his) {
		if len(one.ID) != 36 || one.UserID != d.mallory.ID || one.CreatedAt.IsZero() || one.UpdatedAt.IsZero() {
			t.Errorf("%+v", one)
		}
	}
	must(t, models.For(d.db, d.mallory).Model(&diary{}).Create(map[string]any{"id": "x", "title": "map", "created_at": d.his.CreatedAt, "updated_at": d.his.UpdatedAt}).Error)
	var n int64
	must(t, models.For(d.db, d.mallory).Model(&diary{}).Where("title = 'map'").Count(&n).Error)
	if n != 1 {
		t.Errorf("%d rows were made of a map", n)
	}
}

func TestAForgottenConditionStillDeletesAndChangesNothing(t *testing.T) {
	d := newDesk(t)
	mine := models.For(d.db, d.ada)
	for name, err := range map[string]error{
		"delete": mine.Delete(&diary{}).Error,
		"update": mine.Model(&diary{}).Update("title", "gone").Error,
	} {
		if !errors.Is(err, gorm.ErrMissingWhereClause) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheSystemReachesEverybody(t *testing.T) {
	d := newDesk(t)
	var n int64
	must(t, models.AsSystem(d.db).Model(&diary{}).Count(&n).Error)
	must(t, models.AsSystem(d.db).Raw("SELECT count(*) FROM diaries").Scan(&n).Error)
	if n != 2 {
		t.Errorf("there are %d diaries", n)
	}
	if err := models.For(models.AsSystem(d.db), d.mallory).Exec("DELETE FROM diaries").Error; !errors.Is(err, models.ErrRoundTheDoor) {
		t.Errorf("a handle of Mallory's that was the system's: %v", err)
	}
}

func TestAColumnCalledAsAPrivateTableIsNone(t *testing.T) {
	d := newDesk(t)
	must(t, d.db.Create(&notebook{ID: "1", Diaries: "red"}).Error)
	must(t, d.db.Model(&notebook{}).Where("diaries = ?", "red").Update("diaries", "blue").Error)
	must(t, d.db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&notebook{ID: "1", Diaries: "blue"}).Error)
	var found []notebook
	must(t, d.db.Where("notebooks.diaries LIKE '%blue, diaries%' OR diaries = 'blue'").Order("diaries").Find(&found).Error)
	must(t, d.db.Raw("SELECT id, diaries FROM notebooks -- of all diaries").Scan(&found).Error)
	if len(found) != 1 || found[0].Diaries != "blue" {
		t.Errorf("%v", found)
	}
}
