package auth

import (
	_ "embed"
	"strings"
)

//go:generate go run common_passwords_generate.go $PASSWORDS_JSON common_passwords.txt

// commonPasswords are the 42,692 passwords of six characters or more among the 49,233 most common ones, in lower case, a
// line each, in the order of their bytes: so that it is searched where it lies in the program's file, and costs neither
// time at the start nor memory that is the program's own.
//
// They are the data of the npm package @zxcvbn-ts/language-common 4.1.3 (src/passwords.json), used under the MIT license:
//
// Copyright (c) 2012-2016 Dan Wheeler and Dropbox, Inc.
// Copyright (c) 2021 @zxcvbn-ts
//
// Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
// documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
// rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
// persons to whom the Software is furnished to do so, subject to the following conditions:
//
// The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
// Software.
//
// THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
// WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
// COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
// OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
//
//go:embed common_passwords.txt
var commonPasswords string

// The lengths of what is listed, in bytes, which are all ASCII.
const (
	leastCommon = 6
	mostCommon  = 20
)

// isCommon says whether a word in lower case is on the list.
func isCommon(word string) bool {
	if len(word) < leastCommon || len(word) > mostCommon {
		return false
	}
	low, high := 0, len(commonPasswords)
	for low < high {
		middle := low + (high-low)/2
		start := low + strings.LastIndexByte(commonPasswords[low:middle], '\n') + 1
		end := middle + strings.IndexByte(commonPasswords[middle:], '\n')
		switch line := commonPasswords[start:end]; {
		case line == word:
			return true
		case line < word:
			low = end + 1
		default:
			high = start
		}
	}
	return false
}
