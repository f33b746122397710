package scope

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Install makes GORM scope its statements on the owned tables. It acts when
// GORM writes the text of each clause, after callers and hooks have added
// theirs.
func Install(db *gorm.DB, tables []string) error {
	build := func(name string, scoped func(builder, clause.Clause) clause.Clause) {
		db.ClauseBuilders[name] = func(c clause.Clause, b clause.Builder) {
			if stmt, ok := b.(*gorm.Statement); ok {
				c = scoped(builder{stmt, tables, Owner(stmt.DB)}, c)
			}
			c.Build(b)
		}
	}
	build("SELECT", builder.selects)
	build("FROM", builder.from)
	build("WHERE", builder.where)
	build("VALUES", builder.values)
	build("SET", builder.set)
	build("ON CONFLICT", builder.onConflict)
	on := func(do func(builder)) func(*gorm.DB) {
		return func(db *gorm.DB) {
			if b := (builder{db.Statement, tables, Owner(db)}); db.Error == nil && b.writesOwned() {
				do(b)
			}
		}
	}
	return errors.Join(
		db.Callback().Create().Before("gorm:before_create").Register("scope:fill", on(builder.fill)),
		db.Callback().Create().After("gorm:create").Register("scope:conflict", on(builder.findConflict)),
	)
}

// builder writes the clauses of one statement.
type builder struct {
	*gorm.Statement
	tables []string
	owner  string // "" on a handle that is not scoped
}

func (b builder) writesOwned() bool { return b.owner != "" && slices.Contains(b.tables, b.Table) }

func (b builder) reads() bool { return slices.Contains(b.BuildClauses, "SELECT") }

// selects qualifies a column that has the name of an owned table, because Check
// cannot tell the two apart.
func (b builder) selects(c clause.Clause) clause.Clause {
	selected, ok := c.Expression.(clause.Select)
	if !ok {
		return c
	}
	for i, column := range selected.Columns {
		if column.Table == "" && !column.Raw && slices.Contains(b.tables, column.Name) {
			selected.Columns[i].Table = clause.CurrentTable
		}
	}
	return c
}

// from replaces each owned table in a query with a subquery for the owner's
// rows, so that no condition, order, or join reaches another row.
func (b builder) from(c clause.Clause) clause.Clause {
	if from, ok := c.Expression.(clause.From); ok && b.owner != "" && b.reads() {
		c.Expression = ownedFrom{from, b}
	}
	return c
}

type ownedFrom struct {
	clause.From
	b builder
}

func (f ownedFrom) Build(writer clause.Builder) {
	tables := f.Tables
	if len(tables) == 0 {
		tables = []clause.Table{{Name: clause.CurrentTable}}
	}
	for i, table := range tables {
		if i > 0 {
			writer.WriteByte(',')
		}
		writer.WriteQuoted(f.b.rows(table))
	}
	for _, join := range f.Joins {
		if join.Expression == nil {
			join.Table = f.b.rows(join.Table)
		}
		writer.WriteByte(' ')
		join.Build(writer)
	}
}

// rows returns the owner's rows as a table. It returns a table that is not
// owned unchanged.
func (b builder) rows(table clause.Table) clause.Table {
	name := table.Name
	if name == clause.CurrentTable {
		if name = b.Table; b.TableExpr != nil && b.TableExpr.SQL != b.Quote(name) {
			return table // the caller's own SQL, which Check examines
		}
	}
	if !slices.Contains(b.tables, name) {
		return table
	}
	var text strings.Builder
	text.WriteString("(SELECT * FROM " + b.Quote(name) + " WHERE " + b.Quote("user_id") + " = ")
	b.AddVar(&text, Arg{name, b.owner})
	text.WriteString(") AS " + b.Quote(cmp.Or(table.Alias, name)))
	return clause.Table{Name: text.String(), Raw: true}
}

// where limits updates and deletions to the owner's rows.
func (b builder) where(c clause.Clause) clause.Clause {
	if !b.writesOwned() || b.reads() {
		return c
	}
	b.mustContain(b.SQL.String())
	conditions := []clause.Expression{b.isOwners(Arg{b.Table, b.owner})}
	if c.Expression != nil {
		conditions = append(conditions, inParentheses{c.Expression})
	}
	c.Expression = clause.Where{Exprs: conditions}
	return c
}

func (b builder) isOwners(value any) clause.Expression {
	return clause.Eq{Column: clause.Column{Table: b.Table, Name: "user_id"}, Value: value}
}

// values sets the owner of every new row.
func (b builder) values(c clause.Clause) clause.Clause {
	values, ok := c.Expression.(clause.Values)
	if !ok || !b.writesOwned() {
		return c
	}
	at := slices.IndexFunc(values.Columns, isOwner)
	if at < 0 {
		at = len(values.Columns)
		values.Columns = append(slices.Clone(values.Columns), clause.Column{Name: "user_id"})
	}
	for i, row := range values.Values {
		if at == len(row) {
			row = append(row, b.owner)
		}
		for j, value := range row {
			if !isOwner(values.Columns[j]) {
				row[j] = contain(value)
				continue
			}
			if value != "" && value != b.owner {
				b.AddError(ErrForeignOwner)
			}
			row[j] = b.owner
		}
		if i == 0 {
			row[at] = Arg{b.Table, b.owner} // one Arg: the statement names its table once
		}
		values.Values[i] = row
	}
	c.Expression = values
	return c
}

// set prevents an update from changing the owner.
func (b builder) set(c clause.Clause) clause.Clause {
	if set, ok := c.Expression.(clause.Set); ok && b.writesOwned() {
		c.Expression = b.keepOwner(set)
	}
	return c
}

// onConflict limits an upsert to the owner's rows. findConflict reports a
// conflict with another user's row.
func (b builder) onConflict(c clause.Clause) clause.Clause {
	conflict, ok := c.Expression.(clause.OnConflict)
	if !ok || !b.writesOwned() || conflict.DoNothing {
		return c
	}
	conflict.DoUpdates = b.keepOwner(conflict.DoUpdates)
	if len(conflict.TargetWhere.Exprs) > 0 {
		conflict.TargetWhere.Exprs = []clause.Expression{inParentheses{conflict.TargetWhere}}
	}
	conditions := []clause.Expression{b.isOwners(b.owner)}
	if len(conflict.Where.Exprs) > 0 {
		conditions = append(conditions, inParentheses{conflict.Where})
	}
	conflict.Where.Exprs = conditions
	c.Expression = conflict
	return c
}

// keepOwner sets the owner's column to the owner. It reports a value that is
// another user.
func (b builder) keepOwner(set clause.Set) clause.Set {
	set = slices.Clone(set)
	for i, a := range set {
		if !isOwner(a.Column) {
			set[i].Value = contain(a.Value)
			continue
		}
		if a.Value != "" && a.Value != b.owner && a.Value != (clause.Column{Table: "excluded", Name: "user_id"}) {
			b.AddError(ErrForeignOwner)
		}
		set[i].Value = b.owner
	}
	return set
}

// isOwner reports whether a column is the owner's. SQLite ignores the case of
// names, even of quoted ones.
func isOwner(c clause.Column) bool { return strings.EqualFold(c.Name, "user_id") }

// contain puts SQL values in parentheses, so that they cannot set another
// column or end the clause.
func contain(value any) any {
	switch v := value.(type) {
	case clause.Expr:
		if v.SQL == "DEFAULT" || v.SQL == "NULL" {
			return v // written by GORM
		}
	case clause.Column:
		if !v.Raw {
			return v
		}
	case clause.Expression, gorm.Valuer, *gorm.DB, []any:
	default:
		return v
	}
	return inParentheses{clause.Expr{SQL: "?", Vars: []any{value}, WithoutParentheses: true}}
}

// inParentheses writes an expression in parentheses. It reports text that could
// close them, because a caller may have pasted input into the SQL.
type inParentheses struct{ clause.Expression }

func (p inParentheses) Build(writer clause.Builder) {
	stmt := writer.(*gorm.Statement)
	stmt.WriteByte('(')
	start := stmt.SQL.Len()
	p.Expression.Build(stmt)
	builder{Statement: stmt}.mustContain(stmt.SQL.String()[start:])
	stmt.WriteByte(')')
}

func (b builder) mustContain(text string) {
	if !contained(text) {
		b.AddError(fmt.Errorf("%w: %q may close its parentheses; bind values with ? and write no comment, bracket or "+
			"escape", ErrUnscoped, text))
	}
}

// fill sets the id and the owner of new rows, so that hooks and callers see
// them.
func (b builder) fill() {
	if b.Schema == nil {
		return
	}
	fill := func(row reflect.Value) {
		if row = reflect.Indirect(row); row.Kind() != reflect.Struct {
			return
		}
		for column, value := range map[string]string{"id": uuid.Must(uuid.NewV7()).String(), "user_id": b.owner} {
			if field := b.Schema.FieldsByDBName[column]; field != nil {
				if _, empty := field.ValueOf(b.Context, row); empty {
					b.AddError(field.Set(b.Context, row, value))
				}
			}
		}
	}
	if rows := b.ReflectValue; rows.Kind() == reflect.Slice || rows.Kind() == reflect.Array {
		for i := range rows.Len() {
			fill(rows.Index(i))
		}
		return
	}
	fill(b.ReflectValue)
}

// findConflict returns gorm.ErrRecordNotFound for an upsert that met another
// user's row, as if that row did not exist.
func (b builder) findConflict() {
	conflict, ok := b.Clauses["ON CONFLICT"].Expression.(clause.OnConflict)
	values, _ := b.Clauses["VALUES"].Expression.(clause.Values)
	if ok && !conflict.DoNothing && !b.DryRun && b.RowsAffected < int64(len(values.Values)) {
		b.AddError(gorm.ErrRecordNotFound)
	}
}
