package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"example.com/gatehouse/app"
	"example.com/gatehouse/config"
	"example.com/gatehouse/models"
	"example.com/gatehouse/models/dsn"
)

// seedPassword returns the password of every sample user, which has at least
// min characters. It is no secret, so seed refuses to run in production.
func seedPassword(min int) string {
	password := "correct horse lantern staple"
	for len(password) < min {
		password += " staple"
	}
	return password
}

// seeds returns what gives each new sample user something to look at.
func seeds() []func(*gorm.DB, *models.Actor) error {
	return []func(*gorm.DB, *models.Actor) error{
		models.SeedNotes, // feature:notes
	}
}

// seed adds a few sample users. It does not change those that exist.
func seed(ctx context.Context, call *app.Call, core *app.Core) error {
	if core.Config.Production {
		return errors.New("seed adds users with a well-known password, so it runs in development only")
	}
	if host := publicHost(core.Config.DatabaseURL); host != "" {
		return fmt.Errorf("DATABASE_URL is at %s, which may be production's; seed adds users with a well-known "+
			"password, "+
			"so the database must be on this machine or in a private network", host)
	}
	password := seedPassword(core.Config.PasswordMin)
	for _, user := range []struct{ name, email string }{
		{"Ada Lovelace", "ada@example.com"},
		{"Grace Hopper", "grace@example.com"},
		{"Alan Turing", "alan@example.com"},
	} {
		added, err := core.Auth.AddUser(ctx, user.name, user.email, password)
		if err != nil {
			return fmt.Errorf("add %s: %w", user.email, err)
		}
		if !added {
			fmt.Fprintf(call.Out, "kept   %s\n", user.email)
			continue
		}
		if err := addSamples(core.DB.WithContext(ctx), user.email); err != nil {
			return fmt.Errorf("add sample rows of %s: %w", user.email, err)
		}
		fmt.Fprintf(call.Out, "added  %s\n", user.email)
	}
	fmt.Fprintf(call.Out, "\nNew users log in with the password: %s\n", password)
	return nil
}

// publicHost returns the server of a database that is neither on this machine
// nor in a private network, and "" if there is none.
func publicHost(databaseURL string) string {
	database, err := dsn.Parse(databaseURL)
	if err != nil {
		return "" // config.Load has refused it
	}
	for _, host := range database.Hosts() {
		if !strings.HasPrefix(host, "/") && !config.PrivateHost(host) {
			return host
		}
	}
	return ""
}

// addSamples gives a user the rows of every seed.
func addSamples(db *gorm.DB, email string) error {
	user, err := models.FindUserByEmail(db, email)
	if err != nil {
		return err
	}
	for _, add := range seeds() {
		if err := add(db, models.ActorFor(&user)); err != nil {
			return err
		}
	}
	return nil
}
