package cli

import (
	"io/fs"
	"os"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
)

// limitMemory makes Go's collector respect the memory that the program is
// given, unless GOMEMLIMIT is set. Without a limit the collector waits until
// the heap is several times as large as what is in use, and a container ends
// the program before that. SQLite and the program's own file take the rest.
func limitMemory() {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	if given := givenMemory(os.DirFS("/")); given > 0 {
		debug.SetMemoryLimit(given / 10 * 7)
	}
}

// givenMemory returns the memory that this process may take, in bytes: the
// least of the machine's and of what its control group and the groups above it
// allow (cgroups(7), both versions). It returns 0 if the system does not say.
func givenMemory(root fs.FS) (least int64) {
	take := func(text string, unit int64) {
		n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if err == nil && n > 0 && n < 1<<50 && (least == 0 || n*unit < least) {
			least = n * unit
		}
	}
	machine, _ := fs.ReadFile(root, "proc/meminfo")
	if _, total, ok := strings.Cut(string(machine), "MemTotal:"); ok {
		kilobytes, _, _ := strings.Cut(total, "kB")
		take(kilobytes, 1<<10)
	}
	groups, _ := fs.ReadFile(root, "proc/self/cgroup")
	for line := range strings.Lines(string(groups)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) < 3 {
			continue
		}
		folder, file := "sys/fs/cgroup", "memory.max"
		if parts[1] == "memory" {
			folder, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		} else if parts[1] != "" {
			continue
		}
		// In a container the path may be the host's, while the folder is the
		// container's own, so the folder itself is read last.
		for group := path.Join("/", parts[2]); ; group = path.Dir(group) {
			limit, _ := fs.ReadFile(root, path.Join(folder, group, file))
			take(string(limit), 1)
			if group == "/" {
				break
			}
		}
	}
	return least
}
