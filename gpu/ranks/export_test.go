package ranks

import "time"

// SetGrace is for tests of ranks that wait for ever.
func (d *Device) SetGrace(t time.Duration) { d.grace = t }
