package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"example.com/gatehouse/config"
	"example.com/gatehouse/models"
)

// backup writes a copy of the SQLite database into a file.
func backup(ctx context.Context) error {
	c, err := config.Load(os.Environ())
	if err != nil {
		return err
	}
	to := os.Args[2]
	if err := models.Backup(ctx, c.DatabaseURL, to); err != nil {
		return err
	}
	fmt.Printf("The backup is in %s. Keep SECRET_KEY with it, but not in the same place.\n", to)
	return nil
}

// restore puts a backup in the place of the SQLite database.
func restore(ctx context.Context) error {
	c, err := config.Load(os.Environ())
	if err != nil {
		return err
	}
	from := os.Args[2]
	former, err := models.Restore(ctx, c.DatabaseURL, from, time.Now())
	if err != nil {
		return err
	}
	fmt.Printf("%s is restored.\n", from)
	if former != "" {
		fmt.Printf("The former database is in %s. Delete it when you no longer need it.\n", former)
	}
	return nil
}
