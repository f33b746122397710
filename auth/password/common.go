package password

import (
	_ "embed"
	"slices"
	"strings"
)

//go:generate go run common_generate.go $PASSWORDS_JSON common.txt

// commonPasswords has the 42,692 passwords of at least six characters among the
// 49,233 most common ones, in lower case, one a line and sorted by bytes. It is
// searched in place, in the program's file, so it costs neither time at the
// start nor memory.
//
// The passwords come from the npm package @zxcvbn-ts/language-common 4.1.3
// (src/passwords.json), used under the MIT license:
//
// Copyright (c) 2012-2016 Dan Wheeler and Dropbox, Inc.
// Copyright (c) 2021 @zxcvbn-ts
//
// Permission is hereby granted, free of charge, to any person obtaining a copy
// of this software and associated documentation files (the "Software"), to
// deal in the Software without restriction, including without limitation the
// rights to use, copy, modify, merge, publish, distribute, sublicense, and/or
// sell copies of the Software, and to permit persons to whom the Software is
// furnished to do so, subject to the following conditions:
//
// The above copyright notice and this permission notice shall be included in
// all copies or substantial portions of the Software.
//
// THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
// IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
// FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
// AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
// LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING
// FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS
// IN THE SOFTWARE.
//
//go:embed common.txt
var commonPasswords string

// leastCommon is the length in bytes of the shortest common password.
const leastCommon = 6

// isCommon reports whether a password in lower case is on the list.
func isCommon(password string) bool {
	return slices.Contains(commonAtStart(password), password)
}

// commonAtStart returns the common passwords that s begins with.
func commonAtStart(s string) []string { return wordsAtStart(commonPasswords, s) }

// wordsAtStart returns the lines of a sorted list that s begins with. Git for
// Windows may end them in \r\n.
func wordsAtStart(list, s string) []string {
	if len(s) < leastCommon {
		return nil
	}
	// The first line that does not sort before s[:leastCommon] is the first that
	// begins with it.
	low, high := 0, len(list)
	for low < high {
		middle := low + (high-low)/2
		start := low + strings.LastIndexByte(list[low:middle], '\n') + 1
		end := middle + strings.IndexByte(list[middle:], '\n')
		if list[start:end] < s[:leastCommon] {
			low = end + 1
		} else {
			high = start
		}
	}
	var found []string
	for line := range strings.Lines(list[low:]) {
		word := strings.TrimRight(line, "\r\n")
		if !strings.HasPrefix(word, s[:leastCommon]) {
			break
		}
		if strings.HasPrefix(s, word) {
			found = append(found, word)
		}
	}
	return found
}
