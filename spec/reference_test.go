package spec

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/internal/recipe"
	stamps "github.com/gokiln/gokiln/internal/template"
)

const referenceFile = "../docs/reference.md"

// TestReference holds docs/reference.md to the tables of keys, template values
// and functions.
func TestReference(t *testing.T) {
	text, err := os.ReadFile("testdata/reference.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	page, err := template.New("reference").Delims("<%", "%>").Funcs(template.FuncMap{
		"cell": func(s string) string { return strings.ReplaceAll(s, "|", `\|`) },
		"code": func(s string) string { return "`" + strings.ReplaceAll(s, "|", `\|`) + "`" },
		"list": func(names []string) string {
			quoted := make([]string, len(names))
			for i, n := range names {
				quoted[i] = "`." + n + "`"
			}
			return strings.Join(quoted, ", ")
		},
	}).Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := page.Execute(&out, referenceData()); err != nil {
		t.Fatal(err)
	}
	golden(t, referenceFile, out.String())
}

// section is a group of keys of the reference.
type section struct {
	Title, Doc string
	Keys       []Field
}

func referenceData() any {
	sections := []section{{Title: "Top level"}}
	for _, f := range Fields() {
		group := ""
		if i := strings.LastIndexByte(f.Path, '.'); i >= 0 {
			group = f.Path[:i]
		}
		at := 0
		for i, s := range sections {
			if s.Title == "`"+group+"`" {
				at = i
			}
		}
		sections[at].Keys = append(sections[at].Keys, f)
		switch {
		case f.Path == "apps":
			sections = append(sections, section{Title: "`apps.*`", Doc: "Each app has the keys of the top level, without `modules`, `cache` and `apps`, and these."})
		case f.Path == "image.files" || f.Path == "modules.auth":
			sections = append(sections, section{Title: "`" + f.Path + "[]`", Doc: "Each element of `" + f.Path + "` has these keys."})
		case f.Default == "":
			sections = append(sections, section{Title: "`" + f.Path + "`", Doc: f.Doc})
		}
	}
	var templates []string
	for _, f := range Fields() {
		if f.Template {
			templates = append(templates, "`"+f.Path+"`")
		}
	}
	flags := func(names []string) string { return "`-" + strings.Join(names, "`, `-") + "`" }
	variables := func(names []string) string {
		names = slices.DeleteFunc(names, func(n string) bool { _, owned := ownedEnv(n); return owned })
		return "`" + strings.Join(names, "`, `") + "`"
	}
	free, folders, programs, flagsOfC := recipe.Variables()
	return map[string]any{
		"LinkerFlags": flags(recipe.LinkerFlags()), "CompilerFlags": flags(recipe.CompilerFlags()), "AssemblerFlags": flags(recipe.AssemblerFlags()),
		"FreeVariables": variables(free), "FolderVariables": variables(folders), "ProgramVariables": variables(programs), "FlagVariables": variables(flagsOfC),
		"Sections": sections, "Templates": strings.Join(templates, ", "),
		"Reserved": "`" + strings.Join(ReservedNames(), "`, `") + "`",
		"Names":    stamps.Names(), "Functions": stamps.Functions(),
		"MaxSize": maxSize >> 20, "MaxNodes": maxNodes, "MaxDepth": maxDepth, "MaxPorts": maxPorts,
		"MaxApps": maxApps, "MaxInherited": maxInherited, "MaxTemplates": maxTemplates,
		"TemplateSize": stamps.MaxSize >> 10,
	}
}

// TestFields holds that every key of the table is documented and decoded: its
// example alone makes a Spec that differs from the default one, and has a place.
func TestFields(t *testing.T) {
	for _, f := range Fields() {
		if f.Doc == "" || !strings.HasSuffix(f.Doc, ".") || f.Type == "" {
			t.Errorf("%s: the table lacks a sentence or a type", f.Path)
		}
		if f.Default == "" {
			continue // A group: its keys speak for it.
		}
		data, path := wrap(f.Path, f.Example)
		s, err := Parse("gokiln.yaml", data)
		if err != nil {
			t.Errorf("%s: the example is refused: %v\n%s", f.Path, err, data)
			continue
		}
		without := bytes.Replace(data, []byte(lastLine(data)), nil, 1)
		base, err := Parse("gokiln.yaml", without)
		if err == nil && cmp.Equal(base, s, plain) {
			t.Errorf("%s: its example changes nothing", f.Path)
		}
		if got, _ := sliceOf(data, s.At(path)); got != f.Example {
			t.Errorf("At(%q) holds %q, want %q", path, got, f.Example)
		}
	}
}

func lastLine(data []byte) string {
	lines := bytes.SplitAfter(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
	return string(lines[len(lines)-1])
}

// TestReferenceExamples parses every yaml block of the reference that is a whole
// spec.
func TestReferenceExamples(t *testing.T) {
	page, err := os.ReadFile(referenceFile)
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(page), "```yaml\n")[1:]
	if len(blocks) == 0 {
		t.Fatal("no examples")
	}
	for i, block := range blocks {
		data, _, _ := strings.Cut(block, "```")
		if _, err := Parse(fmt.Sprintf("example%d.yaml", i+1), []byte(data)); err != nil {
			t.Errorf("%v\n%s", err, data)
		}
	}
}

// TestReadmeKeys holds the README's table of keys to the schema. Regenerate with:
// go test ./spec -run TestReadmeKeys -update
func TestReadmeKeys(t *testing.T) {
	const file, begin, end = "../README.md", "<!-- keys:begin -->\n", "<!-- keys:end -->"
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(page), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no marks for the table of keys", file)
	}
	cell := func(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
	var table strings.Builder
	table.WriteString("\n| key | type | default |\n|---|---|---|\n")
	for _, f := range Fields() {
		if f.Type == "a map" && f.Default == "" {
			continue // a group, whose keys follow
		}
		kind := cell(f.Type)
		if f.Template {
			kind += "; template"
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", f.Path, kind, cell(f.Default))
	}
	golden(t, file, before+begin+table.String()+"\n"+end+after)
}
