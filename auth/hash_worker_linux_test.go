package auth

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMain makes the test binary the worker that it starts.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == HashWorker {
		if ServeHashes(os.Stdin, os.Stdout) != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// newWorkerHasher has a worker of the usual priority, or the tests would wait for everything else that the machine has to do.
func newWorkerHasher(t *testing.T, quiet time.Duration) *Hasher {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	h := NewHasher(4, 100)
	h.worker = &worker{program: self, quiet: quiet, patience: time.Hour, starts: func(start func() error) error { return start() }}
	t.Cleanup(func() {
		h.worker.rest()
		awaitWorkers(t, 0) // or the next test would count it as its own
	})
	return h
}

func TestAWorkerHashesAndVerifiesForManyAtOnce(t *testing.T) {
	h := newWorkerHasher(t, time.Hour)
	encoded := mustHash(t, NewHasher(1, 1), "made in this process")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			expect(t, h, "made in this process", encoded, true, false)
			expect(t, h, "made elsewhere", encoded, false, false)
			expect(t, h, "made elsewhere", "", false, false)
		})
	}
	all.Wait()
	expect(t, NewHasher(1, 1), "\xff\x00 made by the worker", mustHash(t, h, "\xff\x00 made by the worker"), true, false)
	expect(t, h, "an old password", bcryptOf(t, "an old password"), true, true)
	if len(workers(t)) != 1 {
		t.Errorf("%d processes hash", len(workers(t)))
	}
}

func TestAWorkerEndsWhenNobodyComesAnyMore(t *testing.T) {
	h := newWorkerHasher(t, 50*time.Millisecond)
	mustHash(t, h, "a password that takes memory")
	awaitWorkers(t, 0)
	mustHash(t, h, "and one for the next worker")
	awaitWorkers(t, 0)
}

func TestAKilledWorkerCostsNobodyALogIn(t *testing.T) {
	h := newWorkerHasher(t, time.Hour)
	encoded := mustHash(t, h, "the password")
	for range 3 {
		for _, pid := range workers(t) {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
		expect(t, h, "the password", encoded, true, false)
		expect(t, h, "the password", encoded, true, false)
		if len(workers(t)) != 1 {
			t.Errorf("%d workers follow on a killed one", len(workers(t)))
		}
	}
}

// A worker that is stopped is one that gets no turn.
func TestAWorkerThatGetsNoTurnHoldsNobodyUpAndIsGivenNoMore(t *testing.T) {
	h := newWorkerHasher(t, time.Hour)
	encoded := mustHash(t, h, "the password")
	h.worker.patience = 50 * time.Millisecond
	signal := func(s syscall.Signal) {
		for _, pid := range workers(t) {
			if err := syscall.Kill(pid, s); err != nil {
				t.Fatal(err)
			}
		}
	}
	signal(syscall.SIGSTOP)
	t.Cleanup(func() { signal(syscall.SIGCONT) }) // or it could not end
	for range 20 {
		expect(t, h, "the password", encoded, true, false)
		expect(t, h, "not the password", encoded, false, false)
	}
	h.worker.mutex.Lock()
	jobs := h.worker.jobs
	h.worker.mutex.Unlock()
	if jobs != 1 {
		t.Errorf("it was given %d passwords meanwhile", jobs)
	}

	signal(syscall.SIGCONT)
	h.worker.patience = time.Hour
	await(t, "the late worker has not caught up", func() bool { return !h.worker.isLate() })
	expect(t, h, "the password", encoded, true, false)
	if h.worker.isLate() || len(workers(t)) != 1 {
		t.Errorf("it is not asked again: late %v, %d workers", h.worker.isLate(), len(workers(t)))
	}
}

// So it is where the machine is too busy to start one.
func TestAWorkerThatDoesNotComeUpHoldsNobodyUp(t *testing.T) {
	h := newWorkerHasher(t, time.Hour)
	turn := make(chan struct{})
	h.worker.patience = 50 * time.Millisecond
	h.worker.starts = func(start func() error) error {
		<-turn
		return start()
	}
	encoded := mustHash(t, h, "the password")
	expect(t, h, "the password", encoded, true, false)
	expect(t, h, "not the password", encoded, false, false)
	close(turn)
	await(t, "the late worker has not caught up", func() bool { return !h.worker.isLate() })
}

func TestWithoutAWorkerToStartThisProcessHashes(t *testing.T) {
	h := NewHasher(1, 1)
	h.worker = &worker{program: "/nonexistent/program", quiet: time.Hour, patience: time.Hour, starts: whenNothingElseRuns}
	expect(t, h, "the password", mustHash(t, h, "the password"), true, false)
}

// A flood of logins must not slow down what else runs on the machine.
func TestAWorkerGivesWayAndHasNoEnvironment(t *testing.T) {
	t.Setenv("SECRET_KEY", "not for the worker")
	h := newWorkerHasher(t, time.Hour)
	h.worker.starts = whenNothingElseRuns
	client, err := h.worker.begin() // asked for nothing, it needs few turns
	if err != nil {
		t.Fatal(err)
	}
	defer h.worker.end(client, nil)
	for _, pid := range workers(t) {
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil {
			t.Fatal(err)
		}
		_, after, _ := strings.Cut(string(stat), ") ")
		if policy := strings.Fields(after)[38]; policy != strconv.Itoa(unix.SCHED_IDLE) {
			t.Errorf("its scheduling policy is %s", policy)
		}
		if environ, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ"); err != nil || len(environ) > 0 {
			t.Errorf("its environment is %q, %v", environ, err)
		}
	}
	if len(workers(t)) != 1 {
		t.Errorf("%d processes hash", len(workers(t)))
	}
}

// workers are the processes that hash for this one.
func workers(t *testing.T) (pids []int) {
	t.Helper()
	list, err := exec.Command("ps", "-o", "pid=,args=", "--ppid", strconv.Itoa(os.Getpid())).CombinedOutput()
	if err != nil && len(list) > 0 {
		t.Fatalf("ps: %v\n%s", err, list)
	}
	for line := range strings.Lines(string(list)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[2] == HashWorker {
			pid, err := strconv.Atoi(fields[0])
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, pid)
		}
	}
	return pids
}

func awaitWorkers(t *testing.T, n int) {
	t.Helper()
	await(t, fmt.Sprintf("there are not %d workers", n), func() bool { return len(workers(t)) == n })
}

// await gives a busy machine the time that it needs, and one that waits in vain an end.
func await(t *testing.T, otherwise string, happens func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Minute); !happens(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(otherwise)
		}
	}
}
