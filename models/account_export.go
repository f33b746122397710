package models

import (
	"reflect"
	"slices"
	"time"

	"gorm.io/gorm"
)

// ExportPart is a table in an export of what is held about a user.
type ExportPart struct{ ParsedTable }

// ExportParts lists the tables of an export.
func (s Schema) ExportParts() (parts []ExportPart) {
	for _, table := range s {
		if table.Says != "" {
			parts = append(parts, ExportPart{table})
		}
	}
	return parts
}

// Columns are those that the export shows as values.
func (p ExportPart) Columns() []string { return p.columns(false) }

// FileColumns are those whose bytes are files of the export.
func (p ExportPart) FileColumns() []string {
	return slices.DeleteFunc(p.columns(true), func(name string) bool {
		return !p.Owned() && !slices.Contains(p.Table.Files, name)
	})
}

func (p ExportPart) columns(bytes bool) (names []string) {
	for _, name := range p.Parsed.DBNames {
		isBytes := p.Parsed.FieldsByDBName[name].FieldType == reflect.TypeFor[[]byte]()
		if !slices.Contains(p.Secrets, name) && bytes == isBytes {
			names = append(names, name)
		}
	}
	return names
}

// exportRows is how many rows are in memory at a time; of those with files it is one.
const exportRows = 200

// Rows gives each of the user's rows to a function, as values by column. Between two batches nothing is held of the database: who
// downloads slowly keeps nobody waiting.
func (p ExportPart) Rows(db *gorm.DB, user *User, each func(row map[string]any) error) error {
	return p.batches(db, user, p.Columns(), exportRows, each)
}

// Files gives each file of the user's rows to a function, with the id of its row.
func (p ExportPart) Files(db *gorm.DB, user *User, each func(id, column string, content []byte) error) error {
	files := p.FileColumns()
	if len(files) == 0 {
		return nil
	}
	return p.batches(db, user, append(files, "id"), 1, func(row map[string]any) error {
		for _, column := range files {
			if err := each(row["id"].(string), column, row[column].([]byte)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (p ExportPart) batches(db *gorm.DB, user *User, columns []string, size int, each func(map[string]any) error) error {
	for last := ""; ; {
		rows := reflect.New(reflect.SliceOf(p.Parsed.ModelType))
		err := p.of(db, user).Select(columns).Where("id > ?", last).Order("id").Limit(size).Find(rows.Interface()).Error
		if err != nil {
			return err
		}
		n := rows.Elem().Len()
		for i := range n {
			row := map[string]any{}
			for _, column := range columns {
				value, _ := p.Parsed.FieldsByDBName[column].ValueOf(db.Statement.Context, rows.Elem().Index(i))
				row[column] = inUTC(value)
			}
			last = row["id"].(string)
			if err := each(row); err != nil {
				return err
			}
		}
		if n < size {
			return nil
		}
	}
}

// of is a handle for the user's rows, the deleted ones that are still there among them.
func (p ExportPart) of(db *gorm.DB, user *User) *gorm.DB {
	model := reflect.New(p.Parsed.ModelType).Interface()
	switch {
	case p.Owned():
		return Scoped(db, ActorFor(user)).Unscoped().Model(model)
	case p.Name == "users":
		return db.Model(model).Where("id = ?", user.ID)
	}
	return db.Model(model).Where("user_id = ?", user.ID)
}

// inUTC makes the database's time of whatever zone the driver gave UTC.
func inUTC(value any) any {
	switch v := value.(type) {
	case time.Time:
		return v.UTC()
	case *time.Time:
		if v != nil {
			return v.UTC()
		}
	case gorm.DeletedAt:
		if v.Valid {
			return v.Time.UTC()
		}
		return nil
	}
	return value
}
