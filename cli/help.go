package cli

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"example.com/gatehouse/app"
)

func help(_ context.Context, call *app.Call) error {
	_, err := fmt.Fprint(call.Out, usage(call.Program, commands(call.Features)))
	return err
}

// usage returns the text that lists the commands.
func usage(program string, list []app.Command) string {
	var text strings.Builder
	fmt.Fprintf(&text, "usage: %s [command]\n\n", program)
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, command := range list {
		fmt.Fprintf(w, "  %s\t%s\n", command.Words, strings.ReplaceAll(command.About, "\n", "\n\t"))
	}
	w.Flush() // a strings.Builder has no errors
	text.WriteString("\nSettings come from the environment; .env.example lists them.\n")
	return text.String()
}
