// Package cli has the commands of the program, each declared once: the usage
// and the dispatch are derived from the list.
package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"example.com/gatehouse/app"
	"example.com/gatehouse/config"
)

func commands(features []app.Feature) []app.Command {
	all := []app.Command{
		{Words: "serve", Run: app.WithCore(serve),
			About: "migrate the database and answer requests (the default)"},
		{Words: "migrate", Run: migrate,
			About: "bring the database up to date"},
		{Words: "backup FILE", Run: backup,
			About: "copy the SQLite database into a new file, also while the program\nruns"},
		{Words: "restore FILE", Run: restore,
			About: "replace the SQLite database with a backup, after the program has\nstopped"},
		{Words: "seed", Run: app.WithCore(seed),
			About: "add a few sample users; in development only"},
		{Words: "routes [WORD]", Run: routes,
			About: "list every route with its guard, handler and limits, or only the\nlines that contain a word"},
		{Words: "routes --json", Run: routesJSON,
			About: "list the routes as a JSON array of objects with method, path, guard,\n" +
				"handler, max_body (bytes) and limits; each limit has rule, free,\n" +
				"window_seconds, growing, max_wait_seconds and closed_at (attempts,\n0 for never)"},
		{Words: "routes --write", Run: writeRoutes,
			About: "write the list with the default settings into routes.txt"},
		{Words: "user expire-password ADDRESS", Run: app.WithCore(expirePassword),
			About: "invalidate a password, log the user out everywhere, and mail them to\nchoose a new one"},
		{Words: "user recover ADDRESS", Run: app.WithCore(recoverUser),
			About: "mail a user who has lost every second factor a link that removes\nthem"},
		{Words: "user move ADDRESS NEW-ADDRESS", Run: app.WithCore(moveUser),
			About: "mail the new address of a user who has lost the old mailbox a link\nthat moves the account there"},
		{Words: "user grant ADDRESS ROLE", Run: app.WithCore(grantRole),
			About: "give a user a role"},
		{Words: "user revoke ADDRESS ROLE", Run: app.WithCore(revokeRole),
			About: "take a role from a user"},
		{Words: "help", Run: help,
			About: "show this"},
	}
	for _, f := range features {
		all = append(all, f.Commands...)
	}
	return all
}

// Run executes the command that args call and returns the exit status of the
// process: 2 if the user has to correct the arguments or the settings, 1 for
// any other error.
func Run(ctx context.Context, args []string, features []app.Feature) int {
	name, _ := os.Executable() // without a name, messages begin with a dot
	return run(ctx, args, &app.Call{Program: filepath.Base(name), Environ: os.Environ(), Features: features,
		Out: os.Stdout, Err: os.Stderr})
}

// run is Run for any process, which call describes.
func run(ctx context.Context, words []string, call *app.Call) int {
	command, args, found := find(commands(call.Features), words)
	if !found {
		fmt.Fprintf(call.Err, "%s: unknown command %q\n\n", call.Program, strings.Join(words, " "))
		fmt.Fprint(call.Err, usage(call.Program, commands(call.Features)))
		return 2
	}
	call.Args = args
	err := command.Run(ctx, call)
	if err == nil {
		return 0
	}
	fmt.Fprintf(call.Err, "%s: %v\n", call.Program, err)
	if _, ok := errors.AsType[config.Faults](err); ok {
		return 2
	}
	return 1
}

// find returns the command that the words call, and its arguments.
func find(list []app.Command, words []string) (command app.Command, args []string, found bool) {
	switch {
	case len(words) == 0:
		words = []string{"serve"}
	case slices.Equal(words, []string{"-h"}), slices.Equal(words, []string{"--help"}):
		words = []string{"help"}
	}
	for _, command := range list {
		if args, ok := match(strings.Fields(command.Words), words); ok {
			return command, args, true
		}
	}
	return app.Command{}, nil, false
}

// match returns the words that stand where the form has an argument. It reports
// false if the words do not have the form.
func match(form, words []string) (args []string, ok bool) {
	if len(words) > len(form) {
		return nil, false
	}
	for i, part := range form {
		name := strings.Trim(part, "[]")
		switch {
		case i >= len(words):
			return args, name != part
		case name == words[i] && !isArgument(name):
		case isArgument(name) && !strings.HasPrefix(words[i], "-"):
			args = append(args, words[i])
		default:
			return nil, false
		}
	}
	return args, true
}

func isArgument(part string) bool { return part == strings.ToUpper(part) }
