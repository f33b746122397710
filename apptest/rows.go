package apptest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"example.com/gatehouse/models"
)

// Events returns the names in the security log, in order.
func (app *App) Events() (names []string) {
	app.T.Helper()
	if err := app.DB.Model(&models.Event{}).Order("at, id").Pluck("name", &names).Error; err != nil {
		app.T.Fatal(err)
	}
	return names
}

// WantEvents fails if the security log lacks one of these events.
func (app *App) WantEvents(names ...string) {
	app.T.Helper()
	got := app.Events()
	for _, name := range names {
		if !slices.Contains(got, name) {
			app.T.Errorf("got the events %v, want %s among them", got, name)
		}
	}
}

// Count returns the number of rows of a table that meet the condition.
func (app *App) Count(table, where string, args ...any) (n int64) {
	app.T.Helper()
	if err := models.Unscoped(app.DB).Table(table).Where(where, args...).Count(&n).Error; err != nil {
		app.T.Fatal(err)
	}
	return n
}

// SetHits sets how much of a limit everyone has used.
func (app *App) SetHits(rule string, n int) {
	app.T.Helper()
	app.Exec("UPDATE limits SET hits = ? WHERE id LIKE ?", n, rule+":%")
}

// Exec runs a statement past the application. It fails if no row changes.
func (app *App) Exec(statement string, args ...any) {
	app.T.Helper()
	if done := app.DB.Exec(statement, args...); done.Error != nil || done.RowsAffected == 0 {
		app.T.Fatalf("%s: changed %d rows (%v), want at least one", statement, done.RowsAffected, done.Error)
	}
}

// Cleanup runs the application's cleanup twice, because it removes in the second
// run what it ends in the first.
func (app *App) Cleanup(ctx context.Context) error {
	return cmp.Or(app.Auth.Cleanup(ctx), app.Auth.Cleanup(ctx))
}

// CleanupAfterWeek advances the clock by a week and runs the cleanup. After a
// week deleted accounts and used links are removed.
func (app *App) CleanupAfterWeek() {
	app.T.Helper()
	app.Clock.Advance(7 * 24 * time.Hour)
	if err := app.Cleanup(app.T.Context()); err != nil {
		app.T.Fatal(err)
	}
}

// Tables returns the whole database as text, by table.
func (app *App) Tables() map[string]string {
	app.T.Helper()
	dump := map[string]string{}
	for _, table := range models.SchemaOf(app.DB) {
		dump[table.Name] = app.Rows(table.Name, "1 = 1")
	}
	return dump
}

// ChangedTables returns the names of the tables that differ from an earlier
// result of Tables.
func (app *App) ChangedTables(before map[string]string) (tables []string) {
	app.T.Helper()
	for table, rows := range app.Tables() {
		if rows != before[table] {
			tables = append(tables, table)
		}
	}
	return tables
}

// Rows returns the rows of a table that meet the condition, as text.
func (app *App) Rows(table, where string, args ...any) string {
	app.T.Helper()
	var text strings.Builder
	for _, row := range app.Values(table, where, args...) {
		for _, column := range slices.Sorted(maps.Keys(row)) {
			fmt.Fprintf(&text, "%s=%+q ", column, fmt.Sprint(row[column]))
		}
		text.WriteByte('\n')
	}
	return text.String()
}

// Values returns the rows of a table that meet the condition, as values by
// column.
func (app *App) Values(table, where string, args ...any) (rows []map[string]any) {
	app.T.Helper()
	if err := models.Unscoped(app.DB).Table(table).Where(where, args...).Order("id").Find(&rows).Error; err != nil {
		app.T.Fatal(err)
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
