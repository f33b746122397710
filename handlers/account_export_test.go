package handlers_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"gorm.io/gorm/schema"

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/models"
)

// exportData is what the user downloads, by the names of the files.
func exportData(b *apptest.Browser) map[string]string {
	b.App.T.Helper()
	return exportFrom(b, "/account/export")
}

func exportFrom(b *apptest.Browser, path string) map[string]string {
	b.App.T.Helper()
	page := b.Post(path).WantStatus(b.App.T, 200)
	archive, err := zip.NewReader(strings.NewReader(page.Body), int64(len(page.Body)))
	if err != nil {
		b.App.T.Fatal(err)
	}
	files := map[string]string{}
	for _, file := range archive.File {
		content, err := file.Open()
		if err != nil {
			b.App.T.Fatal(err)
		}
		text, err := io.ReadAll(content)
		if err != nil {
			b.App.T.Fatal(err)
		}
		files[file.Name] = string(text)
	}
	return files
}

func TestSomebodyDownloadsWhatIsHeldAboutThem(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	ada.Get("/account").WantText(t, "A copy of it")
	ada.Get("/account/export").WantStatus(t, 200).WantText(t, "users.json", "are left out")
	files := exportData(ada)
	var rows []map[string]any
	if err := json.Unmarshal([]byte(files["users.json"]), &rows); err != nil || len(rows) != 1 || rows[0]["email"] != ada.Email {
		t.Errorf("%v: %s", err, files["users.json"])
	}
	if made, _ := rows[0]["created_at"].(string); !strings.HasSuffix(made, "Z") {
		t.Errorf("the account was made at %q", made)
	}
	for name := range files {
		if !strings.Contains(files["README.txt"], strings.Split(name, "/")[0]) && name != "README.txt" {
			t.Errorf("README.txt does not tell of %s", name)
		}
	}
	if mail := ada.Mail(); !strings.Contains(mail.Subject, "data was downloaded") || !slices.Contains(app.Events(), "account.exported") {
		t.Errorf("the owner is mailed %q, and the log has %v", mail.Subject, app.Events())
	}
}

func TestAnExportIsADownloadThatNobodyKeeps(t *testing.T) {
	app := apptest.New(t)
	page := app.LoggedIn("ada@example.com").Post("/account/export").WantStatus(t, 200)
	for name, want := range map[string]string{
		"Content-Type": `^application/zip$`, "Content-Disposition": `^attachment; filename="account-[-0-9]+\.zip"$`, "Cache-Control": `^no-store$`,
	} {
		if got := page.Header.Get(name); !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("%s is %q", name, got)
		}
	}
}

// Everything that is somebody's is in it, and nothing of anybody else's; what opens an account is not.
func TestLawAnExportIsWholeAndNobodyElsesAndHoldsNoSecret(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada, mallory := app.LoggedIn("ada@example.com"), app.LoggedIn("mallory@example.com")
	estateOf(t, ada)
	wantNoHashesAsIDs(ada)
	files := exportData(ada.Reauthenticated())
	parts := models.SchemaOf(app.DB).ExportParts()
	for _, model := range parsedModels(app) {
		if owner := ownerColumn(model); owner != "" {
			i := slices.IndexFunc(parts, func(p models.ExportPart) bool { return p.Name == model.Table })
			if i < 0 {
				t.Errorf("%s has an owner and is not exported: its models.Table needs a Says", model.Table)
				continue
			}
			holdsItsRows(t, files, parts[i], app.Values(model.Table, owner+" = ?", ada.User().ID))
		}
	}
	theirs := strings.Join(slices.Collect(maps.Values(exportData(mallory))), "")
	for _, hers := range []string{ada.Email, ada.User().ID, "mark-"} {
		if strings.Contains(theirs, hers) || !strings.Contains(theirs, mallory.Email) {
			t.Errorf("Mallory's export has %q", hers)
		}
	}
}

// holdsItsRows wants each value of the rows to be in the export, or nowhere in it where it is left out.
func holdsItsRows(t *testing.T, files map[string]string, part models.ExportPart, rows []map[string]any) {
	t.Helper()
	whole := strings.Join(slices.Collect(maps.Values(files)), "")
	for _, row := range rows {
		for column, value := range row {
			var forms []string
			switch v := value.(type) {
			case string:
				forms = []string{jsonText(v)}
			case []byte:
				forms = []string{string(v), base64.StdEncoding.EncodeToString(v), base64.RawURLEncoding.EncodeToString(v), hex.EncodeToString(v)}
			}
			shown := slices.Contains(part.Columns(), column) || slices.Contains(part.FileColumns(), column)
			found := slices.ContainsFunc(forms, func(form string) bool { return strings.Contains(whole, form) })
			if len(forms) > 0 && len(forms[0]) > 8 && shown != found {
				t.Errorf("%s.%s is to be exported: %t, and is: %t", part.Name, column, shown, found)
			}
		}
	}
}

// ownerColumn is where a table says whose a row is, "" where it does not.
func ownerColumn(model *schema.Schema) string {
	if model.Table == "users" {
		return "id"
	}
	if model.FieldsByDBName["user_id"] != nil {
		return "user_id"
	}
	return ""
}

// wantNoHashesAsIDs gives a value of its own to each of the user's hashes that a test has made of its row's id.
func wantNoHashesAsIDs(b *apptest.Browser) {
	b.App.T.Helper()
	for _, model := range parsedModels(b.App) {
		for _, field := range model.Fields {
			if field.FieldType != reflect.TypeFor[[]byte]() || model.FieldsByDBName["user_id"] == nil {
				continue
			}
			for _, row := range b.App.Values(model.Table, "user_id = ?", b.User().ID) {
				if content, _ := row[field.DBName].([]byte); !bytes.Contains(content, []byte(row["id"].(string))) {
					continue
				}
				other := sha256.Sum256([]byte(field.DBName + row["id"].(string)))
				set := fmt.Sprintf("UPDATE %s SET %s = ? WHERE id = ?", model.Table, field.DBName)
				if err := models.Unscoped(b.App.DB).Exec(set, other[:], row["id"]).Error; err != nil {
					b.App.T.Fatal(err)
				}
			}
		}
	}
}

func jsonText(text string) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text)
	return strings.TrimSpace(b.String())
}

// What a column is called tells whether it is a secret.
func TestLaw_NoExportedColumnIsASecret(t *testing.T) {
	secret := regexp.MustCompile(`hash|secret|token|password|passwd|credential_version|sealed|private_key|verifier|nonce|challenge`)
	for _, part := range models.SchemaOf(apptest.New(t).DB).ExportParts() {
		for _, column := range slices.Concat(part.Columns(), part.FileColumns()) {
			if secret.MatchString(column) && !strings.HasSuffix(column, "_at") { // when something was is none
				t.Errorf("%s.%s looks like a secret: name it in the Secrets of its models.Table", part.Name, column)
			}
		}
	}
}

// Items 34 and 14: a stolen session takes nothing with it, and nobody has the whole account read all day.
func TestItem34AnExportAsksForAFreshProofAndIsBounded(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	app.Clock.Advance(app.Config.ReauthTTL)
	ada.Get("/account/export").WantRedirect(t, "/account/prove?next=%2Faccount%2Fexport")
	if page := ada.Post("/account/export").WantStatus(t, 401); strings.HasPrefix(page.Body, "PK") {
		t.Error("a stale session gets an export")
	}
	ada.Get("/account/prove?next=%2Faccount%2Fexport").Submit("answer", apptest.Password).
		WantRedirect(t, "/account/export").WantStatus(t, 200)
	for range 5 {
		exportData(ada)
	}
	ada.Post("/account/export").WantStatus(t, 429)
	exportData(app.LoggedIn("grace@example.com"))
}

func TestFiftyExportsAtOnceAreNoMoreThanTheLimit(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	var given [50]bool
	app.AtOnce(len(given), func(i int) {
		page, err := ada.Tab().Try("POST", "/account/export", nil)
		given[i] = err == nil && page.Status == 200
	})
	n := 0
	for _, was := range given {
		if was {
			n++
		}
	}
	if n != 5 {
		t.Errorf("%d exports were given", n)
	}
}

func TestManyRowsAreExportedOnceEach(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	for range 450 {
		event := models.Event{ID: uuid.NewString(), At: app.Clock.Now(), Name: "login.failed", UserID: &ada.User().ID, Detail: "{}"}
		if err := app.DB.Create(&event).Error; err != nil {
			t.Fatal(err)
		}
	}
	var rows []map[string]any
	if err := json.Unmarshal([]byte(exportData(ada)["events.json"]), &rows); err != nil {
		t.Fatal(err)
	}
	ids := map[any]bool{}
	for _, row := range rows {
		ids[row["id"]] = true
	}
	if want := int(app.Count("events", "user_id = ?", ada.User().ID)); len(ids) != want || len(rows) != want {
		t.Errorf("%d rows with %d ids, not %d", len(rows), len(ids), want)
	}
}
