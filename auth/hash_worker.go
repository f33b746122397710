package auth

import (
	"errors"
	"io"
	"log/slog"
	"net/rpc"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// HashWorker is the word that makes a run of the program the worker of another run: it calls ServeHashes.
const HashWorker = "hash-worker"

// quietBeforeEnd is how long a worker waits for another password before it ends, and its memory with it.
const quietBeforeEnd = 10 * time.Second

// workerPatience is how long a hash may take there. Where an old one needs longer on a slow core, it is hashed here as well.
const workerPatience = 2 * time.Second

// worker hashes in a process of its own, which runs when nothing else wants to. Next to the pages, each hash's 19 MiB would begin
// a garbage collection, whose stops of the world wait for threads that hashes keep from running: a flood of logins would be
// felt on every page. Nothing but passwords and hashes passes to it; it gets no environment, and so no secret.
type worker struct {
	program  string // hashes in this process where it is ""
	quiet    time.Duration
	patience time.Duration
	starts   func(start func() error) error // starts the process with the priority that it is to have

	late atomic.Int64 // jobs that nobody waits for any more

	mutex  sync.Mutex
	client *rpc.Client // nil while no process runs
	jobs   int         // under way
	ending *time.Timer
}

// do carries out a job. A worker that cannot be started, that dies or that gets no turn costs nobody a login, only the pages some speed.
func (w *worker) do(job HashJob) HashAnswer {
	if w.program == "" || w.isLate() {
		return job.do()
	}
	answer, err := w.ask(job)
	if err != nil {
		slog.Warn("the process that hashes passwords is not to be had; this one hashes", "error", err)
		return job.do()
	}
	return answer
}

// errLate says that the machine is so busy that the worker, which runs only when nothing else wants to, gets no turn.
var errLate = errors.New("it gets no turn")

// ask waits for the worker's answer, its start among it, as long as the patience lasts.
func (w *worker) ask(job HashJob) (HashAnswer, error) {
	var answer HashAnswer
	var err error
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		var client *rpc.Client
		if client, err = w.begin(); err == nil {
			err = client.Call("Hashes.Do", job, &answer)
			w.end(client, err)
		}
	}()
	select {
	case <-answered:
		return answer, err
	case <-time.After(w.patience):
	}
	w.late.Add(1)
	go func() {
		<-answered
		w.late.Add(-1)
	}()
	return HashAnswer{}, errLate
}

// isLate says whether the worker has hashes on its hands that it was given up on: it gets no more, or they and their memory would pile up.
func (w *worker) isLate() bool { return w.late.Load() > 0 }

// begin returns the way to the process, which it starts where there is none.
func (w *worker) begin() (*rpc.Client, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.client == nil {
		client, err := startWorker(w.program, w.starts)
		if err != nil {
			return nil, err
		}
		w.client = client
	}
	w.jobs++
	return w.client, nil
}

// end notes that a job is done, and lets the process go where it has failed or when nothing follows.
func (w *worker) end(client *rpc.Client, err error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.jobs--
	if err != nil && w.client == client {
		w.client = nil
		_ = client.Close() // it is broken already
	}
	if w.ending == nil {
		w.ending = time.AfterFunc(w.quiet, w.rest)
	}
	w.ending.Reset(w.quiet)
}

// rest ends the process, unless somebody has come meanwhile.
func (w *worker) rest() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.client != nil && w.jobs == 0 {
		_ = w.client.Close() // its input ends, and so does it
		w.client = nil
	}
}

// startWorker has starts start a run of program that reads jobs from its input and writes answers to its output.
func startWorker(program string, starts func(start func() error) error) (*rpc.Client, error) {
	theirIn, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, theirIn.Close(), in.Close())
	}
	cmd := exec.Command(program, HashWorker)
	cmd.Env = []string{}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirIn, theirOut, os.Stderr
	err = starts(cmd.Start)
	if err = errors.Join(err, theirIn.Close(), theirOut.Close()); err != nil {
		return nil, errors.Join(err, in.Close(), out.Close())
	}
	go func() { _ = cmd.Wait() }() // or it would stay as a zombie; how it ended shows in the calls
	return rpc.NewClient(pipe{out, in}), nil
}

// pipe is two one-way pipes as one connection.
type pipe struct {
	io.ReadCloser
	io.WriteCloser
}

func (p pipe) Close() error { return errors.Join(p.WriteCloser.Close(), p.ReadCloser.Close()) }

// hashSlots is how many passwords are hashed at once: one core stays free for everyone who is not logging in.
func hashSlots() int { return max(1, runtime.GOMAXPROCS(0)-1) }

// ServeHashes does the jobs that come in until in ends, which is when the program that asks for them has ended, however it did. Its garbage
// collections keep to the cores of the hashes.
func ServeHashes(in io.ReadCloser, out io.WriteCloser) error {
	runtime.GOMAXPROCS(hashSlots())
	server := rpc.NewServer()
	if err := server.RegisterName("Hashes", hashes{}); err != nil {
		return err
	}
	server.ServeConn(pipe{in, out})
	return nil
}

// hashes is what a worker can be asked for.
type hashes struct{}

// Do has the signature that net/rpc asks of a method.
func (hashes) Do(job HashJob, answer *HashAnswer) error {
	*answer = job.do()
	return nil
}

// HashJob asks whether Password is the one that Encoded was made of, or, where Encoded is "", for a hash of it.
type HashJob struct{ Password, Encoded string }

// HashAnswer is the new hash, or whether the password matches.
type HashAnswer struct {
	Encoded string
	Matches bool
}

func (j HashJob) do() HashAnswer {
	if j.Encoded == "" {
		return HashAnswer{Encoded: newArgon2id(j.Password).String()}
	}
	stored, _ := parseHash(j.Encoded) // what cannot be read matches nothing
	return HashAnswer{Matches: stored.matches(j.Password)}
}
