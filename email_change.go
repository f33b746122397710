package main

import (
	"context"
	"fmt"
	"os"
)

// moveUser mails the new address of somebody who has lost their former mailbox a link that gives it to their account.
func moveUser(ctx context.Context, a *app) error {
	from, to := os.Args[3], os.Args[4]
	if err := a.auth.OfferEmailChange(ctx, from, to); err != nil {
		return fmt.Errorf("%s to %s: %w", from, to, err)
	}
	fmt.Printf("A link to confirm the new address is on its way to %s. The account moves there once it is used; %s is told then, and can undo it for a week.\n", to, from)
	return nil
}
