package models_test

import (
	"slices"
	"strings"
	"testing"

	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
)

// A user's rows are deleted in batches before the user. A table that is missing
// here would be left to the foreign key, which deletes any number of rows in
// one transaction, while on SQLite all other writes wait.
func TestDeletionOrder_CoversEveryReferenceToUsers(t *testing.T) {
	db := modelstest.Open(t)
	order, anonymous := models.SchemaOf(db).DeletionOrder(), models.SchemaOf(db).Anonymized()
	for table, sentences := range readTables(t, db) {
		_, anonymized := anonymous[table]
		if slices.Contains(sentences, "foreign key user_id to users.id on delete set null") != anonymized {
			t.Errorf("%s forgets its user: %t in the schema, %t in its models.Table", table, !anonymized, anonymized)
		}
		cascades := slices.Contains(sentences, "foreign key user_id to users.id on delete cascade") && table != "account_deletions"
		if got := slices.Contains(order, table); got != cascades {
			t.Errorf("%s is in the order: got %t, want %t", table, got, cascades)
		}
		indexed := slices.ContainsFunc(sentences, func(s string) bool { return strings.Contains(s, "index ") && strings.Contains(s, "(user_id") })
		if (cascades || anonymized) && !indexed {
			t.Errorf("%s has no index that begins with user_id, so each batch reads the whole table", table)
		}
	}
}

func TestDeletionOrder_DeletesRowsBeforeWhatTheyReferTo(t *testing.T) {
	db := modelstest.Open(t)
	order := models.SchemaOf(db).DeletionOrder()
	for table, sentences := range readTables(t, db) {
		for _, sentence := range sentences {
			_, reference, _ := strings.Cut(sentence, " to ")
			parent, _, found := strings.Cut(reference, ".")
			child, of := slices.Index(order, table), slices.Index(order, parent)
			if strings.HasPrefix(sentence, "foreign key ") && found && child > of && of >= 0 {
				t.Errorf("%s is deleted after %s, whose deletion takes any number of its rows along", table, parent)
			}
		}
	}
}
