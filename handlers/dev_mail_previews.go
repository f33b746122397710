package handlers

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/mail"
	"example.com/gatehouse/views/dev"
)

// mailPreviews returns all mails, with made-up content.
func (h *Handlers) mailPreviews() (all []mail.Message) {
	messages := mail.NewMessages(h.config.AppName, h.config.AppURL)
	sample := mail.NewSample(h.config.ConfirmTTL, h.config.ResetTTL)
	for _, preview := range h.previews {
		all = append(all, preview(messages, sample))
	}
	return all
}

// mailPreview is the mail of the kind that the address names.
func (h *Handlers) mailPreview(c echo.Context) (mail.Message, error) {
	all := h.mailPreviews()
	i := slices.IndexFunc(all, func(m mail.Message) bool { return m.Kind == c.Param("kind") })
	if i < 0 {
		return mail.Message{}, echo.ErrNotFound
	}
	return all[i], nil
}

// DevMailPreviews lists every mail.
func (h *Handlers) DevMailPreviews(c echo.Context) error {
	var rows []dev.MailRow
	for _, m := range h.mailPreviews() {
		rows = append(rows, previewRow(m))
	}
	return h.web.Render(c, http.StatusOK, dev.MailPreviews(rows))
}

func previewRow(m mail.Message) dev.MailRow {
	return dev.MailRow{Kind: m.Kind, To: m.To, Subject: m.Subject}
}

// DevMailPreview shows one.
func (h *Handlers) DevMailPreview(c echo.Context) error {
	m, err := h.mailPreview(c)
	if err != nil {
		return err
	}
	return h.web.Render(c, http.StatusOK, dev.MailPreview(dev.MailView{MailRow: previewRow(m), Text: m.Text}))
}

// DevMailPreviewHTML is the HTML part of one, for the frame in DevMailPreview.
func (h *Handlers) DevMailPreviewHTML(c echo.Context) error {
	m, err := h.mailPreview(c)
	if err != nil {
		return err
	}
	return showMail(c, m.HTML)
}
