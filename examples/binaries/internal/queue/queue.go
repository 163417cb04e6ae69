// Package queue is a queue of jobs in a folder: a file per job, moved from
// waiting to working to done. A move is atomic, so that any number of workers
// can share a folder without a lock; a job is never taken twice. The folder must
// be one file system.
package queue

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"
)

// The folders of a queue; a job's state is the folder that its file is in.
const (
	Waiting = "waiting"
	Working = "working"
	Done    = "done"
)

var (
	// ErrEmpty means: no job waits.
	ErrEmpty = errors.New("no job waits")
	// ErrNoJob means: no job has that ID.
	ErrNoJob = errors.New("no such job")
)

// Job is a text to count, and the counts once it is done.
type Job struct {
	// ID is a UUID of version 7: IDs sort by the time they were made.
	ID   string `json:"id"`
	Text string `json:"text"`
	// Lines and Words are set when the job is done.
	Lines int `json:"lines"`
	Words int `json:"words"`
}

// Queue is a folder whose layout is current.
type Queue struct{ dir string }

// Open returns the queue in dir. It is an error if Migrate was never run on
// dir, or was run by a newer program.
func Open(dir string) (Queue, error) {
	layout, err := Layout(dir)
	if err != nil {
		return Queue{}, err
	}
	if layout != Current {
		return Queue{}, fmt.Errorf("queue %q has layout %d and this program needs %d; run migrate", dir, layout, Current)
	}
	return Queue{dir}, nil
}

// Add puts a job into the queue.
func (q Queue) Add(text string) (Job, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Job{}, fmt.Errorf("add job: %w", err)
	}
	job := Job{ID: id.String(), Text: text}
	return job, q.write(Waiting, job)
}

// Find returns a job and its state.
func (q Queue) Find(id string) (Job, string, error) {
	if _, err := uuid.Parse(id); err != nil {
		return Job{}, "", ErrNoJob
	}
	// In the order that jobs move, so that none slips by between two looks.
	for _, state := range []string{Waiting, Working, Done} {
		job, err := q.read(state, id)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return job, state, err
	}
	return Job{}, "", ErrNoJob
}

// Take moves the oldest waiting job to working and returns it, or ErrEmpty.
func (q Queue) Take() (Job, error) {
	entries, err := os.ReadDir(filepath.Join(q.dir, Waiting))
	if err != nil {
		return Job{}, fmt.Errorf("take job: %w", err)
	}
	for _, entry := range entries {
		id, isJob := strings.CutSuffix(entry.Name(), ".json")
		if !isJob {
			continue
		}
		err := os.Rename(q.path(Waiting, id), q.path(Working, id))
		if errors.Is(err, fs.ErrNotExist) {
			continue // another worker was faster
		}
		if err != nil {
			return Job{}, fmt.Errorf("take job: %w", err)
		}
		return q.read(Working, id)
	}
	return Job{}, ErrEmpty
}

// Finish moves a taken job to done, with its counts.
func (q Queue) Finish(job Job) error {
	if err := q.write(Done, job); err != nil {
		return err
	}
	if err := os.Remove(q.path(Working, job.ID)); err != nil {
		return fmt.Errorf("finish job: %w", err)
	}
	return nil
}

// Requeue moves every job that is being worked on back to waiting and returns
// how many there were. It is for jobs whose worker died: no worker may run.
func (q Queue) Requeue() (int, error) {
	left, err := filepath.Glob(filepath.Join(q.dir, Working, "*.json"))
	if err != nil {
		return 0, fmt.Errorf("requeue: %w", err)
	}
	for i, path := range left {
		if err := os.Rename(path, filepath.Join(q.dir, Waiting, filepath.Base(path))); err != nil {
			return i, fmt.Errorf("requeue: %w", err)
		}
	}
	return len(left), nil
}

func (q Queue) path(state, id string) string { return filepath.Join(q.dir, state, id+".json") }

func (q Queue) read(state, id string) (Job, error) {
	raw, err := os.ReadFile(q.path(state, id))
	if err != nil {
		return Job{}, err
	}
	var job Job
	if err := json.Unmarshal(raw, &job); err != nil {
		return Job{}, fmt.Errorf("job %q: %w", id, err)
	}
	return job, nil
}

// write makes a job's file appear in one step: nobody reads half a job.
func (q Queue) write(state string, job Job) error {
	raw, err := json.Marshal(job)
	if err != nil {
		return fmt.Errorf("write job: %w", err)
	}
	path := q.path(state, job.ID)
	if err := os.WriteFile(path+".part", raw, 0o640); err != nil {
		return fmt.Errorf("write job: %w", err)
	}
	if err := os.Rename(path+".part", path); err != nil {
		return fmt.Errorf("write job: %w", err)
	}
	return nil
}
