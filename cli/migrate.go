package cli

import (
	"context"
	"errors"
	"fmt"

	"example.com/gatehouse/app"
	"example.com/gatehouse/models"
)

// migrate brings the database up to date. It needs fewer settings than the
// core, so that a deployment can run it before the others are there.
func migrate(ctx context.Context, call *app.Call) (err error) {
	c, err := call.Config()
	if err != nil {
		return err
	}
	db, err := models.Open(c.DatabaseURL, app.Tables(call.Features), app.Migrations(call.Features)...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, models.Close(db)) }()
	applied, err := models.Migrate(ctx, db)
	if err != nil {
		return err
	}
	fmt.Fprintf(call.Out, "%d migrations applied; the database is up to date\n", applied)
	return nil
}
