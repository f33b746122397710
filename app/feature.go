package app

import (
	"io/fs"
	"net/http"
	"slices"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/auth/hash"
	"example.com/gatehouse/handlers"
	"example.com/gatehouse/mail"
	"example.com/gatehouse/models"
	"example.com/gatehouse/views/ui"
	"example.com/gatehouse/web"
)

// Feature is one optional part of the product: a folder, and one line in
// features.go. A zero field adds nothing.
type Feature struct {
	// Name is that of the folder.
	Name string
	// Migrations are *.sql files for goose. A file begins with its version, a
	// timestamp such as 20261201120000, so that no two folders collide.
	Migrations fs.FS
	Tables     []models.Table
	// Auth returns the feature's factors, login steps and hooks. Core.Auth is
	// set, but its methods may be called only once the program serves.
	Auth func(*Core) auth.Feature
	// Routes registers the feature's routes. Core.Web takes what else its pages
	// need: what the frames show, the pages of login steps, login hooks.
	Routes func(*Core, *web.Router)
	// Menu is in the navigation of the app, between the dashboard and the
	// account.
	Menu     []ui.Link
	Messages []mail.Preview
	Commands []Command
	Jobs     []Job
}

// Tables returns the tables of the core and of the features.
func Tables(features []Feature) []models.Table {
	tables := models.Tables()
	for _, f := range features {
		tables = append(tables, f.Tables...)
	}
	return tables
}

// Migrations returns the folders with the features' migrations.
func Migrations(features []Feature) (folders []fs.FS) {
	for _, f := range features {
		if f.Migrations != nil {
			folders = append(folders, f.Migrations)
		}
	}
	return folders
}

// OpenAuth sets Auth, with what the features add to it. Tests hand in a hasher
// that is cheap; nil is one at full cost.
func (core *Core) OpenAuth(hasher *hash.Hasher) (err error) {
	o := auth.Options{Config: core.Config, DB: core.DB, Outbox: core.Outbox, Log: core.Log, Now: core.Now, Hasher: hasher}
	for _, f := range core.Features {
		if f.Auth == nil {
			continue
		}
		o.Features = append(o.Features, func(a *auth.Auth) auth.Feature {
			core.Auth = a
			return f.Auth(core)
		})
	}
	core.Auth, err = auth.New(o)
	return err
}

// Jobs returns the jobs of the core and of its features.
func (core *Core) Jobs() []Job {
	jobs := []Job{cleanup}
	for _, f := range core.Features {
		jobs = append(jobs, f.Jobs...)
	}
	return jobs
}

// Site assembles the pages of the core and of its features. It returns their
// handler, and the routes.
func (core *Core) Site() (http.Handler, []web.Route) {
	core.Web = web.New(core.Config, core.Auth, core.Log, core.Now)
	o := handlers.Options{
		Config: core.Config, DB: core.DB, Auth: core.Auth, Outbox: core.Outbox, Log: core.Log, Now: core.Now,
		Previews: mail.Previews(),
	}
	var menu []ui.Link
	for _, f := range core.Features {
		o.Previews = append(o.Previews, f.Messages...)
		menu = slices.Concat(menu, f.Menu)
	}
	core.Web.SetMenu(menu)
	pages, router := handlers.New(core.Web, o), core.Web.NewRouter()
	pages.Routes(router)
	for _, f := range core.Features {
		if f.Routes != nil {
			f.Routes(core, router)
		}
	}
	return router, router.Routes()
}
