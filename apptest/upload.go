package apptest

import (
	"bytes"
	"mime/multipart"
	"net/http"
)

// Upload sends a form with one file.
func (b *Browser) Upload(path, field, name string, content []byte) *Page {
	b.App.T.Helper()
	page, err := b.TryUpload(path, field, name, content)
	if err != nil {
		b.App.T.Fatalf("uploading %s to %s: %v", name, path, err)
	}
	return page
}

// TryUpload does what Upload does for goroutines, which must not end the test.
func (b *Browser) TryUpload(path, field, name string, content []byte) (*Page, error) {
	return b.Send(b.UploadRequest(path, field, name, content))
}

// UploadRequest returns the request that Upload sends.
func (b *Browser) UploadRequest(path, field, name string, content []byte) *http.Request {
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile(field, name)
	if err != nil {
		b.App.T.Error(err)
		return nil
	}
	part.Write(content)
	w.Close()
	r := b.Request(http.MethodPost, path, &form)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return r
}
