package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// git runs git in the clone and returns what it printed.
func git(ctx context.Context, root string, words ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", words...)
	cmd.Dir = root
	said, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("git %s: %w\n%s", strings.Join(words, " "), err, strings.TrimSpace(string(said)))
	}
	return strings.TrimSpace(string(said)), nil
}

// underGit says whether the clone is kept by git, and whether it has changes that are not committed.
func underGit(ctx context.Context, root string) (kept, dirty bool) {
	if _, err := git(ctx, root, "rev-parse", "--is-inside-work-tree"); err != nil {
		return false, false
	}
	status, err := git(ctx, root, "status", "--porcelain", "--", ".")
	return true, err != nil || status != ""
}
