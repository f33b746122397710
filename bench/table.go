package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// table is a Markdown table that is readable as text.
type table struct{ rows [][3]string }

// add adds a line: what was measured, the aim ("" for none), and the figure
// with its unit.
func (t *table) add(what, aim, format string, values ...any) {
	t.rows = append(t.rows, [3]string{what, fmt.Sprintf(format, values...), aim})
}

func (t *table) print(w io.Writer) {
	rows := append([][3]string{{"what", "figure", "aim"}, {}}, t.rows...)
	var widths [3]int
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for n, row := range rows {
		for i, cell := range row {
			filler := " "
			if n == 1 {
				filler = "-"
			}
			fmt.Fprint(w, "| ", cell, strings.Repeat(filler, widths[i]-utf8.RuneCountInString(cell)), " ")
		}
		fmt.Fprintln(w, "|")
	}
}
