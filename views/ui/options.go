package ui

// Chosen is the label of the option with this value; the value itself where there is none. The pages of a generated resource show one.
func Chosen(options []Option, value string) string {
	for _, o := range options {
		if o.Value == value {
			return o.Label
		}
	}
	return value
}
