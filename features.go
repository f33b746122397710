package main

import "example.com/gatehouse/app"

// features are the optional parts of this product, each of them a folder and one
// line here.
var features = []app.Feature{}
