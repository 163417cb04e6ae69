// Package llbtest holds helpers for tests of LLB: printing a definition so that
// a diff can be read, and questions about which vertex descends from which. No
// code outside of tests may import it.
package llbtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
)

// Vertex is one op of a definition with what surrounds it.
type Vertex struct {
	// Index is the op's place in the definition, inputs before users.
	Index  int
	Op     *pb.Op
	Name   string
	Meta   *pb.OpMetadata
	Inputs []Input
	Lines  []int32
}

// Input names the vertex and output that an op takes.
type Input struct{ Vertex, Output int }

// Vertices decodes a definition. Inputs are given by index and not by digest, so
// that one change does not show in every vertex after it.
func Vertices(def *llb.Definition) ([]Vertex, error) {
	p := def.ToPB()
	index := map[digest.Digest]int{}
	var out []Vertex
	for i, data := range p.Def {
		op := &pb.Op{}
		if err := op.UnmarshalVT(data); err != nil {
			return nil, fmt.Errorf("op %d: %w", i, err)
		}
		dgst := digest.FromBytes(data)
		index[dgst] = i
		v := Vertex{Index: i, Op: op, Meta: p.Metadata[dgst.String()]}
		if v.Meta != nil {
			v.Name = v.Meta.Description["llb.customname"]
		}
		for _, in := range op.Inputs {
			v.Inputs = append(v.Inputs, Input{Vertex: index[digest.Digest(in.Digest)], Output: int(in.Index)})
		}
		if p.Source != nil {
			v.Lines = lines(p.Source.Locations[dgst.String()])
		}
		out = append(out, v)
	}
	return out, nil
}

func lines(l *pb.Locations) []int32 {
	var out []int32
	for _, loc := range l.GetLocations() {
		for _, r := range loc.Ranges {
			out = append(out, r.Start.Line)
		}
	}
	return out
}

// Print renders a definition, a block per vertex.
func Print(def *llb.Definition) (string, error) {
	vs, err := Vertices(def)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, v := range vs {
		printVertex(&b, v)
	}
	return b.String(), nil
}

func printVertex(b *strings.Builder, v Vertex) {
	p := printer{b}
	switch op := v.Op.Op.(type) {
	case *pb.Op_Source:
		p.head(v, "source "+op.Source.Identifier)
		p.attrs(op.Source.Attrs)
	case *pb.Op_Exec:
		p.head(v, "exec")
		p.exec(v, op.Exec)
	case *pb.Op_File:
		p.head(v, "file")
		p.file(v, op.File)
	case nil:
		p.head(v, "result "+inputs(v))
	default:
		p.head(v, fmt.Sprintf("%T %s", op, inputs(v)))
	}
	b.WriteByte('\n')
}

type printer struct{ *strings.Builder }

func (p printer) head(v Vertex, what string) {
	fmt.Fprintf(p, "#%d %s\n", v.Index, what)
	if v.Name != "" {
		fmt.Fprintf(p, "  name: %s\n", v.Name)
	}
	if pl := v.Op.Platform; pl != nil {
		fmt.Fprintf(p, "  platform: %s\n", strings.Trim(pl.OS+"/"+pl.Architecture+"/"+pl.Variant, "/"))
	}
	if len(v.Lines) > 0 {
		fmt.Fprintf(p, "  lines: %v\n", v.Lines)
	}
	if v.Meta != nil && v.Meta.IgnoreCache {
		fmt.Fprintln(p, "  ignore cache")
	}
}

func (p printer) attrs(attrs map[string]string) {
	for _, k := range slices.Sorted(maps.Keys(attrs)) {
		fmt.Fprintf(p, "  %s: %s\n", k, attrs[k])
	}
}

func inputs(v Vertex) string {
	var parts []string
	for _, in := range v.Inputs {
		parts = append(parts, in.String())
	}
	return strings.Join(parts, " ")
}

// String renders an input as "#2", or "#2.1" for the second output.
func (in Input) String() string {
	if in.Output == 0 {
		return fmt.Sprintf("#%d", in.Vertex)
	}
	return fmt.Sprintf("#%d.%d", in.Vertex, in.Output)
}
