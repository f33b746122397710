package cli

import (
	"context"
	"fmt"
	"time"

	"example.com/gatehouse/app"
	"example.com/gatehouse/models"
)

// backup copies the SQLite database into a new file.
func backup(ctx context.Context, call *app.Call) error {
	c, err := call.Config()
	if err != nil {
		return err
	}
	to := call.Args[0]
	if err := models.Backup(ctx, c.DatabaseURL, to); err != nil {
		return err
	}
	fmt.Fprintf(call.Out, "The backup is in %s. Keep SECRET_KEY with it, but not in the same place.\n", to)
	return nil
}

// restore replaces the SQLite database with a backup.
func restore(ctx context.Context, call *app.Call) error {
	c, err := call.Config()
	if err != nil {
		return err
	}
	from := call.Args[0]
	former, err := models.Restore(ctx, c.DatabaseURL, from, time.Now(), app.Migrations(call.Features)...)
	if err != nil {
		return err
	}
	fmt.Fprintf(call.Out, "%s is restored.\n", from)
	if former != "" {
		fmt.Fprintf(call.Out, "The former database is in %s. Delete it when you no longer need it.\n", former)
	}
	return nil
}
