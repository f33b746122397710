package handlers

import (
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/mail"
	"example.com/gatehouse/views/dev"
)

// mailPreviews are all mails, with made-up data. Their links lead to pages that say what becomes of a link that is void.
func (h *Handlers) mailPreviews() []mail.Message {
	const to, token = "ada@example.com", "made-up"
	incident := mail.Incident{At: time.Date(2026, time.November, 22, 14, 5, 0, 0, time.UTC), IP: "203.0.113.7",
		Device: "Firefox on Linux", Token: token, Life: 7 * 24 * time.Hour}
	messages := mail.NewMessages(h.config.AppName, h.config.AppURL)
	return []mail.Message{
		messages.ConfirmAddress(to, token, h.config.ConfirmTTL),
		messages.AddressTaken(to),
		messages.ResetPassword(to, token, h.config.ResetTTL),
		messages.NewDevice(to, incident),
		messages.UnfinishedLogIn(to, incident),
		messages.PasswordReset(to, incident),
		messages.PasswordChanged(to, incident),
		messages.PasswordExpired(to, incident.At),
		messages.FactorChanged(to, "An authenticator app was added.", incident),
		messages.MoreAlerts(to, mail.Fold(nil, mail.Alert{Says: "New recovery codes were made. Older ones no longer work.", At: incident.At, IP: incident.IP, Device: incident.Device}), incident),
		messages.RecoverAccount(to, token, time.Hour),
		messages.RecoveryCodeUsed(to, 3, incident),        // feature:recovery_codes
		messages.PasskeyCopied(to, "Bitwarden", incident), // feature:passkeys
		messages.AccountExported(to, incident),
		messages.MailLogin(to, "K7QW-3MXP", mail.Incident{At: incident.At, IP: incident.IP, Device: incident.Device, Token: token, Life: 10 * time.Minute}), // feature:mail_login
		messages.AccountDeletion(to, incident.At.Add(incident.Life), incident),
		messages.AccountRestored(to, incident),
		messages.RestoreAccount(to, incident.At.Add(incident.Life), token, incident.Life),
		messages.AccountClosing(to, incident.At.Add(incident.Life)),
		messages.ConfirmEmailChange(to, token, h.config.ConfirmTTL),
		messages.ApproveEmailChange(to, mail.Incident{At: incident.At, IP: incident.IP, Device: incident.Device, Token: token, Life: h.config.ConfirmTTL}),
		messages.EmailChangeClosing(to, incident.At.Add(incident.Life)),
		messages.EmailChangeTaken(to),
		messages.EmailReserved(to),
		messages.EmailChanged(to, incident),
		messages.UndoEmailChange(to, incident),
		messages.EmailChangeUndone(to),
	}
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
