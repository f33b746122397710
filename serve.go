package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"example.com/gatehouse/handlers"
)

const (
	// drain is how long a stop waits for requests under way.
	drain = 20 * time.Second
	// cleanupEvery is how often what has ended is removed.
	cleanupEvery = 15 * time.Minute
)

// cleanupFirst is when that begins: soon, for a program that is restarted often, and not at once, since a start has better things to do.
var cleanupFirst = time.Minute

// serve answers requests, sends mail and sweeps until ctx ends; then it lets requests finish and the worker hand back what
// it holds.
func serve(ctx context.Context, a *app) error {
	if os.Getenv("GOGC") == "" {
		// A page leaves some 25 kB behind. At Go's default the few MB that live would be collected 30 times a second.
		debug.SetGCPercent(400)
	}
	limitMemory()
	if self, err := os.Executable(); err == nil { // without it this process hashes
		a.auth.HashElsewhere(self)
	}
	router, routes := handlers.New(a.config, a.db, a.auth, a.outbox, a.log, time.Now).Router()
	if err := canHoldUploads(routes); err != nil {
		a.log.Error("uploads will be refused: the program cannot write to the folder for temporary files; set TMPDIR to a folder that it can write to",
			"folder", os.TempDir(), "error", err)
	}
	listener, err := net.Listen("tcp", a.config.Listen)
	if err != nil {
		return fmt.Errorf("HOST and PORT: cannot listen on %s (%w); is another server running there?", a.config.Listen, err)
	}
	server := newServer(router)
	greet(a)

	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	var workers sync.WaitGroup
	workers.Go(func() { a.outbox.Run(background) })
	workers.Go(func() { cleanup(background, a) })
	defer workers.Wait()
	defer stop()

	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	a.log.Info("stopping")
	finishing, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if err := server.Shutdown(finishing); errors.Is(err, context.DeadlineExceeded) {
		return errors.Join(fmt.Errorf("requests were still running after %s and were cut off", drain), server.Close())
	} else if err != nil {
		return fmt.Errorf("stop the server: %w", err)
	}
	return nil
}

// canHoldUploads reports whether bodies that are too large for memory can wait on disk, if a route takes such bodies. A container with a
// read-only root often has no folder for them.
func canHoldUploads(routes []handlers.Route) error {
	if !slices.ContainsFunc(routes, func(r handlers.Route) bool { return r.MaxBody > handlers.MaxBody }) {
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
		// A slow sender must not hold a connection for ever (ASVS 15.2.2). The first also bounds a TLS handshake, so 5 seconds
		// would be too few where certificates are fetched during it.
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
	}
}

func cleanup(ctx context.Context, a *app) {
	everyCleanup(ctx, func() {
		if err := a.auth.Cleanup(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("the sweep failed in part and will be tried again", "error", err)
		}
	})
}

// everyCleanup does work as often as is swept, until ctx ends.
func everyCleanup(ctx context.Context, work func()) {
	for next := jittered(cleanupFirst); ; next = jittered(cleanupEvery) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(next):
			work()
		}
	}
}

// jittered is d and up to half as much again, so that servers that start together do not sweep together.
func jittered(d time.Duration) time.Duration { return d + rand.N(d/2) }

// greet tells the person at the terminal where to go.
func greet(a *app) {
	if a.config.Production {
		a.log.Info("serving", "url", a.config.AppURL.String(), "listen", a.config.Listen, "migrations_applied", a.applied)
		return
	}
	fmt.Printf("\n  %s is at  %s\n", a.config.AppName, a.config.AppURL)
	fmt.Printf("  its mail is at  %s/dev/mail\n\n", a.config.AppURL)
}
