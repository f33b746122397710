// The program is a web application with sign-up, login, password reset and a
// protected area. Package cli has its commands.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"example.com/gatehouse/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := cli.Run(ctx, os.Args[1:], features)
	stop()
	os.Exit(status)
}
