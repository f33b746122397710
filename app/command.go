package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"example.com/gatehouse/config"
)

// Command is one command of the program.
type Command struct {
	// Words are what the user types. A word in capitals stands for an argument,
	// and in brackets for one that may be left out: "user recover ADDRESS".
	Words string
	// About says in the usage what the command does. It may have several lines.
	About string
	// Run executes the command. The program prints the error to Call.Err.
	Run func(context.Context, *Call) error
}

// Call is one execution of a command, with all that it knows of the process.
type Call struct {
	Program  string   // the name of the executable file
	Args     []string // the arguments that Command.Words names
	Environ  []string // as os.Environ returns it
	Features []Feature
	Out      io.Writer
	Err      io.Writer // for errors and the log
}

// Config reads the settings. The error is a config.Faults if any is wrong.
func (c *Call) Config() (config.Config, error) { return config.Load(c.Environ) }

// Log returns a logger that writes lines for people in development and JSON in
// production.
func (c *Call) Log(settings config.Config) *slog.Logger {
	if settings.Production {
		return slog.New(slog.NewJSONHandler(c.Err, nil))
	}
	return slog.New(slog.NewTextHandler(c.Err, nil))
}

// WithCore returns the Run of a command that needs the core. The core is open
// while run executes.
func WithCore(run func(context.Context, *Call, *Core) error) func(context.Context, *Call) error {
	return func(ctx context.Context, call *Call) (err error) {
		c, err := call.Config()
		if err != nil {
			return err
		}
		log := call.Log(c)
		slog.SetDefault(log) // net/http and the packages below have no logger of their own
		core, err := Open(ctx, c, call.Features, log, time.Now)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, core.Close()) }()
		return run(ctx, call, core)
	}
}
