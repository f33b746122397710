package main

import (
	"context"
	"fmt"
	"os"
)

// expirePassword makes a password void whose owner then chooses a new one by mail.
func expirePassword(ctx context.Context, a *app) error {
	address := os.Args[3]
	if err := a.auth.ExpirePassword(ctx, address); err != nil {
		return fmt.Errorf("%s: %w", address, err)
	}
	fmt.Printf("The password of %s opens nothing any more, and every device is logged out. A mail tells the owner to choose a new one.\n", address)
	return nil
}
