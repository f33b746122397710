package models

import (
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

// ExportPart is a table in an export of what is held about a person.
type ExportPart struct {
	Table   string
	Says    string   // what it holds, for the person
	without []string // the columns that prove who somebody is, or open something: hashes, tokens, sealed secrets
	parsed  *schema.Schema
	private bool
}

// exportLines says of tables what an export tells of them and what it leaves out. auth's own tables need a line. A private table is
// exported whole without one.
func exportLines() []ExportPart {
	return []ExportPart{
		{Table: "users", Says: "Your name and your address", without: []string{"password_hash"}},
		{Table: "sessions", Says: "The devices that are logged in, and those that were until a week ago", without: []string{"token_hash"}},
		{Table: "pending_logins", Says: "Logins that were begun and not finished", without: []string{"token_hash", "credential_version"}},
		{Table: "known_devices", Says: "Browsers that have logged in before", without: []string{"token_hash"}},
		{Table: "password_resets", Says: "Links to reset your password that still work", without: []string{"token_hash"}},
		{Table: "security_alerts", Says: "Links in mails that told you of a change, while they work", without: []string{"token_hash"}},
		{Table: "profile_pictures", Says: "Your picture, large and small"}, // feature:profile_picture
		{Table: "preferences", Says: "How you want to see the site"},
		{Table: "events", Says: "The security log: what happened to your account, when, how and from where"},
		{Table: "email_changes", Says: "An address that you are about to change to", without: []string{"new_token_hash", "old_token_hash"}},
		{Table: "former_emails", Says: "Addresses that you had until a week ago", without: []string{"token_hash"}},
		{Table: "authenticators", Says: "Your authenticator apps", without: []string{"secret", "last_step"}}, // feature:totp
		{Table: "account_recoveries", Says: "Links to remove your second factors that still work", without: []string{"token_hash"}},
		{Table: "recovery_codes", Says: "When your recovery codes were made", without: []string{"code_hash"}},                                                                 // feature:recovery_codes
		{Table: "mail_logins", Says: "Mails to log in with that still work", without: []string{"recipient", "browser_hash", "token_hash", "code_hash", "credential_version"}}, // feature:mail_login
		{Table: "passkey_owners", Says: "Whether you want to be offered a passkey", without: []string{"handle"}},                                                              // feature:passkeys
		{Table: "passkeys", Says: "Your passkeys", without: []string{"credential_id", "public_key", "sign_count"}},                                                            // feature:passkeys
		{Table: "account_deletions", Says: "A deletion of your account that was asked for", without: []string{"token_hash"}},
		{Table: "trusted_devices", Says: "Devices where your second factor is not asked for", without: []string{"token_hash", "credential_version"}}, // feature:trusted_devices
		{Table: "accepted_terms", Says: "Which terms you accepted, and when"},                                                                        // feature:terms
	}
}

// ExportParts lists the tables of an export: that of users, and each that has an owner.
func ExportParts() []ExportPart {
	var parts []ExportPart
	lines, private := exportLines(), OwnedTables()
	for _, model := range All() {
		parsed, err := schema.Parse(model, &sync.Map{}, schema.NamingStrategy{})
		if err != nil {
			continue // the schema law reads every model
		}
		part := ExportPart{Table: parsed.Table, Says: "Your " + strings.ReplaceAll(parsed.Table, "_", " ")}
		at := slices.IndexFunc(lines, func(line ExportPart) bool { return line.Table == parsed.Table })
		if at >= 0 {
			part = lines[at]
		}
		part.parsed, part.private = parsed, slices.Contains(private, parsed.Table)
		if at >= 0 || part.private {
			parts = append(parts, part)
		}
	}
	return parts
}

// Columns are those that the export shows as values.
func (p ExportPart) Columns() []string { return p.columns(false) }

// FileColumns are those whose bytes are files of the export.
func (p ExportPart) FileColumns() []string { return p.columns(true) }

func (p ExportPart) columns(bytes bool) (names []string) {
	for _, name := range p.parsed.DBNames {
		if !slices.Contains(p.without, name) && bytes == (p.parsed.FieldsByDBName[name].FieldType == reflect.TypeFor[[]byte]()) {
			names = append(names, name)
		}
	}
	return names
}

// exportRows is how many rows are in memory at a time; of those with files it is one.
const exportRows = 200

// Rows gives each of the user's rows to a function, as values by column. Between two batches nothing is held of the database: who
// downloads slowly keeps nobody waiting.
func (p ExportPart) Rows(db *gorm.DB, user *User, each func(row map[string]any) error) error {
	return p.batches(db, user, p.Columns(), exportRows, each)
}

// Files gives each file of the user's rows to a function, with the id of its row.
func (p ExportPart) Files(db *gorm.DB, user *User, each func(id, column string, content []byte) error) error {
	files := p.FileColumns()
	if len(files) == 0 {
		return nil
	}
	return p.batches(db, user, append(files, "id"), 1, func(row map[string]any) error {
		for _, column := range files {
			if err := each(row["id"].(string), column, row[column].([]byte)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (p ExportPart) batches(db *gorm.DB, user *User, columns []string, size int, each func(map[string]any) error) error {
	for last := ""; ; {
		rows := reflect.New(reflect.SliceOf(p.parsed.ModelType))
		err := p.of(db, user).Select(columns).Where("id > ?", last).Order("id").Limit(size).Find(rows.Interface()).Error
		if err != nil {
			return err
		}
		n := rows.Elem().Len()
		for i := range n {
			row := map[string]any{}
			for _, column := range columns {
				value, _ := p.parsed.FieldsByDBName[column].ValueOf(db.Statement.Context, rows.Elem().Index(i))
				row[column] = inUTC(value)
			}
			last = row["id"].(string)
			if err := each(row); err != nil {
				return err
			}
		}
		if n < size {
			return nil
		}
	}
}

// of is a handle for the user's rows, the deleted ones that are still there among them.
func (p ExportPart) of(db *gorm.DB, user *User) *gorm.DB {
	model := reflect.New(p.parsed.ModelType).Interface()
	switch {
	case p.private:
		return Scoped(db, ActorFor(user)).Unscoped().Model(model)
	case p.Table == "users":
		return db.Model(model).Where("id = ?", user.ID)
	}
	return db.Model(model).Where("user_id = ?", user.ID)
}

// inUTC makes the database's time of whatever zone the driver gave UTC.
func inUTC(value any) any {
	switch v := value.(type) {
	case time.Time:
		return v.UTC()
	case *time.Time:
		if v != nil {
			return v.UTC()
		}
	case gorm.DeletedAt:
		if v.Valid {
			return v.Time.UTC()
		}
		return nil
	}
	return value
}
