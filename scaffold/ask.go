package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
)

// asker asks the person at the terminal.
type asker struct {
	in  *bufio.Scanner
	out io.Writer
}

var errNoAnswer = errors.New("no answer came, and nothing was written")

// ask repeats the question until check, which may be nil, accepts the answer. An empty one is the default.
func (a *asker) ask(question, byDefault string, check func(string) error) (string, error) {
	if byDefault != "" {
		question += " [" + byDefault + "]"
	}
	for {
		fmt.Fprint(a.out, question+": ")
		if !a.in.Scan() {
			return "", cmp.Or(a.in.Err(), errNoAnswer)
		}
		answer := cmp.Or(strings.TrimSpace(a.in.Text()), byDefault)
		if check == nil {
			return answer, nil
		}
		err := check(answer)
		if err == nil {
			return answer, nil
		}
		fmt.Fprintf(a.out, "  %v\n", err)
	}
}
