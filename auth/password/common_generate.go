//go:build ignore

// This program writes common.txt from src/passwords.json of the npm package that
// common.go names.
package main

import (
	"encoding/json"
	"log"
	"os"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: go run common_generate.go passwords.json common.txt")
	}
	data, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var words []string
	if err := json.Unmarshal(data, &words); err != nil {
		log.Fatal(err)
	}
	for i, word := range words {
		words[i] = strings.ToLower(word)
	}
	words = slices.DeleteFunc(words, func(word string) bool { return len(word) < 6 })
	slices.Sort(words)
	words = slices.Compact(words)
	if err := os.WriteFile(os.Args[2], []byte(strings.Join(words, "\n")+"\n"), 0o644); err != nil {
		log.Fatal(err)
	}
}
