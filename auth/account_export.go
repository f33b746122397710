package auth

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path"
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/auth/limit"
	"example.com/gatehouse/mail"
	"example.com/gatehouse/models"
)

// EventAccountExported says that somebody downloaded all that is held about
// them.
const EventAccountExported = "account.exported"

// LimitExport bounds what reading a whole account costs.
var LimitExport = limit.Limit{Name: "export", Max: 5, Window: time.Hour}

// StartExport lets the user have what WriteExport writes: it is in the log, and the owner is told by mail, before the first byte
// leaves. The error is a Limited, ErrReauthRequired or ErrChanged.
func (a *Auth) StartExport(ctx context.Context, actor *Actor) error {
	if err := a.MayExport(ctx, actor); err != nil {
		return err
	}
	return a.InSession(ctx, actor, func(t *Tx, _ *models.User) error { return a.RecordExport(t, actor) })
}

// MayExport checks a request for an export: a recent login and the limit. The
// error is a Limited or ErrReauthRequired.
func (a *Auth) MayExport(ctx context.Context, actor *Actor) error {
	if err := a.RequireRecentLogin(ctx, actor); err != nil {
		return err
	}
	return a.Attempt(ctx, actor.Client, LimitExport.By(actor.User.ID))
}

// RecordExport records an export and alerts the owner. The caller must have
// called MayExport before the transaction.
func (a *Auth) RecordExport(t *Tx, actor *Actor) error {
	err := a.Alert(t, &actor.User, actor.Client, func(i mail.Incident) mail.Message { return a.messages.AccountExported(actor.User.Email, i) })
	if err != nil {
		return err
	}
	return a.Record(t, EventAccountExported, SubjectOf(actor), nil)
}

// ExportContent is a file of an export.
type ExportContent struct {
	Name string
	Says string // what it holds, for the person
}

// ExportContents lists what an export is made of.
func (a *Auth) ExportContents() []ExportContent {
	var contents []ExportContent
	for _, part := range models.SchemaOf(a.db).ExportParts() {
		contents = append(contents, ExportContent{part.Name + ".json", part.Says})
		if len(part.FileColumns()) > 0 {
			contents = append(contents, ExportContent{part.Name + "/", "The files that belong to " + part.Name + ".json"})
		}
	}
	return append(contents, ExportContent{"mail.json", "Mail to you that is on its way or was kept: when it was written and its subject"})
}

// WriteExport writes a zip of all that is held about the user, as it reads it: a file of JSON for each table, what is a file as a
// file, and a README.txt. Nothing in it opens the account: what proves who somebody is, is left out.
func (a *Auth) WriteExport(ctx context.Context, actor *Actor, w io.Writer) error {
	e := exporter{db: a.db.WithContext(ctx), user: &actor.User, zip: zip.NewWriter(w), now: a.now()}
	if err := e.readme(a.config.AppName, a.ExportContents()); err != nil {
		return err
	}
	for _, part := range models.SchemaOf(a.db).ExportParts() {
		if err := e.part(part); err != nil {
			return fmt.Errorf("export %s: %w", part.Name, err)
		}
	}
	err := e.list("mail.json", func(each func(any) error) error {
		return a.outbox.EachTo(ctx, actor.User.Email, func(message mail.QueuedMessage) error {
			return each(map[string]any{"kind": message.Kind, "subject": message.Subject, "written_at": message.CreatedAt.UTC(), "state": message.State})
		})
	})
	if err != nil {
		return fmt.Errorf("export the mail: %w", err)
	}
	return e.zip.Close()
}

// exporter writes one export.
type exporter struct {
	db   *gorm.DB
	user *models.User
	zip  *zip.Writer
	now  time.Time
}

func (e exporter) file(name string, method uint16) (io.Writer, error) {
	return e.zip.CreateHeader(&zip.FileHeader{Name: name, Method: method, Modified: e.now})
}

func (e exporter) readme(appName string, contents []ExportContent) error {
	w, err := e.file("README.txt", zip.Deflate)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "What %s holds about %s, as of %s.\n\n", appName, e.user.Email, e.now.Format(time.RFC3339))
	for _, content := range contents {
		fmt.Fprintf(w, "%-28s %s\n", content.Name, content.Says)
	}
	_, err = fmt.Fprint(w, "\nEvery file is JSON in UTF-8: a list of rows, by column. Times are RFC 3339 in UTC.\n"+
		"Left out is what proves who you are or opens your account: your password, which only you know, the secrets of\n"+
		"your devices and factors, and links that still work.\n"+
		"Counts of requests, which are kept for days under a one-way code of the address, tell nothing of you and are not here.\n")
	return err
}

// part writes the files of a table's rows, then the rows, which name them.
func (e exporter) part(part models.ExportPart) error {
	names := map[string]map[string]string{} // by row and column
	err := part.Files(e.db, e.user, func(id, column string, content []byte) error {
		name := path.Join(part.Name, id+extension(content))
		if len(part.FileColumns()) > 1 {
			name = path.Join(part.Name, id+"-"+column+extension(content))
		}
		if names[id] == nil {
			names[id] = map[string]string{}
		}
		names[id][column] = name
		w, err := e.file(name, zip.Store)
		if err != nil {
			return err
		}
		_, err = w.Write(content)
		return err
	})
	if err != nil {
		return err
	}
	return e.list(part.Name+".json", func(each func(any) error) error {
		return part.Rows(e.db, e.user, func(row map[string]any) error {
			for column, name := range names[row["id"].(string)] {
				row[column] = name
			}
			return each(row)
		})
	})
}

// list writes a file of JSON, row by row.
func (e exporter) list(name string, rows func(each func(any) error) error) error {
	w, err := e.file(name, zip.Deflate)
	if err != nil {
		return err
	}
	before := "[\n"
	err = rows(func(row any) error {
		var text bytes.Buffer
		text.WriteString(before)
		before = ",\n"
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("  ", "  ")
		text.WriteString("  ")
		if err := encoder.Encode(row); err != nil {
			return err
		}
		_, err := w.Write(bytes.TrimRight(text.Bytes(), "\n"))
		return err
	})
	if err != nil {
		return err
	}
	end := "\n]\n"
	if before == "[\n" {
		end = "[]\n"
	}
	_, err = io.WriteString(w, end)
	return err
}

// extension is what a file is called after its content.
func extension(content []byte) string {
	switch http.DetectContentType(content) {
	case "image/png":
		return ".png"
	case "image/jpeg":
		return ".jpg"
	case "image/gif":
		return ".gif"
	case "image/webp":
		return ".webp"
	case "application/pdf":
		return ".pdf"
	}
	return ".bin"
}
