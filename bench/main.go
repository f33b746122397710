// Bench measures the application as it is shipped, and compares it with a
// reference that does the least that can serve the same page. Everything runs
// on 127.0.0.1 and in a temporary folder, which is deleted at the end.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"example.com/gatehouse/auth/hash"
)

// plan says how much is measured.
type plan struct {
	people, many     int           // users and sessions in the two databases
	unseen           int           // sessions of the larger one whose request writes
	rounds           int           // of every page, interleaved, so that other load affects all alike
	round            time.Duration // for one page
	starts           int
	settle           time.Duration // from the first response until memory counts as idle
	logins           time.Duration
	quiet            time.Duration // each round of pages during logins
	quietRounds      int
	rest             time.Duration // from the last login until memory is measured again
	connections      int
	loginClients     int
	pagesPerSecond   int // during logins and without them
	pagesConnections int
}

var (
	whole = plan{people: 1000, many: 1_000_000, unseen: 100_000, rounds: 8, round: 1500 * time.Millisecond, starts: 20,
		settle: 5 * time.Second,
		logins: 10 * time.Second, quiet: 5 * time.Second, quietRounds: 4, rest: 30 * time.Second,
		connections: 16, loginClients: 32, pagesPerSecond: 200, pagesConnections: 16}
	short = plan{people: 1000, many: 100_000, unseen: 20_000, rounds: 3, round: 500 * time.Millisecond, starts: 20,
		settle: time.Second,
		logins: 3 * time.Second, quiet: 2 * time.Second, quietRounds: 2, rest: 12 * time.Second,
		connections: 16, loginClients: 32, pagesPerSecond: 200, pagesConnections: 16}
)

func main() {
	if len(os.Args) == 4 && os.Args[1] == referenceWord {
		exit(reference(os.Args[2], os.Args[3]))
	}
	quick := flag.Bool("short", false, "less than a minute, with a smaller database in place of the million; coarser "+
		"figures")
	postgres := flag.String("postgres", "", "the URL of an empty PostgreSQL database to measure as well, for "+
		"instance postgres://bench@/bench?host=/run/postgresql")
	dashboard := flag.Bool("dashboard", false, "only the dashboard beside the reference, to see in half a minute "+
		"what a change is worth")
	logins := flag.Bool("logins", false, "only logins and what they do to other pages, in a minute")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A run that hangs ends with its context.
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	p := whole
	if *quick {
		p = short
	}
	b := &bench{ctx: ctx, plan: p, postgres: *postgres}
	if *dashboard {
		exit(b.measure(b.prepareDashboard, step{"asking for the dashboard", b.dashboard}))
	}
	if *logins {
		exit(b.measure(b.prepareDashboard, step{"logging in", b.logins}, step{"resting", b.rested}))
	}
	exit(b.measure(b.prepare,
		step{"starting", b.starts},
		step{"idling", b.idle},
		step{"asking for pages", b.pages},
		step{"asking for pages whose sessions have to be marked as seen", b.marking},
		step{"logging in", b.logins},
		step{"resting", b.rested},
	))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

type step struct {
	name string
	do   func() error
}

// measure runs the steps and prints their results.
func (b *bench) measure(prepare func() error, steps ...step) error {
	start := time.Now()
	var err error
	if b.dir, err = os.MkdirTemp("", "bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	defer b.stopAll() // before the folder is deleted
	for _, s := range append([]step{{"preparing", prepare}}, steps...) {
		b.say(s.name)
		if err := s.do(); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if b.ctx.Err() != nil {
			return fmt.Errorf("%s: %w", s.name, context.Cause(b.ctx))
		}
	}
	fmt.Printf("%s, %d cores, %s/%s, in %s. The load comes from the same machine.\n\n", runtime.Version(),
		runtime.NumCPU(), runtime.GOOS, runtime.GOARCH,
		time.Since(start).Round(time.Second))
	b.table.print(os.Stdout)
	return nil
}

// bench is one run.
type bench struct {
	ctx      context.Context
	plan     plan
	postgres string
	dir      string
	binary   string
	plain    string // the binary without cgo
	smtp     string
	hash     string // the password's
	running  []*program
	app      *program // on the small database, from the pages on
	large    *program // on the large one, for the pages
	table    table
}

func (b *bench) say(what string) { fmt.Fprintln(os.Stderr, "bench:", what) }

func (b *bench) file(name string) string { return filepath.Join(b.dir, name) }

// prepareDashboard creates what every run needs: a binary, a database, and a
// mail server.
func (b *bench) prepareDashboard() (err error) {
	b.binary = b.file("app")
	size, err := build(b.ctx, b.binary, true)
	if err != nil {
		return err
	}
	b.table.add("binary, with cgo and without symbols", "", "%.1f MB", float64(size)/1e6)
	if b.smtp, err = listenSMTP(); err != nil {
		return err
	}
	if b.hash, err = hash.New(hash.Default, 1, 0).Hash(b.ctx, password); err != nil {
		return err
	}
	return fill(b.ctx, b.smallURL(), b.plan.people, 0, b.hash)
}

// prepare adds what a whole run needs: the binary without cgo and the other
// databases.
func (b *bench) prepare() error {
	if err := b.prepareDashboard(); err != nil {
		return err
	}
	b.plain = b.file("app-nocgo")
	size, err := build(b.ctx, b.plain, false)
	if err != nil {
		return err
	}
	b.table.add("binary, without cgo and symbols", "", "%.1f MB", float64(size)/1e6)
	b.say(fmt.Sprintf("filling a database with %d people", b.plan.many))
	if err := fill(b.ctx, b.largeURL(), b.plan.many, b.plan.unseen, b.hash); err != nil {
		return err
	}
	if b.postgres != "" {
		return fill(b.ctx, b.postgres, b.plan.people, 0, b.hash)
	}
	return nil
}

const smallFile = "small.db"

func (b *bench) smallURL() string { return "sqlite:" + b.file(smallFile) }
func (b *bench) largeURL() string { return "sqlite:" + b.file("large.db") }

// serve starts the application as in production, behind a proxy on this
// machine, and waits for its first response.
func (b *bench) serve(binary, databaseURL string) (*program, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	p, err := run(b.ctx, b.dir, address, b.environment(address, databaseURL), binary, "serve")
	if err != nil {
		return nil, err
	}
	b.running = append(b.running, p)
	return p, p.await(loginPage(), 200)
}

// refer starts the reference on the small database.
func (b *bench) refer() (*program, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p, err := run(b.ctx, b.dir, address, runtimeSettings(), self, referenceWord, address, b.file(smallFile))
	if err != nil {
		return nil, err
	}
	b.running = append(b.running, p)
	return p, p.await(referencePage(0), 200)
}

func (b *bench) stopAll() {
	for _, p := range b.running {
		p.stop()
	}
	b.running = nil
}
