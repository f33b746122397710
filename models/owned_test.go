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

// A diary has pages, and both are owned. A notebook is not, and has a column with the name of an owned table.
type diary struct {
	models.Owned
	Title string
	Pages []page `gorm:"foreignKey:DiaryID"`
}

type page struct {
	models.Owned
	DiaryID string
	Body    string
	Diary   *diary
}

type notebook struct {
	ID      string
	Diaries string
}

const secret = "Ada's secret"

// desk is a database with a diary of Ada's and one of Mallory's. A page of Mallory's claims to be in Ada's diary.
type desk struct {
	db           *gorm.DB
	ada, mallory *models.Actor
	hers, his    diary
	page         page // of hers
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	db, err := models.Open(modelstest.URL(t), []models.Table{{Model: &diary{}}, {Model: &page{}}})
	must(t, err)
	t.Cleanup(func() { models.Close(db) })
	system := models.Unscoped(db)
	const columns = "id TEXT NOT NULL PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id), created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL, "
	must(t, system.Exec("CREATE TABLE diaries ("+columns+"title TEXT NOT NULL)").Error)
	must(t, system.Exec("CREATE TABLE pages ("+columns+"diary_id TEXT, body TEXT NOT NULL)").Error)
	must(t, system.Exec("CREATE TABLE notebooks (id TEXT NOT NULL PRIMARY KEY, diaries TEXT NOT NULL)").Error)
	d := &desk{db: db, ada: models.ActorFor(newUser("ada")), mallory: models.ActorFor(newUser("mallory"))}
	must(t, db.Create(&d.ada.User).Error)
	must(t, db.Create(&d.mallory.User).Error)
	d.hers, d.his = diary{Title: secret}, diary{Title: "Nothing"}
	must(t, models.Scoped(db, d.ada).Create(&d.hers).Error)
	d.page = page{DiaryID: d.hers.ID, Body: secret}
	must(t, models.Scoped(db, d.ada).Create(&d.page).Error)
	must(t, models.Scoped(db, d.mallory).Create(&d.his).Error)
	must(t, models.Scoped(db, d.mallory).Create(&page{DiaryID: d.hers.ID, Body: "Nothing"}).Error)
	return d
}

// adasRows returns everything of Ada's in the database.
func (d *desk) adasRows(t *testing.T) string {
	t.Helper()
	var diaries []diary
	var pages []page
	must(t, models.Unscoped(d.db).Order("id").Find(&diaries, "user_id = ?", d.ada.User.ID).Error)
	must(t, models.Unscoped(d.db).Order("id").Find(&pages, "user_id = ?", d.ada.User.ID).Error)
	return fmt.Sprintf("%+v %+v", diaries, pages)
}

// titles returns what a query finds.
func titles(query *gorm.DB) (string, error) {
	var found []diary
	err := query.Find(&found).Error
	return fmt.Sprintf("%+v", found), err
}

// reads are queries that find the user's own rows, and never another user's.
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
	"another user's user_id": func(d *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Where("1 = 1").Or("user_id = ?", d.ada.User.ID))
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
		one := diary{Owned: models.Owned{ID: d.hers.ID}}
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
	"a scoped subquery": func(_ *desk, mine *gorm.DB) (string, error) {
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
	"another context": func(_ *desk, mine *gorm.DB) (string, error) { return titles(mine.WithContext(context.Background())) },
	"generics": func(_ *desk, mine *gorm.DB) (string, error) {
		found, err := gorm.G[diary](mine).Where("1 = 1 OR 1 = 1").Find(context.Background())
		return fmt.Sprint(found), err
	},
	"a join by relation": func(_ *desk, mine *gorm.DB) (string, error) { return titlesOfPages(mine.Joins("Diary")) },
	"an inner join by relation, with a condition": func(_ *desk, mine *gorm.DB) (string, error) {
		return titlesOfPages(mine.InnerJoins("Diary", mine.Session(&gorm.Session{NewDB: true}).Where("1 = 1 OR 1 = 1")).Or("1 = 1"))
	},
	"a preload of a relation": func(_ *desk, mine *gorm.DB) (string, error) { return titlesOfPages(mine.Preload("Diary")) },
	"a join with a scoped subquery": func(_ *desk, mine *gorm.DB) (found string, err error) {
		var titles []string
		err = mine.Model(&page{}).Joins("JOIN (?) AS others ON 1 = 1", mine.Model(&diary{})).Pluck("others.title", &titles).Error
		return fmt.Sprint(titles), err
	},
	"two tables in a FROM": func(_ *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Select("others.title").Clauses(clause.From{Tables: []clause.Table{{Name: "diaries"}, {Name: "diaries", Alias: "others"}}}))
	},
	"exists": func(_ *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Where("EXISTS (?)", mine.Model(&page{}).Select("1").Where("pages.diary_id = diaries.id OR 1 = 1")))
	},
	"a scoped subquery in another statement": func(d *desk, mine *gorm.DB) (string, error) {
		var found []string
		err := d.db.Table("(?) AS theirs", mine.Model(&diary{}).Or("1 = 1")).Pluck("title", &found).Error
		return fmt.Sprint(found), err
	},
	"rows, scanned": func(_ *desk, mine *gorm.DB) (string, error) {
		rows, err := mine.Model(&diary{}).Or("1 = 1").Rows()
		if err != nil {
			return "", err
		}
		defer rows.Close()
		var all []diary
		for rows.Next() {
			var one diary
			err = errors.Join(err, mine.ScanRows(rows, &one))
			all = append(all, one)
		}
		return fmt.Sprint(all), err
	},
	"a qualified column": func(_ *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Where("diaries.id IS NOT NULL OR diaries . title = diaries.title").Order("diaries.title"))
	},
	"a column behind FROM": func(d *desk, mine *gorm.DB) (string, error) {
		if d.db.Name() == "postgres" {
			mine = mine.Where("extract(year FROM diaries.created_at) > 1 AND trim(both ' ' from diaries.title) <> ''")
		}
		return titles(mine.Where("diaries.id IS DISTINCT FROM diaries.title"))
	},
	"a pasted parenthesis": func(_ *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Where("title <> ?", "").Where("1 = 1) OR (1 = 1"))
	},
	"a pasted dollar": func(_ *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Where("title <> ?", "").Where("1 = (SELECT 1 AS a$x$)) OR (1 = 1 OR 1 = (SELECT 1 AS a$x$)"))
	},
	"a pasted WHERE": func(_ *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Joins("WHERE 1 = 1 OR EXISTS (SELECT 1").Where("1 = 1").Order("1)"))
	},
	"a pasted union": func(_ *desk, mine *gorm.DB) (string, error) {
		return titles(mine.Select("title").Where("1 = 1 UNION SELECT name FROM users"))
	},
}

func titlesOfPages(query *gorm.DB) (found string, err error) {
	var pages []page
	err = query.Find(&pages).Error
	for _, one := range pages {
		found += fmt.Sprint(one.Diary)
	}
	return found, err
}

func TestScoped_ReadsTheUsersRowsAndNoOthers(t *testing.T) {
	for name, read := range reads {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			before := d.adasRows(t)
			found, err := read(d, models.Scoped(d.db, d.ada))
			if err != nil || !strings.Contains(found, secret) {
				t.Errorf("Ada reads %q, %v", found, err)
			}
			if found, _ = read(d, models.Scoped(d.db, d.mallory)); strings.Contains(found, secret) {
				t.Errorf("Mallory reads %q", found)
			}
			if d.adasRows(t) != before {
				t.Error("Ada's diary has changed")
			}
		})
	}
}

func TestUnscoped_ReachesTheRowsOfAllUsers(t *testing.T) {
	d := newDesk(t)
	var n int64
	must(t, models.Unscoped(d.db).Model(&diary{}).Count(&n).Error)
	must(t, models.Unscoped(d.db).Raw("SELECT count(*) FROM diaries").Scan(&n).Error)
	if n != 2 {
		t.Errorf("there are %d diaries", n)
	}
	if err := models.Scoped(models.Unscoped(d.db), d.mallory).Exec("DELETE FROM diaries").Error; !errors.Is(err, models.ErrUnscoped) {
		t.Errorf("Mallory's handle from an unscoped one: got %v, want ErrUnscoped", err)
	}
}

func TestScoped_AllowsColumnsWithTheNameOfAnOwnedTable(t *testing.T) {
	d := newDesk(t)
	must(t, d.db.Create(&notebook{ID: "1", Diaries: "red"}).Error)
	must(t, d.db.Model(&notebook{}).Where("diaries = ?", "red").Update("diaries", "blue").Error)
	must(t, d.db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&notebook{ID: "1", Diaries: "blue"}).Error)
	var found []notebook
	must(t, d.db.Where("notebooks.diaries LIKE ? OR diaries = ?", "%blue, diaries%", "blue").Order("diaries").Find(&found).Error)
	must(t, d.db.Select("id", "diaries").Find(&found).Error)
	must(t, d.db.Raw("SELECT id, notebooks.diaries FROM notebooks").Scan(&found).Error)
	must(t, d.db.Raw("SELECT id FROM notebooks -- all of them").Scan(&[]string{}).Error)
	var colors []string
	must(t, d.db.Model(&notebook{}).Distinct().Order("diaries DESC").Pluck("diaries", &colors).Error)
	must(t, models.Scoped(d.db, d.ada).Model(&notebook{}).Group("diaries").Pluck("diaries", &colors).Error)
	if len(colors) != 1 || colors[0] != "blue" {
		t.Errorf("got %v, want blue", colors)
	}
	if len(found) != 1 || found[0].Diaries != "blue" {
		t.Errorf("%v", found)
	}
}
