// Command scaffold makes a clone yours: init gives it its own name, page and resource write what a person would have written by
// hand, and drop takes out what is not wanted. Run it in the module's root; `go run ./scaffold help` says how.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
)

// call is one run of the program.
type call struct {
	root     string // the clone
	args     []string
	in       io.Reader
	out      io.Writer
	terminal bool // somebody is there to be asked
	tool     func(ctx context.Context, root string, words ...string) error
}

// command is a word of the program and what it understands.
type command struct {
	usage string
	run   func(context.Context, *call) error
}

func commands() map[string]command {
	return map[string]command{
		"init":     {initUsage, begin},
		"page":     {pageUsage, page},
		"resource": {resourceUsage, resource},
		"drop":     {dropUsage, drop},
	}
}

const usage = `usage: go run ./scaffold <command> …

  init        make the clone yours: its module, name, color, README, license
  page        write a protected page: its view, its line in routes.go, its story
  resource    write rows that belong to a person, with their pages and stories
  drop        take an optional feature out; without a name, list them

go run ./scaffold help <command> says more. Nothing is written unless all of it can be.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	stdin, err := os.Stdin.Stat()
	c := &call{root: ".", args: os.Args[1:], in: os.Stdin, out: os.Stdout, tool: runTool,
		terminal: err == nil && stdin.Mode()&os.ModeCharDevice != 0}
	if err := c.dispatch(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(exitStatus(err))
	}
}

func (c *call) dispatch(ctx context.Context) error {
	word, rest := "help", c.args
	if len(rest) > 0 {
		word, rest = rest[0], rest[1:]
	}
	if word == "help" || word == "-h" || word == "--help" {
		return c.help(rest)
	}
	cmd, known := commands()[word]
	if !known {
		return faults{fmt.Sprintf("%q is no command of this program.\n\n%s", word, usage)}
	}
	for _, arg := range rest {
		if arg == "-h" || arg == "--help" {
			return c.help([]string{word})
		}
	}
	c.args = rest
	return cmd.run(ctx, c)
}

func (c *call) help(words []string) error {
	text := usage
	if len(words) > 0 {
		if cmd, known := commands()[words[0]]; known {
			text = cmd.usage
		}
	}
	_, err := fmt.Fprint(c.out, text)
	return err
}

// faults are all that has to be mended before anything is written, each a sentence that says what to do.
type faults []string

func (f faults) Error() string {
	if len(f) == 1 {
		return f[0]
	}
	return "Nothing was written:\n  - " + strings.Join(f, "\n  - ")
}

func (f *faults) add(format string, values ...any) { *f = append(*f, fmt.Sprintf(format, values...)) }

// err is nil where there are none.
func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

// exitStatus is 2 for what the person who started the program has to mend, 1 for everything else.
func exitStatus(err error) int {
	if _, ok := errors.AsType[faults](err); ok {
		return 2
	}
	return 1
}

// words sorts the arguments into words and flags, in any order: "--nav", "--name=Acme" or "--name Acme". A flag is a pointer to a
// bool, or to a string, which then takes a value.
func (c *call) words(flags map[string]any) ([]string, faults) {
	var words []string
	var f faults
	for i := 0; i < len(c.args); i++ {
		arg := c.args[i]
		if !strings.HasPrefix(arg, "-") || arg == "-" {
			words = append(words, arg)
			continue
		}
		name, value, given := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		switch flag := flags[name].(type) {
		case *bool:
			if given {
				f.add("--%s takes no value.", name)
			}
			*flag = true
		case *string:
			if !given {
				if i++; i == len(c.args) {
					f.add("--%s needs a value.", name)
					continue
				}
				value = c.args[i]
			}
			*flag = value
		default:
			f.add("--%s is not known here.", name)
		}
	}
	return words, f
}

// runTool runs a Go tool in the clone and returns what it said only where it failed.
func runTool(ctx context.Context, root string, words ...string) error {
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Dir = root
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(words, " "), err, strings.TrimSpace(string(said)))
	}
	return nil
}
