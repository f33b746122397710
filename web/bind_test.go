package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/views"
)

// FuzzForm sends any body as any kind of form: it is bound, or refused with a 4xx, and what is bound is clean text.
func FuzzForm(f *testing.F) {
	for _, body := range []string{"email=a&password=b", "email=%zz", "email=a&email=b", "email=%00", "remember=on&next=%2F", "=&&=&", "=x", "email=\xff"} {
		f.Add(echo.MIMEApplicationForm, body)
	}
	f.Add("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\na\r\n--x--\r\n")
	f.Add("application/json", "{}")
	f.Fuzz(func(t *testing.T, media, body string) {
		r := httptest.NewRequest(http.MethodPost, "/login?email=address&password=address", strings.NewReader(body))
		r.Header.Set("Content-Type", media)
		var form views.LoginForm
		err := Bind(echo.New().NewContext(r, httptest.NewRecorder()), &form)
		if err != nil {
			if refused, ok := err.(*echo.HTTPError); !ok || refused.Code < 400 || refused.Code > 499 {
				t.Fatalf("%q as %q: %v", body, media, err)
			}
			return
		}
		for _, value := range []string{form.Email, form.Password, form.Next} {
			if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
				t.Fatalf("%q as %q bound %q", body, media, value)
			}
			if form.TooMuch {
				t.Fatalf("%q set what is no field", body)
			}
			if value == "address" && !strings.Contains(body, value) {
				t.Fatal("a field was read from the address")
			}
		}
	})
}
