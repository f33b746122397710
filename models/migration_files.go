package models

import (
	"fmt"
	"io/fs"
	"path"

	"gorm.io/gorm"
)

// migrationFiles are the migrations of a program, each by its name with the
// folder that has it. It is a plugin of GORM's, which each handle carries.
type migrationFiles map[string]fs.FS

// collectMigrations adds the migrations of other folders to the core's. Two files
// of one name are an error: one of them would never run.
func collectMigrations(folders []fs.FS) (migrationFiles, error) {
	core, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	all := migrationFiles{}
	for _, folder := range append([]fs.FS{core}, folders...) {
		names, err := fs.Glob(folder, "*.sql")
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if all[name] != nil {
				return nil, fmt.Errorf("two migrations are called %s: rename one", name)
			}
			all[name] = folder
		}
	}
	return all, nil
}

func migrationsOf(db *gorm.DB) migrationFiles {
	files, _ := db.Plugins[migrationFiles(nil).Name()].(migrationFiles)
	return files
}

// Name is that of the plugin.
func (migrationFiles) Name() string { return "migrations" }

// Initialize does nothing.
func (migrationFiles) Initialize(*gorm.DB) error { return nil }

// Open opens a migration.
func (m migrationFiles) Open(name string) (fs.File, error) {
	if m[name] == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return m[name].Open(name)
}

// Glob returns the migrations whose names match.
func (m migrationFiles) Glob(pattern string) (names []string, err error) {
	for name := range m {
		matches, err := path.Match(pattern, name)
		if err != nil {
			return nil, err
		}
		if matches {
			names = append(names, name)
		}
	}
	return names, nil
}
