package proc

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
)

// identify reads what the kernel knows of a process. A zombie counts as gone once
// its last thread is: it runs no more and holds nothing but its number. The first
// thread alone may be one while others still hold the sockets.
func identify(pid int) (Identity, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Identity{}, err
	}
	start, running, err := parseStat(stat)
	if err != nil {
		return Identity{}, fmt.Errorf("process %d: %w", pid, err)
	}
	if !running {
		return Identity{}, fmt.Errorf("process %d has ended", pid)
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return Identity{}, err
	}
	return Identity{PID: pid, Start: start, Boot: strings.TrimSpace(string(boot))}, nil
}

// parseStat picks the state and the start time from a line of /proc/PID/stat.
// The second field is the program's name in parentheses and may itself hold
// spaces and parentheses, so the fields are counted from the last one.
func parseStat(stat []byte) (start string, running bool, err error) {
	i := bytes.LastIndexByte(stat, ')')
	if i < 0 {
		return "", false, errors.New("stat line without a name")
	}
	fields := bytes.Fields(stat[i+1:])
	const stateField, threadsField, startField = 0, 17, 19 // fields 3, 20 and 22 of proc_pid_stat(5)
	if len(fields) <= startField {
		return "", false, errors.New("stat line is too short")
	}
	state, threads := string(fields[stateField]), string(fields[threadsField])
	ended := state == "X" || state == "Z" && (threads == "0" || threads == "1")
	return string(fields[startField]), !ended, nil
}
