package cli

import (
	"context"
	"fmt"

	"example.com/gatehouse/app"
)

// expirePassword invalidates a password. Its user chooses a new one by mail.
func expirePassword(ctx context.Context, call *app.Call, core *app.Core) error {
	address := call.Args[0]
	if err := core.Auth.ExpirePassword(ctx, address); err != nil {
		return fmt.Errorf("%s: %w", address, err)
	}
	fmt.Fprintf(call.Out, "The password of %s no longer works, and every device is logged out. "+
		"A mail tells the user to choose a new one.\n", address)
	return nil
}

// recoverUser mails a user who has lost every second factor a link that removes
// them.
func recoverUser(ctx context.Context, call *app.Call, core *app.Core) error {
	address := call.Args[0]
	if err := core.Auth.OfferRecovery(ctx, address); err != nil {
		return fmt.Errorf("%s: %w", address, err)
	}
	fmt.Fprintf(call.Out, "A link that removes every second factor is on its way to %s. "+
		"It works once, within an hour.\n", address)
	return nil
}

// moveUser mails a link to the new address of a user who has lost the old
// mailbox. The link moves the account there.
func moveUser(ctx context.Context, call *app.Call, core *app.Core) error {
	from, to := call.Args[0], call.Args[1]
	if err := core.Auth.OfferEmailChange(ctx, from, to); err != nil {
		return fmt.Errorf("%s to %s: %w", from, to, err)
	}
	fmt.Fprintf(call.Out, "A link to confirm the new address is on its way to %s. "+
		"The account moves once the link is used. A mail to %s then says so, and can undo the move for a week.\n", to, from)
	return nil
}

// grantRole gives a user a role.
func grantRole(ctx context.Context, call *app.Call, core *app.Core) error {
	address, role := call.Args[0], call.Args[1]
	granted, err := core.Auth.GrantRole(ctx, address, role)
	if err != nil {
		return fmt.Errorf("%s: %w", address, err)
	}
	if !granted {
		fmt.Fprintf(call.Out, "%s already has the role %s.\n", address, role)
		return nil
	}
	fmt.Fprintf(call.Out, "%s has the role %s from the next request on.\n", address, role)
	return nil
}

// revokeRole takes a role from a user.
func revokeRole(ctx context.Context, call *app.Call, core *app.Core) error {
	address, role := call.Args[0], call.Args[1]
	revoked, err := core.Auth.RevokeRole(ctx, address, role)
	if err != nil {
		return fmt.Errorf("%s: %w", address, err)
	}
	if !revoked {
		fmt.Fprintf(call.Out, "%s doesn't have the role %s.\n", address, role)
		return nil
	}
	fmt.Fprintf(call.Out, "%s has lost the role %s from the next request on.\n", address, role)
	return nil
}
