//go:build !unix

package modelstest

import (
	"fmt"
	"os/exec"
)

func asPostgres(*exec.Cmd, string) error {
	return fmt.Errorf("%w, on a Unix system", errNoPostgres)
}
