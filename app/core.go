// Package app assembles what every part of the program builds on, and says what
// a command of the program is.
package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/config"
	"example.com/gatehouse/mail"
	"example.com/gatehouse/models"
	"example.com/gatehouse/web"
)

// Core is the application without its pages: the settings, the migrated
// database, the identities and the mail that waits to be sent.
type Core struct {
	Config config.Config
	DB     *gorm.DB
	Outbox *mail.Outbox
	Auth   *auth.Auth
	Log    *slog.Logger
	Now    func() time.Time

	Features []Feature
	Web      *web.Web // by Site

	Applied int // migrations, by Open
}

// Open assembles the core and brings its database up to date. The caller must
// close it. In development Open creates the secret key that c lacks.
func Open(ctx context.Context, c config.Config, features []Feature, log *slog.Logger, now func() time.Time) (*Core, error) {
	if err := c.KeepSecret(); err != nil {
		return nil, err
	}
	db, err := models.Open(c.DatabaseURL, Tables(features), Migrations(features)...)
	if err != nil {
		return nil, err
	}
	core := &Core{Config: c, DB: db, Log: log, Now: now, Features: features}
	if err := core.assemble(ctx); err != nil {
		return nil, errors.Join(err, models.Close(db))
	}
	return core, nil
}

func (core *Core) assemble(ctx context.Context) (err error) {
	c := core.Config
	if core.Applied, err = models.Migrate(ctx, core.DB); err != nil {
		return err
	}
	smtp, err := mail.NewSMTP(c.SMTPURL, c.SMTPHelo, nil, c.Production)
	if err != nil {
		return err
	}
	core.Outbox, err = mail.NewOutbox(core.DB, smtp, c.MailFrom, c.SecretKeys, !c.Production, core.Log, core.Now)
	if err != nil {
		return err
	}
	return core.OpenAuth(nil)
}

// Close closes the database. Nothing may use the core any longer.
func (core *Core) Close() error {
	return errors.Join(core.Auth.Close(), models.Close(core.DB))
}
