// feature:notes|profile_picture

package handlers

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/models"
	"example.com/gatehouse/web"
)

// maxPicture is the largest body with a picture in it, in bytes: the file, and what a form puts around it.
const maxPicture = models.MaxPicture + web.MaxBody

// sendPicture answers with a picture that models.Pictures made.
func (h *Handlers) sendPicture(c echo.Context, mediaType string, data []byte) error {
	header := c.Response().Header()
	// Opened by itself it is a document of this site. What our own encoder wrote holds no script; were that ever wrong, it would have
	// nothing to run in.
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
	header.Set(echo.HeaderContentDisposition, "inline")
	header.Set(echo.HeaderContentLength, strconv.Itoa(len(data)))
	return c.Blob(http.StatusOK, mediaType, data)
}
