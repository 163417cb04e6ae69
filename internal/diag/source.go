package diag

import "bytes"

// Range is the stretch between two offsets of the file. Offsets outside the file
// are moved to its ends.
func (s Source) Range(start, end int) Range {
	start = min(max(start, 0), len(s.Data))
	end = min(max(end, start), len(s.Data))
	return Range{Start: s.position(start), End: s.position(end)}
}

// RestOfLine is the stretch from an offset to the end of its line.
func (s Source) RestOfLine(start int) Range {
	start = min(max(start, 0), len(s.Data))
	line := s.Data[start:]
	if i := bytes.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	}
	return s.Range(start, start+len(bytes.TrimRight(line, "\r \t")))
}

func (s Source) position(at int) Position {
	before := s.Data[:at]
	return Position{
		Line:   1 + bytes.Count(before, []byte("\n")),
		Column: at - bytes.LastIndexByte(before, '\n'),
	}
}
