package handlers_test

import (
	"reflect"

	"example.com/gatehouse/models"
)

// values returns the rows of a table that are a user's.
func (s *stage) values(table, owner, id string) (rows []map[string]any) {
	s.t.Helper()
	if err := models.Unscoped(s.db).Table(table).Where(owner+" = ?", id).Find(&rows).Error; err != nil {
		s.t.Fatal(err)
	}
	for _, row := range rows {
		for column, value := range row {
			v := reflect.ValueOf(value)
			for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
				v = v.Elem()
			}
			if row[column] = nil; v.IsValid() {
				row[column] = v.Interface()
			}
		}
	}
	return rows
}
