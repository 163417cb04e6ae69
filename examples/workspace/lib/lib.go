// Package lib has the words that programs of this workspace share.
package lib

import "fmt"

// Greeting is a line for somebody at an hour from 0 to 23.
func Greeting(hour int, name string) string {
	switch {
	case hour < 5 || hour >= 22:
		return fmt.Sprintf("hello, %s: good night", name)
	case hour < 12:
		return fmt.Sprintf("hello, %s: good morning", name)
	}
	return fmt.Sprintf("hello, %s: good day", name)
}
