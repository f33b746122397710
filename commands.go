package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/config"
	"example.com/gatehouse/mail"
	"example.com/gatehouse/models"
)

// commands by their words; … stands for one word more, which is the command's to read.
var commands = map[string]func(context.Context) error{
	"serve":                  withApp(serve),
	"migrate":                migrate,
	"backup …":               backup,
	"restore …":              restore,
	"seed":                   withApp(seed),
	"routes":                 routes,
	"routes --json":          routesJSON,
	"routes …":               routesWith,
	"user expire-password …": withApp(expirePassword),
	"user recover …":         withApp(recoverUser),
	"user move … …":          withApp(moveUser),
	"help":                   help,
	"--help":                 help,
	"-h":                     help,

	auth.HashWorker: hashWorker, // for serve, not for people
}

// commandOf finds the command that is called by these words.
func commandOf(words []string) (run func(context.Context) error, known bool) {
	for form, run := range commands {
		if slices.EqualFunc(strings.Fields(form), words, func(part, word string) bool {
			return part == word || part == "…" && !strings.HasPrefix(word, "-")
		}) {
			return run, true
		}
	}
	return nil, false
}

// exitStatus is 2 for what the person who started the program has to mend, 1 for everything else.
func exitStatus(err error) int {
	if _, ok := errors.AsType[config.Faults](err); ok {
		return 2
	}
	return 1
}

// app is the program, put together.
type app struct {
	config  config.Config
	db      *gorm.DB
	outbox  *mail.Outbox
	auth    *auth.Auth
	log     *slog.Logger
	applied int // migrations, at this start
}

// withApp puts the program together for a command, on a migrated database.
func withApp(command func(context.Context, *app) error) func(context.Context) error {
	return func(ctx context.Context) (err error) {
		c, err := config.Load(os.Environ())
		if err != nil {
			return err
		}
		if err := c.KeepSecret(); err != nil {
			return err
		}
		log := newLog(c)
		slog.SetDefault(log)
		db, err := models.Open(c.DatabaseURL)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, models.Close(db)) }()
		applied, err := models.Migrate(ctx, db)
		if err != nil {
			return err
		}
		outbox, err := newOutbox(c, db, log)
		if err != nil {
			return err
		}
		a, err := auth.New(c, db, outbox, log, time.Now)
		if err != nil {
			return err
		}
		defer a.Close()
		return command(ctx, &app{c, db, outbox, a, log, applied})
	}
}

// newLog writes lines for people in development and JSON for machines in production.
func newLog(c config.Config) *slog.Logger {
	if c.Production {
		return slog.New(slog.NewJSONHandler(os.Stderr, nil))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, nil))
}

func newOutbox(c config.Config, db *gorm.DB, log *slog.Logger) (*mail.Outbox, error) {
	smtp, err := mail.NewSMTP(c.SMTPURL, c.SMTPHelo, nil, c.Production)
	if err != nil {
		return nil, err
	}
	return mail.NewOutbox(db, smtp, c.MailFrom, c.SecretKeys, !c.Production, log, time.Now)
}

func migrate(ctx context.Context) (err error) {
	c, err := config.Load(os.Environ())
	if err != nil {
		return err
	}
	db, err := models.Open(c.DatabaseURL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, models.Close(db)) }()
	applied, err := models.Migrate(ctx, db)
	if err != nil {
		return err
	}
	fmt.Printf("%d migrations applied; the database is up to date\n", applied)
	return nil
}

func hashWorker(context.Context) error { return auth.ServeHashes(os.Stdin, os.Stdout) }

func help(context.Context) error {
	fmt.Printf(usage, filepath.Base(os.Args[0]))
	return nil
}
