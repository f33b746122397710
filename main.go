// The program is a web application with sign-up, login, password reset and a guarded area.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

const usage = `usage: %s [command]

  serve     migrate the database and answer requests (the default)
  migrate   bring the database up to date
  backup    copy the SQLite database into a new file, also while the program runs: backup FILE
  restore   put a backup in the place of the SQLite database, once the program is stopped: restore FILE
  seed      add a few people to play with; development alone
  routes    list every address, who may come, what answers, and its limits; routes login lists the lines that have that word
  help      show this

  user expire-password ada@example.com    make a password void and log its owner out, who is mailed to choose a new one
` +
	"  user recover ada@example.com    mail somebody who has lost every second factor a link that removes them\n" +
	"  user move ada@example.com ada@example.org    mail the new address of somebody who has lost the former mailbox a link that moves the account there\n" +
	`
"routes --json" is the same for machines: an array of objects with method, path, guard, handler, max_body (bytes) and limits,
each of them with rule, free, window_seconds, growing, max_wait_seconds and closed_at (hits, 0 for never).

Settings come from the environment; .env.example lists them.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	program, words := filepath.Base(os.Args[0]), os.Args[1:]
	if len(words) == 0 {
		words = []string{"serve"}
	}
	run, known := commandOf(words)
	if !known {
		fmt.Fprintf(os.Stderr, "%s: unknown command %q\n\n"+usage, program, strings.Join(words, " "), program)
		os.Exit(2)
	}
	if err := run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", program, err)
		os.Exit(exitStatus(err))
	}
}
