package daemon

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
)

// unmountBelow unmounts everything below dir, what was mounted last first.
// Removing the folder without that would reach into what is mounted there.
func unmountBelow(dir string) error {
	info, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	points := mountsBelow(string(info), dir)
	slices.Reverse(points)
	var failed error
	for _, point := range points {
		if err := syscall.Unmount(point, syscall.MNT_DETACH); err != nil && !errors.Is(err, syscall.EINVAL) {
			failed = errors.Join(failed, fmt.Errorf("unmount %s: %w", point, err))
		}
	}
	return failed
}

// mountsBelow picks the mount points below dir from a mountinfo file, in the
// order in which they were mounted.
func mountsBelow(mountinfo, dir string) []string {
	unescape := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
	var points []string
	for line := range strings.Lines(mountinfo) {
		fields := strings.Fields(line)
		const mountPoint = 4 // see proc_pid_mountinfo(5)
		if len(fields) <= mountPoint {
			continue
		}
		if point := unescape.Replace(fields[mountPoint]); strings.HasPrefix(point, dir+"/") {
			points = append(points, point)
		}
	}
	return points
}
