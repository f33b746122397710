package web

import (
	"strconv"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/models"
)

// ListQuery is what a list page's address asks for.
func ListQuery(c echo.Context) models.Query {
	page, _ := strconv.Atoi(c.QueryParam("page")) // what is no number is the first page
	return models.Query{Search: c.QueryParam("q"), Sort: c.QueryParam("sort"), Page: page}
}
