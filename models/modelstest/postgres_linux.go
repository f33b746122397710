package modelstest

import "syscall"

// memory is a folder that no disk is behind, "" where there is none with room for a cluster: for each database that goes PostgreSQL writes
// down all that is dirty in any.
func memory() string {
	const folder, room = "/dev/shm", 2 << 30
	var about syscall.Statfs_t
	if syscall.Statfs(folder, &about) != nil || syscall.Access(folder, 2) != nil || about.Bavail*uint64(about.Bsize) < room {
		return ""
	}
	return folder
}
