// Package dev holds the pages under /dev, which are served in development alone. A page of the product that is saved does not have
// them compiled again.
package dev
