package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"example.com/gatehouse/app"
	"example.com/gatehouse/web"
)

const (
	// drain is how long a stop waits for requests under way.
	drain = 20 * time.Second
	// firstRun is the time from the start to the first run of a job. It is
	// short because a program that is restarted often must do its jobs too.
	firstRun = time.Minute
)

// serve answers requests, sends mail and runs the jobs until ctx ends. It
// then lets requests finish, and returns the mail that it holds to the queue.
func serve(ctx context.Context, call *app.Call, core *app.Core) error {
	if os.Getenv("GOGC") == "" {
		// A page leaves some 25 kB of garbage. With Go's default, the few MB in
		// use would be collected 30 times a second.
		debug.SetGCPercent(400)
	}
	limitMemory()
	return (&server{Core: core, out: call.Out, jobs: core.Jobs(), firstRun: firstRun}).run(ctx)
}

// server is the program while it serves.
type server struct {
	*app.Core
	out      io.Writer
	jobs     []app.Job
	firstRun time.Duration
}

func (s *server) run(ctx context.Context) error {
	router, routes := s.Site()
	if err := canHoldUploads(routes); err != nil {
		s.Log.Error("uploads will be refused: the program cannot write to the folder for temporary files; "+
			"set TMPDIR to a folder that it can write to", "folder", os.TempDir(), "error", err)
	}
	listener, err := net.Listen("tcp", s.Config.Listen)
	if err != nil {
		return fmt.Errorf("HOST and PORT: cannot listen on %s (%w); is another server running there?",
			s.Config.Listen, err)
	}
	s.greet()

	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	var workers sync.WaitGroup
	workers.Go(func() { s.Outbox.Run(background) })
	for _, job := range s.jobs {
		workers.Go(func() { repeat(background, s.firstRun, job.Every, func() { job.Do(background, s.Core) }) })
	}
	defer workers.Wait()
	defer stop()
	return s.answer(ctx, newServer(router), listener)
}

// answer serves until ctx ends, and then until the requests under way are
// answered, but no longer than drain.
func (s *server) answer(ctx context.Context, server *http.Server, listener net.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	s.Log.Info("stopping")
	finishing, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if err := server.Shutdown(finishing); errors.Is(err, context.DeadlineExceeded) {
		return errors.Join(fmt.Errorf("requests were still running after %s and were cut off", drain), server.Close())
	} else if err != nil {
		return fmt.Errorf("stop the server: %w", err)
	}
	return nil
}

// canHoldUploads reports whether bodies that are too large for memory can wait
// on disk, if a route takes such bodies. A container with a read-only root
// often has no folder for them.
func canHoldUploads(routes []web.Route) error {
	if !slices.ContainsFunc(routes, func(r web.Route) bool { return r.MaxBody > web.MaxBody }) {
		return nil
	}
	file, err := os.CreateTemp("", "upload-")
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

func newServer(router http.Handler) *http.Server {
	return &http.Server{
		Handler: router,
		// A slow sender must not hold a connection indefinitely (ASVS 5.0
		// V15.2.2). ReadHeaderTimeout also bounds a TLS handshake, so 5 seconds
		// would be too few where certificates are fetched during it.
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
	}
}

// repeat does work after the first duration and then after each interval, until
// ctx ends. Both are up to half as long again, so that servers that start
// together do not work at the same moment.
func repeat(ctx context.Context, first, interval time.Duration, work func()) {
	for wait := first; ; wait = interval {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait + rand.N(wait/2)):
			work()
		}
	}
}

// greet tells the person at the terminal where to go.
func (s *server) greet() {
	if s.Config.Production {
		s.Log.Info("serving", "url", s.Config.AppURL.String(), "listen", s.Config.Listen,
			"migrations_applied", s.Applied)
		return
	}
	fmt.Fprintf(s.out, "\n  %s is at  %s\n", s.Config.AppName, s.Config.AppURL)
	fmt.Fprintf(s.out, "  its mail is at  %s/dev/mail\n\n", s.Config.AppURL)
}
