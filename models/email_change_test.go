package models_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
)

// Migration 25 moves the rows of a table into a new one, which succeeds as often as it is tried.
func TestAFileWhoseStatementsWouldSucceedTwiceIsAppliedOnce(t *testing.T) {
	databaseURL := modelstest.URL(t)
	must(t, openURL(t, databaseURL).Exec("DELETE FROM goose_db_version WHERE version_id = 25").Error)
	var servers sync.WaitGroup
	var applied atomic.Int64
	for range 8 {
		db := openURL(t, databaseURL)
		servers.Go(func() {
			n, err := models.Migrate(context.Background(), db)
			if err != nil {
				t.Error(err)
			}
			applied.Add(int64(n))
		})
	}
	servers.Wait()
	if applied.Load() != 1 {
		t.Errorf("one file was applied %d times", applied.Load())
	}
}
