package main

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func median[T ~int64 | ~float64](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// starts measures the time from the start of the process to its first response.
func (b *bench) starts() error {
	var took, fresh, reference []time.Duration
	serve := func(databaseURL string) func() (*program, error) {
		return func() (*program, error) { return b.serve(b.binary, databaseURL) }
	}
	for i := range b.plan.starts {
		if err := b.start(&took, serve(b.smallURL())); err != nil {
			return err
		}
		if err := b.start(&reference, b.refer); err != nil {
			return err
		}
		if i%4 == 0 {
			if err := b.start(&fresh, serve("sqlite:"+b.file(fmt.Sprintf("fresh-%d.db", i)))); err != nil {
				return err
			}
		}
	}
	row := func(what, aim string, took []time.Duration) {
		b.table.add("start to first answer, "+what, aim, "median %.0f ms, worst of %d %.0f ms",
			milliseconds(median(took)), len(took), milliseconds(slices.Max(took)))
	}
	row("migrated database", "≤ 40 ms", took)
	row("no database yet", "", fresh)
	row("reference", "", reference)
	return nil
}

// start adds the time that serve takes.
func (b *bench) start(took *[]time.Duration, serve func() (*program, error)) error {
	begin := time.Now()
	_, err := serve()
	*took = append(*took, time.Since(begin))
	b.stopAll()
	return err
}

// idle measures the memory of a server that has answered once and is idle.
func (b *bench) idle() error {
	defer b.stopAll()
	p, err := b.serve(b.binary, b.smallURL())
	if err != nil {
		return err
	}
	select {
	case <-time.After(b.plan.settle):
	case <-b.ctx.Done():
	}
	b.memory(p, fmt.Sprintf("memory, idle for %s", b.plan.settle), "< 30 MB")
	return nil
}

// memory adds a line if the system reports the memory.
func (b *bench) memory(p *program, what, aim string) {
	if resident, err := p.resident(); err == nil {
		b.table.add(what, aim, "%.0f MB resident", resident)
	}
}

// subject is one page of one server.
type subject struct {
	name    string
	server  *program
	next    requests
	all     outcome
	rates   []float64 // of each round
	cpuTime time.Duration
}

func (s *subject) round(ctx context.Context, connections int, lasting time.Duration) error {
	before := s.server.cpu()
	o, err := closedLoop(ctx, s.server.address, connections, lasting, s.next)
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	if err := o.only(200); err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	s.cpuTime += s.server.cpu() - before
	s.all = s.all.and(o)
	s.rates = append(s.rates, o.perSecond())
	return nil
}

// cpuEach returns the processor time of one request in microseconds. It does
// not depend on other load.
func (s *subject) cpuEach() float64 {
	return float64(s.cpuTime.Microseconds()) / float64(len(s.all.latencies))
}

// scattered is the number of users whose rows are all over the file of the
// larger database.
const scattered = 100_000

// pages measures requests per second, round by round with the reference.
func (b *bench) pages() error {
	standard, dashboard, err := b.contestants()
	if err != nil {
		return err
	}
	if b.large, err = b.serve(b.binary, b.largeURL()); err != nil {
		return err
	}
	plain, err := b.serve(b.plain, b.smallURL())
	if err != nil {
		return err
	}
	crowded, err := b.crowded(b.plan.connections, b.plan.people, scattered)
	if err != nil {
		return err
	}
	nocgo := &subject{name: "dashboard without cgo", server: plain, next: dashboard.next}
	login := &subject{name: "login page", server: b.app, next: anyOf([][]byte{loginPage()})}
	subjects := append([]*subject{standard, dashboard, nocgo, login}, crowded...)
	var postgres *subject
	if b.postgres != "" {
		server, err := b.serve(b.binary, b.postgres)
		if err != nil {
			return err
		}
		postgres = &subject{name: "dashboard on PostgreSQL", server: server, next: dashboard.next}
		subjects = append(subjects, postgres)
	}
	peak := b.app.peak()
	if err := b.interleave(subjects); err != nil {
		return err
	}
	underLoad := peak()

	b.against(standard, dashboard)
	b.rate(login)
	for _, s := range crowded {
		b.rate(s)
		b.compare(s.name+fmt.Sprintf(" : %d of %d", b.plan.people, b.plan.people), "0.9 to 1.1", s, dashboard)
	}
	b.rate(nocgo)
	b.compare("dashboard, without cgo : with", "", nocgo, dashboard)
	if postgres != nil {
		b.rate(postgres)
		b.compare("dashboard, PostgreSQL : SQLite", "", postgres, dashboard)
	}
	if underLoad > 0 {
		b.table.add("memory, under load", "", "%.0f MB resident", underLoad)
	}
	return nil
}

// crowded returns subjects that request the dashboard from the larger database,
// each for a number of its users.
func (b *bench) crowded(asking ...int) (subjects []*subject, err error) {
	for _, n := range asking {
		requests, err := dashboards(some(n, allUsers(0, b.plan.many-b.plan.unseen)))
		if err != nil {
			return nil, err
		}
		subjects = append(subjects, &subject{name: fmt.Sprintf("dashboard for %d of %d people", n, b.plan.many),
			server: b.large, next: anyOf(requests)})
	}
	return subjects, nil
}

// marking measures the dashboard for users who were not seen for a minute,
// which costs a write each. No user asks twice.
func (b *bench) marking() error {
	requests, err := dashboards(some(scattered, allUsers(b.plan.many-b.plan.unseen, b.plan.many)))
	if err != nil {
		return err
	}
	var asked atomic.Uint64
	s := &subject{name: "dashboard, each request marking a session as seen", server: b.large,
		next: func(uint64) []byte {
			return requests[(asked.Add(1)-1)%uint64(len(requests))]
		}}
	if err := s.round(b.ctx, b.plan.connections, b.plan.round); err != nil {
		return err
	}
	b.rate(s)
	if asked.Load() > uint64(len(requests)) {
		return fmt.Errorf("%d users were too few", len(requests))
	}
	return nil
}

// logins measures logins and their effect on other pages. The same pages are
// requested at the same moderate rate with and without logins, in turn.
func (b *bench) logins() (err error) {
	b.stopAll()
	if b.app, err = b.serve(b.binary, b.smallURL()); err != nil {
		return err
	}
	pages, err := dashboards(allUsers(0, b.plan.people))
	if err != nil {
		return err
	}
	var asked atomic.Uint64
	loggingIn := func(ctx context.Context, lasting time.Duration) (outcome, error) {
		return closedLoop(ctx, b.app.address, b.plan.loginClients, lasting,
			func(uint64) []byte { return login(asked.Add(1), b.plan.people) })
	}
	peak := b.app.peak()
	all, err := loggingIn(b.ctx, b.plan.logins)
	if err != nil {
		return err
	}
	b.table.add(fmt.Sprintf("logins, %d clients without pause", b.plan.loginClients), "",
		"%.1f logins/s, p50 %.0f ms, p99 %.0f ms, answers %v",
		float64(all.statuses[303])/all.elapsed.Seconds(), milliseconds(all.quantile(0.5)),
		milliseconds(all.quantile(0.99)), all.statuses)

	var quiet, flooded, flood outcome
	for range b.plan.quietRounds {
		o, err := openLoop(b.ctx, b.app.address, b.plan.pagesConnections, b.plan.pagesPerSecond,
			b.plan.quiet, anyOf(pages))
		if err != nil {
			return err
		}
		quiet = quiet.and(o)
		ctx, cancel := context.WithCancel(b.ctx)
		ended := make(chan error)
		go func() {
			o, err := loggingIn(ctx, time.Hour)
			flood = flood.and(o)
			ended <- err
		}()
		o, err = openLoop(b.ctx, b.app.address, b.plan.pagesConnections, b.plan.pagesPerSecond,
			b.plan.quiet, anyOf(pages))
		cancel()
		if ending := <-ended; ending != nil {
			return ending
		}
		if err != nil {
			return err
		}
		flooded = flooded.and(o)
	}
	for _, o := range []outcome{quiet, flooded} {
		if err := o.only(200); err != nil {
			return err
		}
	}
	at := fmt.Sprintf("dashboard, %d requests/s, ", b.plan.pagesPerSecond)
	b.table.add(at+"without logins", "", "p50 %.2f ms, p99 %.2f ms", milliseconds(quiet.quantile(0.5)),
		milliseconds(quiet.quantile(0.99)))
	b.table.add(fmt.Sprintf("%s%d clients logging in", at, b.plan.loginClients), "",
		"p50 %.2f ms, p99 %.2f ms; logins answered %v",
		milliseconds(flooded.quantile(0.5)), milliseconds(flooded.quantile(0.99)), flood.statuses)
	b.table.add("dashboard's p99, while logging in : quiet", "≤ 2", "%.2f",
		float64(flooded.quantile(0.99))/float64(quiet.quantile(0.99)))
	if most := peak(); most > 0 {
		b.table.add("memory, most during the logins", "", "%.0f MB resident", most)
	}
	b.memory(b.app, "memory, after the logins", "")
	return nil
}

// rested measures how much memory the server has returned after the logins.
func (b *bench) rested() error {
	select {
	case <-time.After(b.plan.rest):
	case <-b.ctx.Done():
	}
	b.memory(b.app, fmt.Sprintf("memory, %s later", b.plan.rest), "")
	b.table.add("errors and warnings in the server's log", "0", "%d", b.app.complaints())
	return nil
}

// interleave gives each subject a turn in each round. The first round does not
// count.
func (b *bench) interleave(subjects []*subject) error {
	for round := range b.plan.rounds + 1 {
		for _, s := range subjects {
			if err := s.round(b.ctx, b.plan.connections, b.plan.round); err != nil {
				return err
			}
			if round == 0 {
				s.all, s.rates, s.cpuTime = outcome{}, nil, 0
			}
		}
	}
	return nil
}

func (b *bench) rate(s *subject) {
	figure := fmt.Sprintf("%.0f requests/s, p50 %.2f ms, p99 %.2f ms", s.all.perSecond(),
		milliseconds(s.all.quantile(0.5)), milliseconds(s.all.quantile(0.99)))
	if s.cpuTime > 0 {
		figure += fmt.Sprintf(", %.0f µs of CPU each", s.cpuEach())
	}
	b.table.add(s.name+fmt.Sprintf(", %d connections", b.plan.connections), "", "%s", figure)
}

// compare adds the ratio of requests per second, the median of the rounds'
// ratios.
func (b *bench) compare(what, aim string, s, to *subject) {
	ratios := make([]float64, len(s.rates))
	for i := range ratios {
		ratios[i] = s.rates[i] / to.rates[i]
	}
	figure := fmt.Sprintf("%.2f (rounds %.2f to %.2f)", median(ratios), slices.Min(ratios), slices.Max(ratios))
	if s.cpuTime > 0 && to.cpuTime > 0 {
		figure += fmt.Sprintf(", by CPU %.2f", to.cpuEach()/s.cpuEach())
	}
	b.table.add(what, aim, "%s", figure)
}

// dashboard measures only the ratio of the dashboard to the reference.
func (b *bench) dashboard() error {
	standard, dashboard, err := b.contestants()
	if err != nil {
		return err
	}
	if err := b.interleave([]*subject{standard, dashboard}); err != nil {
		return err
	}
	b.against(standard, dashboard)
	return nil
}

// contestants returns the reference and the dashboard, on the small database.
func (b *bench) contestants() (standard, dashboard *subject, err error) {
	requests, err := dashboards(allUsers(0, b.plan.people))
	if err != nil {
		return nil, nil, err
	}
	reference, err := b.refer()
	if err != nil {
		return nil, nil, err
	}
	if b.app, err = b.serve(b.binary, b.smallURL()); err != nil {
		return nil, nil, err
	}
	standard = &subject{name: "reference", server: reference, next: anyOf(referencePages(allUsers(0, b.plan.people)))}
	dashboard = &subject{name: "dashboard", server: b.app, next: anyOf(requests)}
	return standard, dashboard, nil
}

func (b *bench) against(standard, dashboard *subject) {
	b.rate(standard)
	b.rate(dashboard)
	b.compare("dashboard : reference", "≥ 0.75", dashboard, standard)
}
