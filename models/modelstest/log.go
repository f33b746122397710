package modelstest

import (
	"io"
	"log/slog"
	"sync"
	"testing"
)

// Log returns a logger for the programs that a test starts. Its warnings and
// errors are shown if the test fails, or with -v.
func Log(t testing.TB) *slog.Logger {
	out := &output{to: t.Output()}
	t.Cleanup(out.close)
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// output discards lines that are written after the test has ended, because the
// testing package panics at them.
type output struct {
	mutex sync.Mutex
	to    io.Writer
}

func (o *output) Write(line []byte) (int, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.to.Write(line)
}

func (o *output) close() {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.to = io.Discard
}
