package queue

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Current is the layout that these programs work with.
const Current = 2

const layoutFile = "LAYOUT"

// Layout returns the layout of the queue in dir; 0 where there is none yet.
func Layout(dir string) (int, error) {
	raw, err := os.ReadFile(filepath.Join(dir, layoutFile))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read layout: %w", err)
	}
	layout, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	if err != nil {
		return 0, fmt.Errorf("queue %q: layout %q is no number", dir, raw)
	}
	return layout, nil
}

// Migrate brings dir to the current layout, step by step, and returns the
// layout it had. Run again it changes nothing. A folder of a newer layout is an
// error: going back is not possible.
func Migrate(dir string) (from int, err error) {
	from, err = Layout(dir)
	if err != nil {
		return 0, err
	}
	if from > Current {
		return from, fmt.Errorf("queue %q has layout %d, newer than %d; use a newer migrate", dir, from, Current)
	}
	for layout := from + 1; layout <= Current; layout++ {
		if err := step(dir, layout); err != nil {
			return from, fmt.Errorf("migrate to layout %d: %w", layout, err)
		}
	}
	return from, nil
}

// step goes from the layout before to layout. What it does can be done twice:
// the layout's number is written last.
func step(dir string, layout int) error {
	var folders []string
	switch layout {
	case 1:
		folders = []string{Waiting, Done}
	case 2: // jobs under way got a folder of their own
		folders = []string{Working}
	}
	for _, folder := range folders {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o750); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, layoutFile), []byte(strconv.Itoa(layout)+"\n"), 0o640)
}
