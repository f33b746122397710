package app_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"example.com/gatehouse/app"
	"example.com/gatehouse/auth/limit"
	"example.com/gatehouse/config"
	"example.com/gatehouse/mail"
	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
)

func TestJob_LogsWhatFailsAndGoesOn(t *testing.T) {
	var log bytes.Buffer
	core := &app.Core{Log: slog.New(slog.NewTextHandler(&log, nil))}
	broken := app.Job{Name: "broken", Run: func(context.Context, *app.Core) error { return errors.New("no paper") }}
	broken.Do(t.Context(), core)
	faulty := app.Job{Name: "faulty", Run: func(context.Context, *app.Core) error { panic("a bug") }}
	faulty.Do(t.Context(), core)
	for _, want := range []string{`job=broken error="no paper"`, `job=faulty error="a bug"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("got the log %q, want %q in it", log.String(), want)
		}
	}
}

// The digest of docs/jobs.md.
var weekly = limit.Limit{Name: "digest", Max: 1, Window: 7 * 24 * time.Hour}

var digest = app.Job{Name: "digest", Every: time.Hour, Run: func(ctx context.Context, core *app.Core) error {
	var users []models.User
	if err := core.DB.WithContext(ctx).Where("disabled_at IS NULL").Find(&users).Error; err != nil {
		return err
	}
	var failed []error
	for _, user := range users {
		failed = append(failed, sendDigest(ctx, core, user))
	}
	core.Outbox.Wake()
	return errors.Join(failed...)
}}

func sendDigest(ctx context.Context, core *app.Core, user models.User) error {
	return core.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		_, due, err := weekly.By(user.ID).Attempt(tx, core.Config, core.Now())
		if err != nil || !due {
			return err
		}
		return core.Outbox.Enqueue(tx, mail.Message{
			Kind: "digest", To: user.Email, Subject: "Your week", HTML: "<p>Nothing happened.</p>",
			Text: "Nothing happened.",
		})
	})
}

func TestJob_SendsAWeeklyDigestOnceHoweverOftenItRuns(t *testing.T) {
	now := time.Now()
	c, err := config.Load([]string{"DATABASE_URL=" + modelstest.EmptyURL(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	core, err := app.Open(t.Context(), c, nil, slog.New(slog.DiscardHandler), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	defer core.Close()
	ada := models.User{ID: uuid.NewString(), Email: "ada@example.com", CreatedAt: now, UpdatedAt: now}
	if err := core.DB.Create(&ada).Error; err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		passes time.Duration
		want   int
	}{{0, 1}, {time.Hour, 1}, {7 * 24 * time.Hour, 2}} {
		now = now.Add(step.passes)
		digest.Do(t.Context(), core)
		sent, err := core.Outbox.List(t.Context(), 10)
		if err != nil || len(sent) != step.want {
			t.Errorf("%s later: got %d mails, %v, want %d", step.passes, len(sent), err, step.want)
		}
	}
}
