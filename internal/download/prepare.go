package download

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/module"

	"github.com/gokiln/gokiln/internal/goproxy"
	"github.com/gokiln/gokiln/internal/modstep"
	"github.com/gokiln/gokiln/internal/symptom"
)

// prepare makes the go command's environment, and lends it what the store has.
func (r *run) prepare(ctx context.Context, env []string) error {
	if err := r.readSecrets(); err != nil {
		return err
	}
	vars := environ(env)
	for _, name := range []string{modstep.ProxyEnv, "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"} {
		r.secrets.addURL(vars[name])
	}
	if err := checkURLs(vars[modstep.ProxyEnv]); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(r.paths.Scratch, "tmp"), 0o755); err != nil {
		return err
	}
	if err := r.lend(); err != nil {
		return err
	}
	proxy := firstOf(strings.TrimSpace(vars[modstep.ProxyEnv]), strings.TrimSpace(r.config.Proxy))
	delete(vars, modstep.ProxyEnv)
	tmp := filepath.Join(r.paths.Scratch, "tmp")
	for name, value := range map[string]string{
		"GO111MODULE": "on", "GOMODCACHE": r.paths.ModCache, "GOENV": "off", "GOTOOLCHAIN": "local",
		"GOTMPDIR": tmp, "TMPDIR": tmp, "GOCACHE": filepath.Join(r.paths.Scratch, "gocache"),
		"GOWORK": r.config.GoWork, "GOTELEMETRY": "off",
		// Messages are told apart by their words.
		"LC_ALL": "C",
		// An index of whole modules pays only from the second time on.
		"GODEBUG": joined(vars["GODEBUG"], "goindex=0"),
	} {
		vars[name] = value
	}
	if vars["HOME"] == "" {
		vars["HOME"] = tmp
	}
	r.env = listOf(vars)
	known, err := r.goEnv(ctx)
	if err != nil {
		return err
	}
	proxy = firstOf(proxy, known["GOPROXY"])
	// Whatever goes wrong there is no more than that it lends nothing.
	vars["GOPROXY"] = goproxy.File(filepath.ToSlash(r.lent())) + "|" + proxy
	if err := r.login(ctx, vars, known["GOVERSION"]); err != nil {
		return err
	}
	r.env = listOf(vars)
	return r.copyPrivate(firstOf(known["GONOPROXY"], known["GOPRIVATE"]))
}

// checkURLs finds a password that is not percent-encoded: the go command would
// print the URL, or send it elsewhere than was meant.
func checkURLs(list string) error {
	for i, e := range goproxy.Parse(list) {
		if login, _, _ := e.Login(); login == "" {
			continue
		}
		if u, err := url.Parse(e.Text); err != nil || u.Host == "" || strings.Contains(u.Path, "@") {
			return Failure{
				Code: symptom.Secret, Text: fmt.Sprintf("element %d of the secret goproxy is not a URL", i+1),
				Cure: "write https:// first, and percent-encode what the password holds besides letters and digits",
			}
		}
	}
	return nil
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func joined(values ...string) string {
	var out []string
	for _, v := range values {
		if v != "" {
			out = append(out, v)
		}
	}
	return strings.Join(out, ",")
}

// goEnv asks the toolchain for its settings.
func (r *run) goEnv(ctx context.Context) (map[string]string, error) {
	names := []string{"GOPROXY", "GOVERSION", "GONOPROXY", "GOPRIVATE"}
	out := r.command(ctx, r.env, "go", append([]string{"env"}, names...)...)
	if out.err != nil {
		return nil, Failure{
			Code: symptom.Other, Text: fmt.Sprintf("go env: %v\n%s", out.err, strings.Join(out.stderr, "\n")),
			Cure: "is this a toolchain image? see modules.image",
		}
	}
	values := map[string]string{}
	for i, line := range strings.Split(string(out.stdout), "\n") {
		if i < len(names) {
			values[names[i]] = strings.TrimSpace(line)
		}
	}
	return values, nil
}

// forget takes a version out of the module cache, so that it is fetched anew.
func (r *run) forget(m module.Version) error {
	var errs []error
	for _, ext := range []string{extZip, extHash, extMod, extInfo, ".lock", ".partial"} {
		if name, ok := fileOf(downloads(r.paths.ModCache), m, ext); ok {
			if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
		}
	}
	if dir, ok := dirOf(r.paths.ModCache, m); ok {
		errs = append(errs, removeAll(dir))
	}
	return errors.Join(errs...)
}

// removeAll removes folders that the go command took the write permission from.
func removeAll(dir string) error {
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			return os.Chmod(name, 0o755)
		}
		return ignoreMissing(err)
	})
	return errors.Join(err, os.RemoveAll(dir))
}
