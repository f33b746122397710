package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"example.com/gatehouse/app"
	"example.com/gatehouse/web"
)

// routes lists the routes for people.
func routes(_ context.Context, call *app.Call) error {
	list, err := readRoutes(call)
	if err != nil {
		return err
	}
	return printRoutes(call.Out, list, strings.Join(call.Args, " "))
}

// readRoutes needs nothing but the settings, so it works without a database.
func readRoutes(call *app.Call) ([]web.Route, error) {
	c, err := call.Config()
	if err != nil {
		return nil, err
	}
	_, list := (&app.Core{Config: c, Log: call.Log(c), Now: time.Now, Features: call.Features}).Site()
	return list, nil
}

// writeRoutes writes the list that a fresh clone prints into routes.txt, which
// is under version control: a review sees who may open a new page. The file has
// to be the same on every machine, so the environment is ignored.
func writeRoutes(ctx context.Context, call *app.Call) error {
	var list bytes.Buffer
	fresh := *call
	fresh.Environ, fresh.Out = nil, &list
	if err := routes(ctx, &fresh); err != nil {
		return err
	}
	return os.WriteFile("routes.txt", list.Bytes(), 0o644)
}

// routeLine has fixed columns, so that a new route changes no other line of
// routes.txt.
const routeLine = "%-6s %-34s %-22s %-24s %s"

// printRoutes writes the lines that contain the word, with a blank line
// wherever the guard changes.
func printRoutes(out io.Writer, list []web.Route, word string) error {
	var text strings.Builder
	fmt.Fprintf(&text, routeLine+"\n", "METHOD", "PATH", "GUARD", "HANDLER", "LIMITS")
	shown, guard := 0, ""
	for _, r := range list {
		line := strings.TrimRight(fmt.Sprintf(routeLine, r.Method, r.Path, r.Guard, r.Handler, limitsOf(r)), " ")
		if !strings.Contains(strings.ToLower(line), strings.ToLower(word)) {
			continue
		}
		if r.Guard != guard && shown > 0 {
			text.WriteString("\n")
		}
		text.WriteString(line + "\n")
		guard = r.Guard
		shown++
	}
	if shown == 0 {
		return fmt.Errorf("no line contains %q", word)
	}
	fmt.Fprintf(&text, "\nRoutes without a body limit take %s. A visitor may send less to every route.\n",
		size(web.MaxBody))
	_, err := io.WriteString(out, text.String())
	return err
}

func limitsOf(r web.Route) string {
	var limits []string
	if r.MaxBody != web.MaxBody {
		limits = append(limits, "body "+size(r.MaxBody))
	}
	for _, l := range r.Limits {
		limits = append(limits, l.String())
	}
	return strings.Join(limits, "; ")
}

func size(bytes int64) string {
	if bytes%(1<<20) == 0 {
		return fmt.Sprintf("%d MB", bytes>>20)
	}
	return fmt.Sprintf("%d kB", bytes>>10)
}

// route and limit are what "routes --json" writes. Scripts read them: names may
// be added, but never changed.
type route struct {
	Method  string  `json:"method"`
	Path    string  `json:"path"`
	Guard   string  `json:"guard"`
	Handler string  `json:"handler"`
	MaxBody int64   `json:"max_body"`
	Limits  []limit `json:"limits"`
}

type limit struct {
	Rule           string `json:"rule"`
	Free           int    `json:"free"`
	WindowSeconds  int    `json:"window_seconds"`
	Growing        bool   `json:"growing"`
	MaxWaitSeconds int    `json:"max_wait_seconds"`
	ClosedAt       int    `json:"closed_at"`
}

// routesJSON lists the routes for machines.
func routesJSON(_ context.Context, call *app.Call) error {
	list, err := readRoutes(call)
	if err != nil {
		return err
	}
	all := []route{}
	for _, r := range list {
		limits := []limit{}
		for _, l := range r.Limits {
			limits = append(limits, limit{l.Name, l.Max, int(l.Window.Seconds()), l.Grows(),
				int(l.Backoff.Max.Seconds()), l.LockAfter})
		}
		all = append(all, route{r.Method, r.Path, r.Guard, r.Handler, r.MaxBody, limits})
	}
	encoder := json.NewEncoder(call.Out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(all)
}
