package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// client speaks HTTP/1.1 on one connection. net/http's client would use more of
// the two cores than the server does.
type client struct {
	conn net.Conn
	read *bufio.Reader
}

// answerWithin is the longest time for a response. After it the run fails.
const answerWithin = 30 * time.Second

func dial(address string) (*client, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &client{conn, bufio.NewReaderSize(conn, 64<<10)}, nil
}

var (
	lengthHeader  = []byte("Content-Length: ")
	chunkedHeader = []byte("Transfer-Encoding: chunked")
	closeHeader   = []byte("Connection: close")
)

// do sends a request, reads the whole response, and returns its status.
func (c *client) do(request []byte) (status int, err error) {
	if err := c.conn.SetDeadline(time.Now().Add(answerWithin)); err != nil {
		return 0, err
	}
	if _, err := c.conn.Write(request); err != nil {
		return 0, err
	}
	line, err := c.line()
	if err != nil {
		return 0, err
	}
	if len(line) < 12 {
		return 0, fmt.Errorf("a response begins with %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, fmt.Errorf("a response begins with %q", line)
	}
	length, chunked, last := 0, false, false
	for {
		if line, err = c.line(); err != nil {
			return 0, err
		}
		if len(line) == 0 {
			break
		}
		if value, ok := bytes.CutPrefix(line, lengthHeader); ok {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, err
			}
		}
		chunked = chunked || bytes.Equal(line, chunkedHeader)
		last = last || bytes.Equal(line, closeHeader)
	}
	if chunked {
		err = c.discardChunks()
	} else {
		_, err = c.read.Discard(length)
	}
	if err == nil && last {
		err = errors.New("the server has closed a keep-alive connection")
	}
	return status, err
}

func (c *client) line() ([]byte, error) {
	line, err := c.read.ReadSlice('\n')
	return bytes.TrimSuffix(line, []byte("\r\n")), err
}

func (c *client) discardChunks() error {
	for {
		line, err := c.line()
		if err != nil {
			return err
		}
		size, err := strconv.ParseUint(string(line), 16, 31)
		if err != nil {
			return err
		}
		if _, err := c.read.Discard(int(size) + len("\r\n")); err != nil || size == 0 {
			return err
		}
	}
}

// outcome is the result of a load.
type outcome struct {
	elapsed   time.Duration
	latencies []time.Duration // sorted
	statuses  map[int]int
}

func (o outcome) perSecond() float64 { return float64(len(o.latencies)) / o.elapsed.Seconds() }

// quantile returns the latency that the fraction q of the requests stayed
// within.
func (o outcome) quantile(q float64) time.Duration {
	if len(o.latencies) == 0 {
		return 0
	}
	return o.latencies[min(int(q*float64(len(o.latencies))), len(o.latencies)-1)]
}

// and returns both outcomes combined.
func (o outcome) and(other outcome) outcome {
	sum := outcome{elapsed: o.elapsed + other.elapsed, statuses: map[int]int{}}
	sum.latencies = slices.Concat(o.latencies, other.latencies)
	slices.Sort(sum.latencies)
	for _, part := range []outcome{o, other} {
		for status, n := range part.statuses {
			sum.statuses[status] += n
		}
	}
	return sum
}

// only returns an error if a response had another status.
func (o outcome) only(status int) error {
	if len(o.latencies) == 0 || o.statuses[status] != len(o.latencies) {
		return fmt.Errorf("the responses were %v, want only %d", o.statuses, status)
	}
	return nil
}

// requests returns a request for a random number.
type requests func(random uint64) []byte

// anyOf chooses one of the prepared requests.
func anyOf(prepared [][]byte) requests {
	return func(random uint64) []byte { return prepared[random%uint64(len(prepared))] }
}

// closedLoop sends requests on each connection, the next as soon as the last is
// answered, for a time or until ctx ends. It measures the capacity of the
// server.
func closedLoop(ctx context.Context, address string, connections int, lasting time.Duration,
	next requests) (outcome, error) {
	start := time.Now()
	return load(address, connections, func(c *client, _ int, random *rand.Rand,
		answered func(int, time.Duration)) error {
		for sent := time.Now(); ctx.Err() == nil && sent.Sub(start) < lasting; {
			status, err := c.do(next(random.Uint64()))
			if err != nil {
				return err
			}
			now := time.Now()
			answered(status, now.Sub(sent))
			sent = now
		}
		return nil
	})
}

// openLoop sends requests at a fixed rate per second, however quickly the
// server answers. It measures what independent users experience. A request that
// waited for its connection counts from the time when it was due.
func openLoop(ctx context.Context, address string, connections, rate int, lasting time.Duration,
	next requests) (outcome, error) {
	start := time.Now()
	each := time.Duration(connections) * time.Second / time.Duration(rate)
	return load(address, connections, func(c *client, i int, random *rand.Rand,
		answered func(int, time.Duration)) error {
		due := start.Add(each * time.Duration(i) / time.Duration(connections))
		for ; ctx.Err() == nil && due.Sub(start) < lasting; due = due.Add(each) {
			sent := due
			if wait := time.Until(due); wait > 0 {
				time.Sleep(wait)
				sent = time.Now() // the server is not to blame for a late sleep
			}
			status, err := c.do(next(random.Uint64()))
			if err != nil {
				return err
			}
			answered(status, time.Since(sent))
		}
		return nil
	})
}

// load runs work on each connection and combines the results.
func load(address string, connections int, work func(c *client, i int, random *rand.Rand,
	answered func(int, time.Duration)) error) (outcome, error) {
	var group sync.WaitGroup
	outcomes, failures := make([]outcome, connections), make([]error, connections)
	start := time.Now()
	for i := range connections {
		group.Go(func() {
			c, err := dial(address)
			if err != nil {
				failures[i] = err
				return
			}
			defer c.conn.Close()
			own := outcome{statuses: map[int]int{}}
			failures[i] = work(c, i, rand.New(rand.NewPCG(uint64(i), uint64(start.UnixNano()))),
				func(status int, took time.Duration) {
					own.latencies = append(own.latencies, took)
					own.statuses[status]++
				})
			outcomes[i] = own
		})
	}
	group.Wait()
	all := outcome{elapsed: time.Since(start), statuses: map[int]int{}}
	for _, own := range outcomes {
		all.latencies = append(all.latencies, own.latencies...)
		for status, n := range own.statuses {
			all.statuses[status] += n
		}
	}
	slices.Sort(all.latencies)
	err := errors.Join(failures...)
	if errors.Is(err, io.EOF) {
		err = fmt.Errorf("the server has ended: %w", err)
	}
	return all, err
}
