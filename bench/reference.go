package main

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"errors"
	"io"
	"net/http"
	"os"
	"sync"

	"example.com/gatehouse/models"
	"example.com/gatehouse/views"
	"example.com/gatehouse/views/layout"
)

// referenceWord is the argument that makes this program the reference. An
// address and a database file follow it.
const referenceWord = "reference"

// findAsker is the reference's only query.
const findAsker = `SELECT s.id, s.last_seen_at, u.id, u.name, u.email, u.created_at FROM sessions s JOIN users u ON u.id = s.user_id
	WHERE s.token_hash = ? AND s.expires_at > CURRENT_TIMESTAMP AND u.disabled_at IS NULL`

// reference answers every request with the dashboard in the fewest lines:
// net/http, one prepared query, the page rendered into a pooled buffer. It has
// no middleware, headers, timeouts, log, or signed cookie. Its query takes no
// context, which costs more than the query with the driver for cgo. Its speed
// is that of an application in which all of this is free. It ends with its
// standard input, and so with the bench.
func reference(address, file string) error {
	db, err := sql.Open(sqliteDriver, "file:"+file+"?_busy_timeout=5000&_loc=UTC&_query_only=on")
	if err != nil {
		return err
	}
	db.SetMaxIdleConns(8) // closing a connection discards its prepared statement
	db.SetMaxOpenConns(8)
	find, err := db.Prepare(findAsker)
	if err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	buffers := sync.Pool{New: func() any { return new(bytes.Buffer) }}
	return http.ListenAndServe(address, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie("token")
		if err != nil {
			http.Error(w, "log in", http.StatusUnauthorized)
			return
		}
		var session models.Session
		var user models.User
		hash := sha256.Sum256([]byte(cookie.Value))
		err = find.QueryRow(hash[:]).Scan(&session.ID, &session.LastSeenAt, &user.ID, &user.Name, &user.Email,
			&user.CreatedAt)
		if errors.Is(err, sql.ErrNoRows) {
			http.Error(w, "log in", http.StatusUnauthorized)
			return
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		buffer := buffers.Get().(*bytes.Buffer)
		defer buffers.Put(buffer)
		buffer.Reset()
		ctx := layout.With(r.Context(), layout.Request{AppName: appName, User: &user, Path: r.URL.Path})
		if err := views.Dashboard(&user, nil).Render(ctx, buffer); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(buffer.Bytes()) // the client may have disconnected
	}))
}
