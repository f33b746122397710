package cli

import (
	"math"
	"runtime/debug"
	"testing"
	"testing/fstest"
)

func TestMemory_IsLimitedByTheControlGroup(t *testing.T) {
	const machine = "MemTotal:        4194304 kB\nMemFree: 1 kB\n"
	for _, c := range []struct {
		name  string
		files map[string]string
		want  int64
	}{
		{"nothing is known", nil, 0},
		{"only the machine", map[string]string{"proc/meminfo": machine}, 4 << 30},
		{"version 2, in a container", map[string]string{
			"proc/meminfo": machine, "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "536870912\n",
		}, 512 << 20},
		{"version 2, a service", map[string]string{
			"proc/self/cgroup":                                  "0::/system.slice/app.service\n",
			"sys/fs/cgroup/system.slice/memory.max":             "268435456\n",
			"sys/fs/cgroup/system.slice/app.service/memory.max": "max\n",
		}, 256 << 20},
		{"version 1", map[string]string{
			"proc/meminfo": machine, "proc/self/cgroup": "8:pids:/\n4:memory:/docker/abc\n0::/\n",
			"sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": "536870912\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":            "9223372036854771712\n",
		}, 512 << 20},
		{"version 1, in a container", map[string]string{
			"proc/self/cgroup": "4:memory:/docker/abc\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "536870912\n",
		}, 512 << 20},
		{"no limit", map[string]string{
			"proc/meminfo": machine, "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n",
		}, 4 << 30},
	} {
		root := fstest.MapFS{}
		for name, content := range c.files {
			root[name] = &fstest.MapFile{Data: []byte(content)}
		}
		if got := givenMemory(root); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

func TestMemory_FollowsGOMEMLIMIT(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(math.MaxInt64))
	t.Setenv("GOMEMLIMIT", "off")
	if limitMemory(); debug.SetMemoryLimit(-1) != math.MaxInt64 {
		t.Errorf("got a limit of %d, want none", debug.SetMemoryLimit(-1))
	}
}
