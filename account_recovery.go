package main

import (
	"context"
	"fmt"
	"os"
)

// recoverUser mails the owner of an account, who has lost every second factor, a link that removes them.
func recoverUser(ctx context.Context, a *app) error {
	address := os.Args[3]
	if err := a.auth.OfferRecovery(ctx, address); err != nil {
		return fmt.Errorf("%s: %w", address, err)
	}
	fmt.Printf("A link that removes every second factor is on its way to %s. It works once, within an hour.\n", address)
	return nil
}
