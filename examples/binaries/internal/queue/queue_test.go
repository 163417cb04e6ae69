package queue

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func migrated(t *testing.T) (Queue, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "queue")
	if from, err := Migrate(dir); err != nil || from != 0 {
		t.Fatalf("migrate a new folder: from %d, %v", from, err)
	}
	q, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return q, dir
}

func TestJobsMove(t *testing.T) {
	q, _ := migrated(t)
	added, err := q.Add("one two")
	if err != nil {
		t.Fatal(err)
	}
	expect := func(want string) {
		t.Helper()
		if job, state, err := q.Find(added.ID); err != nil || state != want || job.Text != "one two" {
			t.Errorf("found %+v, %q, %v; want it %s", job, state, err, want)
		}
	}
	expect(Waiting)
	taken, err := q.Take()
	if err != nil || taken != added {
		t.Fatalf("took %+v, %v; want %+v", taken, err, added)
	}
	expect(Working)
	if n, err := q.Requeue(); err != nil || n != 1 {
		t.Errorf("requeued %d, %v; want 1", n, err)
	}
	expect(Waiting)
	if taken, err = q.Take(); err != nil {
		t.Fatal(err)
	}
	taken.Words = 2
	if err := q.Finish(taken); err != nil {
		t.Fatal(err)
	}
	expect(Done)
	if job, _, err := q.Find(added.ID); err != nil || job.Words != 2 {
		t.Errorf("counts were lost: %+v, %v", job, err)
	}
	if _, err := q.Take(); !errors.Is(err, ErrEmpty) {
		t.Errorf("take from an empty queue: %v", err)
	}
}

func TestOldestFirst(t *testing.T) {
	q, _ := migrated(t)
	for _, text := range []string{"first", "second", "third"} {
		if _, err := q.Add(text); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"first", "second", "third"} {
		if job, err := q.Take(); err != nil || job.Text != want {
			t.Errorf("took %q, %v; want %q", job.Text, err, want)
		}
	}
}

func TestNoJobIsTakenTwice(t *testing.T) {
	q, _ := migrated(t)
	const jobs = 40
	for range jobs {
		if _, err := q.Add("text"); err != nil {
			t.Fatal(err)
		}
	}
	var (
		mu    sync.Mutex
		seen  = map[string]int{}
		group sync.WaitGroup
	)
	for range 4 {
		group.Go(func() {
			for {
				job, err := q.Take()
				if errors.Is(err, ErrEmpty) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				seen[job.ID]++
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if len(seen) != jobs {
		t.Errorf("%d jobs were taken, want %d", len(seen), jobs)
	}
	for id, times := range seen {
		if times != 1 {
			t.Errorf("job %s was taken %d times", id, times)
		}
	}
}

func TestFindRefusesWhatIsNoID(t *testing.T) {
	q, dir := migrated(t)
	if err := os.WriteFile(filepath.Join(dir, "other.json"), []byte(`{"text":"no job"}`), 0o640); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"", "../other", "x", "01234567-89ab-7def-8123-456789abcdef"} {
		if _, _, err := q.Find(id); !errors.Is(err, ErrNoJob) {
			t.Errorf("%q: got %v, want %v", id, err, ErrNoJob)
		}
	}
}

func TestLayouts(t *testing.T) {
	_, dir := migrated(t)
	write := func(layout string) {
		if err := os.WriteFile(filepath.Join(dir, layoutFile), []byte(layout), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	if from, err := Migrate(dir); err != nil || from != Current {
		t.Errorf("migrate again: from %d, %v", from, err)
	}
	for layout, want := range map[string]string{
		"1\n": "run migrate", "3\n": "run migrate", "two": `layout "two" is no number`,
	} {
		write(layout)
		if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("layout %q: got %v, want %q in it", layout, err, want)
		}
	}
	write("3\n")
	if _, err := Migrate(dir); err == nil || !strings.Contains(err.Error(), "use a newer migrate") {
		t.Errorf("migrate back: %v", err)
	}
	write("1\n")
	if from, err := Migrate(dir); err != nil || from != 1 {
		t.Errorf("migrate from 1: from %d, %v", from, err)
	}
	if _, err := Open(t.TempDir()); err == nil {
		t.Error("a folder that is no queue was opened")
	}
}
