package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// build builds the application and returns the size of the binary without
// symbols, in bytes.
func build(ctx context.Context, binary string, cgo bool) (int64, error) {
	module, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return 0, fmt.Errorf("find the module: %w", err)
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-ldflags=-s -w", "-o", binary, ".")
	cmd.Dir = strings.TrimSpace(string(module))
	cmd.Env = os.Environ()
	if !cgo {
		cmd.Env = append(cmd.Env, "CGO_ENABLED=0")
	}
	if output, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build the application: %w\n%s", err, output)
	}
	return install(binary)
}

// install replaces the binary with a copy, as on a server, and returns its size
// in bytes. Linux maps a file that the linker has just written in larger
// pieces, and counts unused ones as memory.
func install(binary string) (size int64, err error) {
	linked, err := os.Open(binary)
	if err != nil {
		return 0, err
	}
	defer linked.Close()
	if err := os.Remove(binary); err != nil {
		return 0, err
	}
	installed, err := os.OpenFile(binary, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, installed.Close()) }()
	return io.Copy(installed, linked)
}

// program is a server under measurement.
type program struct {
	address string
	command *exec.Cmd
	ended   chan struct{}
	logFile string
}

// run starts a program with its output in a file, as in service. It is killed
// at the latest with ctx.
func run(ctx context.Context, dir, address string, environ []string, words ...string) (*program, error) {
	log, err := os.CreateTemp(dir, "log-")
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p := &program{address: address, command: exec.CommandContext(ctx, words[0], words[1:]...),
		ended: make(chan struct{}), logFile: log.Name()}
	p.command.Env, p.command.Stdout, p.command.Stderr = environ, log, log
	// The reference ends when this is closed, even if the bench is killed.
	if _, err := p.command.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", words[0], err)
	}
	go func() {
		_ = p.command.Wait()
		close(p.ended)
	}()
	return p, nil
}

// await waits until the program has answered a request with the status.
func (p *program) await(request []byte, status int) error {
	deadline := time.Now().Add(20 * time.Second)
	for {
		got, err := p.ask(request)
		if err == nil && got == status {
			return nil
		}
		if err == nil {
			return fmt.Errorf("the first response has status %d, want %d", got, status)
		}
		select {
		case <-p.ended:
			log, _ := os.ReadFile(p.logFile)
			return fmt.Errorf("%s has ended:\n%s", filepath.Base(p.command.Path), log)
		case <-time.After(200 * time.Microsecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("no response: %w", err)
		}
	}
}

func (p *program) ask(request []byte) (int, error) {
	c, err := dial(p.address)
	if err != nil {
		return 0, err
	}
	defer c.conn.Close()
	return c.do(request)
}

// stop ends the program and waits for it.
func (p *program) stop() {
	if p.command.Process.Signal(syscall.SIGTERM) != nil {
		_ = p.command.Process.Kill() // the system has no such signal
	}
	select {
	case <-p.ended:
	case <-time.After(5 * time.Second):
		_ = p.command.Process.Kill()
		<-p.ended
	}
}

// complaints returns the number of errors and warnings in the program's log.
func (p *program) complaints() int {
	log, err := os.ReadFile(p.logFile)
	if err != nil {
		return 0
	}
	return bytes.Count(log, []byte(`"level":"ERROR"`)) + bytes.Count(log, []byte(`"level":"WARN"`))
}

// resident returns the memory of the program and its child processes in MB,
// from Linux's /proc.
func (p *program) resident() (float64, error) {
	own := strconv.Itoa(p.command.Process.Pid)
	megabytes, err := residentOf(own)
	threads, _ := filepath.Glob("/proc/" + own + "/task/*/children")
	for _, file := range threads {
		children, _ := os.ReadFile(file) // a thread that has just ended has none
		for child := range strings.FieldsSeq(string(children)) {
			more, _ := residentOf(child)
			megabytes += more
		}
	}
	return megabytes, err
}

func residentOf(pid string) (float64, error) {
	status, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kB, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
			return kB * 1024 / 1e6, err
		}
	}
	return 0, errors.New("/proc has no VmRSS")
}

// cpu returns the processor time that the program has used, from Linux's /proc,
// to a hundredth of a second. It returns 0 on other systems.
func (p *program) cpu() time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.command.Process.Pid))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(stat), ") ") // the name before it may contain spaces
	fields := strings.Fields(after)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// peak samples the program's memory until stopped, and returns the maximum in
// MB.
func (p *program) peak() (stop func() float64) {
	done, most := make(chan struct{}), make(chan float64)
	go func() {
		var seen float64
		for {
			if now, err := p.resident(); err == nil {
				seen = max(seen, now)
			}
			select {
			case <-done:
				most <- seen
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	return func() float64 { close(done); return <-most }
}

// freeAddress returns an address that no program listens on.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}
