package handlers

import (
	"example.com/gatehouse/auth"
	"example.com/gatehouse/middleware"
	"example.com/gatehouse/views"
	"example.com/gatehouse/web"
)

// Routes registers every route of the core: its address, who may open it, the
// handler and its limits.
func (h *Handlers) Routes(r *web.Router) {
	open, site, either, guest, app := r.Open, r.Site, r.Either, r.Guest, r.App
	factor := r.Step("needs a second factor", auth.FactorStep)
	renewing := r.Step("needs a new password", auth.PasswordStep)
	accepting := r.Step("needs accepted terms", auth.TermsStep) // feature:terms

	open.GET("/healthz", h.Healthz)
	open.GET("/readyz", h.Readyz)
	open.GET("/assets/*", h.Assets)
	open.GET("/.well-known/change-password", h.ChangePasswordAddress)
	open.GET("/.well-known/passkey-endpoints", h.PasskeyEndpoints) // feature:passkeys

	either.GET("/", h.page(views.Home))
	site.GET("/email/confirm", h.ConfirmEmailPage)
	site.POST("/email/confirm", h.ConfirmEmail, web.Limits(auth.LimitConfirm))
	site.GET("/password/forgot", h.ForgotPasswordPage)
	site.POST("/password/forgot", h.ForgotPassword, web.Limits(auth.ForgotLimits...))
	site.GET("/password/forgot/sent", h.ForgotPasswordSent)
	site.GET("/password/reset", h.ResetPasswordPage)
	site.POST("/password/reset", h.ResetPassword, web.Limits(auth.LimitInvalidLink))
	site.GET("/security-alert", h.SecurityAlertPage)
	site.POST("/security-alert", h.SecurityAlert, web.Limits(auth.LimitInvalidLink))
	site.GET("/account-recovery", h.AccountRecoveryPage)
	site.POST("/account-recovery", h.AccountRecovery, web.Limits(auth.LimitInvalidLink))
	site.GET("/account/restore", h.RestoreAccountPage)
	site.POST("/account/restore", h.RestoreAccount, web.Limits(auth.LimitInvalidLink))
	site.GET("/email/change", h.EmailLinkPage)
	either.POST("/email/change", h.EmailLink, web.Limits(auth.LimitInvalidLink))
	site.GET("/email/undo", h.UndoEmailPage)
	site.POST("/email/undo", h.UndoEmail, web.Limits(auth.LimitInvalidLink))
	site.GET("/terms", h.TermsPage) // feature:terms
	site.POST("/logout", h.Logout)

	guest.GET("/register", h.RegisterPage)
	guest.POST("/register", h.Register, web.Limits(auth.RegisterLimits...))
	guest.GET("/register/sent", h.RegisterSent)
	guest.POST("/register/resend", h.ResendRegistration, web.Limits(auth.ResendLimits...))
	guest.POST("/register/correct", h.CorrectRegistration, web.Limits(auth.ResendLimits...))
	guest.GET("/login", h.LoginPage)
	guest.POST("/login", h.Login, web.Limits(auth.LoginLimits...))
	guest.GET("/login/mail", h.MailLoginPage)                                                       // feature:mail_login
	guest.POST("/login/mail", h.MailLogin, web.Limits(auth.MailLoginLimits...))                     // feature:mail_login
	guest.GET("/login/mail/sent", h.MailLoginSent)                                                  // feature:mail_login
	guest.POST("/login/mail/sent", h.MailLoginCode, web.Limits(auth.LimitMailLoginCode))            // feature:mail_login
	guest.GET("/login/mail/confirm", h.MailLoginLinkPage)                                           // feature:mail_login
	guest.POST("/login/mail/confirm", h.MailLoginLink, web.Limits(auth.LimitInvalidLink))           // feature:mail_login
	guest.POST("/login/passkey", h.PasskeyLogin, web.Limits(auth.LimitPasskeyIP))                   // feature:passkeys
	guest.POST("/login/passkey/options", h.PasskeyLoginOptions, web.Limits(auth.LimitPasskeyAsked)) // feature:passkeys

	factor.GET("/login/factor", h.SecondFactorPage)
	factor.POST("/login/factor", h.SecondFactor, web.Limits(auth.FactorLimits...))
	factor.POST("/login/factor/options", h.PasskeyFactorOptions, web.Limits(auth.LimitPasskeyAsked)) // feature:passkeys

	renewing.GET("/login/password", h.NewPasswordPage)
	renewing.POST("/login/password", h.NewPassword)

	accepting.GET("/login/terms", h.AcceptTermsPage)                                            // feature:terms
	accepting.POST("/login/terms", h.AcceptTerms)                                               // feature:terms
	accepting.POST("/login/terms/export", h.ExportWithoutTerms, web.Limits(auth.LimitExport))   // feature:terms
	accepting.GET("/login/terms/delete", h.DeleteWithoutTermsPage)                              // feature:terms
	accepting.POST("/login/terms/delete", h.DeleteWithoutTerms, web.Limits(auth.LimitDeletion)) // feature:terms

	app.GET("/dashboard", h.Dashboard)
	app.GET("/account", h.AccountPage)
	app.POST("/account", h.Account)
	app.GET("/account/preferences", h.PreferencesPage)
	app.POST("/account/preferences", h.Preferences)
	app.GET("/account/email", h.EmailPage)
	app.POST("/account/email", h.ChangeEmail, web.Limits(auth.EmailChangeLimits...))
	app.POST("/account/email/cancel", h.CancelEmailChange, web.Protects)
	app.GET("/account/picture", h.ProfilePicturePage)                       // feature:profile_picture
	app.POST("/account/picture", h.SetProfilePicture, web.Body(maxPicture)) // feature:profile_picture
	app.POST("/account/picture/remove", h.RemoveProfilePicture)             // feature:profile_picture
	app.GET("/account/picture/image", h.ProfilePicture)                     // feature:profile_picture
	app.GET("/account/security", h.SecurityPage)
	app.POST("/account/security", h.Security, web.Limits(auth.LimitReauth), web.Protects)
	app.GET("/account/prove", h.ReauthenticatePage)
	app.POST("/account/prove", h.Reauthenticate, web.Limits(auth.FactorLimits...), web.Protects)
	app.POST("/account/prove/options", h.PasskeyReauthOptions, web.Limits(auth.LimitPasskeyAsked), web.Protects) // feature:passkeys
	app.GET("/account/passkeys", h.PasskeysPage)                                                                 // feature:passkeys
	app.GET("/account/passkeys/new", h.NewPasskeyPage)                                                           // feature:passkeys
	app.POST("/account/passkeys/new", h.NewPasskey)                                                              // feature:passkeys
	app.POST("/account/passkeys/new/options", h.NewPasskeyOptions, web.Limits(auth.LimitPasskeyAsked))           // feature:passkeys
	app.POST("/account/passkeys/rename", h.RenamePasskey)                                                        // feature:passkeys
	app.POST("/account/passkeys/remove", h.RemovePasskey, web.Protects)                                          // feature:passkeys
	app.POST("/account/passkeys/decline", h.DeclinePasskey)                                                      // feature:passkeys
	app.GET("/account/totp", h.TOTPPage)                                                                         // feature:totp
	app.GET("/account/totp/new", h.NewTOTPPage)                                                                  // feature:totp
	app.POST("/account/totp/new", h.NewTOTP, web.Limits(auth.LimitChallenge))                                    // feature:totp
	app.POST("/account/totp/rename", h.RenameTOTP)                                                               // feature:totp
	app.POST("/account/totp/remove", h.RemoveTOTP, web.Protects)                                                 // feature:totp
	app.GET("/account/recovery-codes", h.RecoveryCodesPage)                                                      // feature:recovery_codes
	app.POST("/account/recovery-codes", h.MakeRecoveryCodes)                                                     // feature:recovery_codes
	app.POST("/account/recovery-codes/download", h.DownloadRecoveryCodes)                                        // feature:recovery_codes
	app.GET("/account/trusted-devices", h.TrustedDevicesPage)                                                    // feature:trusted_devices
	app.POST("/account/trusted-devices/end", h.EndTrust, web.Protects)                                           // feature:trusted_devices
	app.POST("/account/trusted-devices/end-all", h.EndAllTrust, web.Protects)                                    // feature:trusted_devices
	app.GET("/account/sessions", h.SessionsPage)
	app.POST("/account/sessions/end", h.EndSession, web.Protects)
	app.POST("/account/sessions/end-others", h.EndOtherSessions, web.Protects)
	app.GET("/account/delete", h.DeleteAccountPage)
	app.POST("/account/delete", h.DeleteAccount, web.Limits(auth.LimitDeletion))
	app.GET("/account/export", h.AccountExportPage)
	app.POST("/account/export", h.AccountExport, web.Limits(auth.LimitExport))
	app.GET("/account/activity", h.ActivityPage)

	reports := app.May(auth.ReadReports)
	reports.GET("/sign-ups", h.SignUps)

	app.GET("/notes", h.Notes)                                         // feature:notes
	app.GET("/notes/new", h.NewNotePage)                               // feature:notes
	app.POST("/notes/new", h.NewNote)                                  // feature:notes
	app.GET("/notes/:id", h.Note)                                      // feature:notes
	app.GET("/notes/:id/edit", h.EditNotePage)                         // feature:notes
	app.POST("/notes/:id/edit", h.EditNote)                            // feature:notes
	app.POST("/notes/:id/pin", h.PinNote)                              // feature:notes
	app.POST("/notes/:id/delete", h.DeleteNote)                        // feature:notes
	app.POST("/notes/:id/restore", h.RestoreNote)                      // feature:notes
	app.GET("/notes/:id/image", h.NoteImage)                           // feature:notes
	app.POST("/notes/:id/image", h.SetNoteImage, web.Body(maxPicture)) // feature:notes
	app.POST("/notes/:id/image/delete", h.DeleteNoteImage)             // feature:notes

	if !h.config.Production {
		dev := site.With("private network", middleware.DevelopmentOnly(h.log))
		dev.GET("/dev/mail", h.DevMailPage)
		dev.GET("/dev/mail/:id", h.DevMailMessage)
		dev.GET("/dev/mail/:id/html", h.DevMailHTML)
		dev.GET("/dev/mail/previews", h.DevMailPreviews)
		dev.GET("/dev/mail/previews/:kind", h.DevMailPreview)
		dev.GET("/dev/mail/previews/:kind/html", h.DevMailPreviewHTML)
		dev.GET("/dev/ui", h.DevUIPage)
		dev.GET("/dev/ui/:part", h.DevUIPart)
		dev.POST("/dev/ui/:part", h.DevUISubmit)
	}
}
