package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"example.com/gatehouse/config"
	"example.com/gatehouse/models"
	"example.com/gatehouse/models/dsn"
)

// seedPassword is the password of everyone whom seed adds, as long as PASSWORD_MIN wants it. It is no secret, which is why seed refuses to
// run in production.
func seedPassword(min int) string {
	password := "correct horse lantern staple"
	for len(password) < min {
		password += " staple"
	}
	return password
}

// seeds gives each new person something to look at.
func seeds() []func(*gorm.DB, *models.User) error {
	return []func(*gorm.DB, *models.User) error{
		models.SeedNotes, // feature:notes
	}
}

// seed adds a few people to play with. Whoever is there already stays as they are.
func seed(ctx context.Context, a *app) error {
	if a.config.Production {
		return errors.New("seed adds people whose password everybody knows; it runs in development alone")
	}
	if host := publicHost(a.config.DatabaseURL); host != "" {
		return fmt.Errorf("DATABASE_URL is at %s, which may be production's; seed adds people whose password everybody knows, to a database on this machine or a private network alone", host)
	}
	password := seedPassword(a.config.PasswordMin)
	for _, person := range []struct{ name, email string }{
		{"Ada Lovelace", "ada@example.com"},
		{"Grace Hopper", "grace@example.com"},
		{"Alan Turing", "alan@example.com"},
	} {
		added, err := a.auth.AddUser(ctx, person.name, person.email, password)
		if err != nil {
			return fmt.Errorf("add %s: %w", person.email, err)
		}
		if !added {
			fmt.Printf("kept   %s\n", person.email)
			continue
		}
		if err := plant(a.db.WithContext(ctx), person.email); err != nil {
			return fmt.Errorf("give %s something to look at: %w", person.email, err)
		}
		fmt.Printf("added  %s\n", person.email)
	}
	fmt.Printf("\nNew people log in with the password: %s\n", password)
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

// plant gives a person the rows of every seed.
func plant(db *gorm.DB, email string) error {
	user, err := models.FindUserByEmail(db, email)
	if err != nil {
		return err
	}
	for _, add := range seeds() {
		if err := add(db, &user); err != nil {
			return err
		}
	}
	return nil
}
