// Gatehouse is a web application with sign-up, log-in, password reset and a guarded area, to be cloned and grown.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

const usage = `usage: gatehouse [command]

  serve     migrate the database and answer requests (the default)
  migrate   bring the database up to date
  seed      add a few people to play with; development alone
  routes    list every address, who may come, and what answers
  help      show this

Settings come from the environment; .env.example lists them.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	word := "serve"
	if len(os.Args) > 1 {
		word = os.Args[1]
	}
	run, known := commands[word]
	if !known || len(os.Args) > 2 {
		fmt.Fprintf(os.Stderr, "gatehouse: unknown command %q\n\n%s", os.Args[1:], usage)
		os.Exit(2)
	}
	if err := run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "gatehouse: %v\n", err)
		os.Exit(exitStatus(err))
	}
}
