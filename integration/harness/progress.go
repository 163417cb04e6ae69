package harness

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
)

// Step is a vertex of a build as the daemon reported it.
type Step struct {
	Digest string
	Name   string
	Inputs []string
	// Cached means that the daemon had the result.
	Cached bool
	// Ran means that the daemon did the work to its end.
	Ran   bool
	Error string
	// Log is what the step wrote, both streams together.
	Log string
	// Took is from the last start to the completion, zero if either is missing.
	Took time.Duration
}

// status is the part of a line of --progress rawjson that is of use here; the
// whole is SolveStatus in BuildKit's package client.
type status struct {
	Vertexes []vertex `json:"vertexes"`
	Logs     []struct {
		Vertex string `json:"vertex"`
		Data   []byte `json:"data"`
	} `json:"logs"`
	Warnings []struct {
		Short []byte `json:"short"`
	} `json:"warnings"`
}

type vertex struct {
	Digest    string     `json:"digest"`
	Name      string     `json:"name"`
	Inputs    []string   `json:"inputs"`
	Started   *time.Time `json:"started"`
	Completed *time.Time `json:"completed"`
	Cached    bool       `json:"cached"`
	Error     string     `json:"error"`
}

// ParseProgress splits what buildx or buildctl wrote under --progress rawjson
// into the steps and the rest, which is text for people, warnings included.
func ParseProgress(output []byte) (steps []Step, text string) {
	index := map[string]int{}
	at := func(digest string) *Step {
		i, ok := index[digest]
		if !ok {
			i = len(steps)
			index[digest] = i
			steps = append(steps, Step{Digest: digest})
		}
		return &steps[i]
	}
	var rest strings.Builder
	for line := range bytes.Lines(output) {
		var s status
		if !bytes.HasPrefix(line, []byte("{")) || json.Unmarshal(line, &s) != nil {
			rest.Write(line)
			continue
		}
		for _, v := range s.Vertexes {
			at(v.Digest).update(v)
		}
		for _, l := range s.Logs {
			at(l.Vertex).Log += string(l.Data)
		}
		for _, w := range s.Warnings {
			rest.WriteString("warning: " + string(w.Short) + "\n")
		}
	}
	return steps, rest.String()
}

// update takes over what a later report of the same vertex says.
func (s *Step) update(v vertex) {
	s.Name, s.Inputs = v.Name, v.Inputs
	s.Cached = s.Cached || v.Cached
	if v.Error != "" {
		s.Error = v.Error
	}
	if v.Started != nil && v.Completed != nil {
		s.Took = v.Completed.Sub(*v.Started)
	}
	s.Ran = v.Completed != nil && !s.Cached && s.Error == ""
}
