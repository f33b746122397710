package main

import (
	"context"
	"fmt"
	"os"
)

// expirePassword has the owner of an account choose a new password at their next log-in.
func expirePassword(ctx context.Context, a *app) error {
	address := os.Args[3]
	if err := a.auth.ExpirePassword(ctx, address); err != nil {
		return fmt.Errorf("%s: %w", address, err)
	}
	fmt.Printf("%s is asked for a new password at the next log-in, and was told so by mail. Sessions that are going on go on.\n", address)
	return nil
}
