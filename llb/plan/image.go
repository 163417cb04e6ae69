package plan

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/template"
	"github.com/gokiln/gokiln/spec"
)

// Default base images. Both run as the user nonroot.
const (
	StaticBase = "gcr.io/distroless/static:nonroot"
	CgoBase    = "gcr.io/distroless/base:nonroot"
	// Scratch is the name of the empty image.
	Scratch = "scratch"
)

// defaultPath is PATH in an image made from scratch, as the Dockerfile frontend
// sets it.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// BaseImage returns the reference of the base image: image.base, else
// distroless static, or distroless base where programs need a C library.
func BaseImage(s *spec.Spec) string {
	switch {
	case s.Image.Base != "":
		return s.Image.Base
	case s.Build.Cgo:
		return CgoBase
	}
	return StaticBase
}

// newImage decides the final stage: config, files and programs.
func newImage(in Input, values template.Values, programs []string) (imageDraft, error) {
	if err := checkBase(in); err != nil {
		return imageDraft{}, err
	}
	if err := checkFiles(in, programs); err != nil {
		return imageDraft{}, err
	}
	epoch := epoch(in.Options)
	in.Files = withWorkdir(in.Files, in.Spec.Image.Workdir)
	config, err := newConfig(in, values, programs, epoch)
	if err != nil {
		return imageDraft{}, err
	}
	img := imageDraft{
		Config:   config,
		Base:     in.Base,
		Epoch:    epoch.Unix(),
		Files:    in.Files,
		Programs: programs,
		NoCache:  in.Options.NoCache[StageImage],
		At:       []diag.Range{in.Spec.At("image.base")},
	}
	for i := range in.Spec.Image.Files {
		img.FilesAt = append(img.FilesAt, in.Spec.At(spec.Index("image.files", i)))
	}
	return img, nil
}

// withWorkdir adds the working folder to those that are made, as WORKDIR does.
func withWorkdir(f Files, dir string) Files {
	if dir == "" {
		return f
	}
	dir = path.Clean(dir)
	if dir != "/" && !slices.ContainsFunc(f.Dirs, func(d Dir) bool { return d.Path == dir }) {
		f.Dirs = append(slices.Clone(f.Dirs), Dir{Path: dir})
	}
	return f
}

// checkBase refuses a base image made for another platform: the image would
// claim to run where its base does not.
func checkBase(in Input) error {
	if in.Base == nil || in.Base.Architecture == "" {
		return nil
	}
	if in.Base.Architecture == in.Target.Architecture && in.Base.OS == in.Target.OS {
		return nil
	}
	return in.Spec.Errorf("image.base",
		"%s is an image for %s/%s, the build is for %s/%s; take a base image that has the platform, or leave the platform out",
		BaseImage(in.Spec), in.Base.OS, in.Base.Architecture, in.Target.OS, in.Target.Architecture)
}

// checkFiles refuses files at or below a program's path: the program would
// replace the file without a word, or could not be put in a folder's place.
func checkFiles(in Input, programs []string) error {
	var errs diag.List
	for _, c := range in.Files.Copies {
		to := path.Clean(c.To)
		for _, name := range programs {
			program := path.Join(ProgramDir, name)
			if to != program && !strings.HasPrefix(to, program+"/") {
				continue
			}
			field := spec.Key(spec.Index("image.files", c.Entry), "to")
			errs = append(errs, in.Spec.Errorf(field, "%q is where the program %s goes; choose another path", to, name))
		}
	}
	return errs.Err()
}

// newConfig lays the spec over the base image's config, with the semantics of a
// Dockerfile: a new entrypoint drops the base's command, everything else that
// the spec does not set survives.
func newConfig(in Input, values template.Values, programs []string, epoch time.Time) (dockerspec.DockerOCIImage, error) {
	img, err := cloneBase(in.Base, in.Target)
	if err != nil {
		return img, err
	}
	img.Created = &epoch
	s := in.Spec.Image
	c := &img.Config
	c.Env = mergeEnv(c.Env, s.Env)
	c.Entrypoint = s.Entrypoint
	if c.Entrypoint == nil {
		c.Entrypoint = []string{path.Join(ProgramDir, programs[0])}
	}
	c.Cmd = s.Cmd
	c.OnBuild = nil
	if s.User != "" {
		c.User = s.User
	}
	if s.Workdir != "" {
		c.WorkingDir = s.Workdir
	}
	if s.StopSignal != "" {
		c.StopSignal = s.StopSignal
	}
	c.ExposedPorts = addKeys(c.ExposedPorts, s.Ports)
	c.Volumes = addKeys(c.Volumes, s.Volumes)
	c.Healthcheck = mergeHealthcheck(c.Healthcheck, s.Healthcheck)

	x := &expander{spec: in.Spec, values: values}
	for _, k := range slices.Sorted(maps.Keys(s.Labels)) {
		c.Labels = setKey(c.Labels, k, x.expand(s.Labels[k]))
	}
	for k, v := range in.Options.Labels {
		c.Labels = setKey(c.Labels, k, v)
	}
	img.History = append(img.History, history(in, programs, epoch)...)
	return img, x.errs.Err()
}

// cloneBase copies the base image's config by way of its encoding, so that no
// map or slice is shared between platforms that are planned at once.
func cloneBase(base *dockerspec.DockerOCIImage, target ocispecs.Platform) (dockerspec.DockerOCIImage, error) {
	var img dockerspec.DockerOCIImage
	if base != nil {
		data, err := json.Marshal(base)
		if err != nil {
			return img, fmt.Errorf("image.base: encode config: %w", err)
		}
		if err := json.Unmarshal(data, &img); err != nil {
			return img, fmt.Errorf("image.base: decode config: %w", err)
		}
	} else {
		img.Config.Env = []string{"PATH=" + defaultPath}
	}
	img.OS, img.Architecture, img.Variant = target.OS, target.Architecture, target.Variant
	img.RootFS = ocispecs.RootFS{Type: "layers"} // the exporter fills it
	return img, nil
}

// history describes the layers that gokiln adds, in their order.
func history(in Input, programs []string, epoch time.Time) []ocispecs.History {
	var h []ocispecs.History
	add := func(what string) {
		h = append(h, ocispecs.History{Created: &epoch, CreatedBy: what, Comment: "gokiln"})
	}
	if len(in.Files.Dirs)+len(in.Files.Copies) > 0 {
		var what []string
		for _, f := range in.Spec.Image.Files {
			what = append(what, f.From+" -> "+f.To)
		}
		if in.Spec.Image.Workdir != "" {
			what = append(what, "workdir "+in.Spec.Image.Workdir)
		}
		add("files: " + strings.Join(what, ", "))
	}
	add("programs: " + strings.Join(programs, ", ") + " -> " + ProgramDir)
	return h
}

// mergeEnv keeps the base's order, replaces values in place and appends what is
// new by name.
func mergeEnv(base []string, set map[string]string) []string {
	out := slices.Clone(base)
	done := map[string]bool{}
	for i, kv := range out {
		name, _, _ := strings.Cut(kv, "=")
		if v, ok := set[name]; ok {
			out[i] = name + "=" + v
			done[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if !done[name] {
			out = append(out, name+"="+set[name])
		}
	}
	return out
}

func addKeys(m map[string]struct{}, keys []string) map[string]struct{} {
	for _, k := range keys {
		m = setKey(m, k, struct{}{})
	}
	return m
}

func setKey[V any](m map[string]V, k string, v V) map[string]V {
	if m == nil {
		m = map[string]V{}
	}
	m[k] = v
	return m
}

// mergeHealthcheck lets fields that the spec leaves out come from the base.
func mergeHealthcheck(base *dockerspec.HealthcheckConfig, set *spec.Healthcheck) *dockerspec.HealthcheckConfig {
	if set == nil {
		return base
	}
	var out dockerspec.HealthcheckConfig
	if base != nil {
		out = *base
	}
	if len(set.Test) > 0 {
		out.Test = set.Test
	}
	for _, f := range []struct {
		to   *time.Duration
		from time.Duration
	}{
		{&out.Interval, set.Interval},
		{&out.Timeout, set.Timeout},
		{&out.StartPeriod, set.StartPeriod},
		{&out.StartInterval, set.StartInterval},
	} {
		if f.from != 0 {
			*f.to = f.from
		}
	}
	if set.Retries != 0 {
		out.Retries = set.Retries
	}
	return &out
}
