// Package clock tells the hour.
package clock

import "time"

// Hour is the hour of the day in UTC, 0 to 23.
func Hour() int { return time.Now().UTC().Hour() }
