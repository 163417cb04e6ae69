package builder

import (
	"errors"
	"fmt"
	"regexp"

	gatewaypb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/errdefs"

	"github.com/gokiln/gokiln/internal/modstep"
	"github.com/gokiln/gokiln/internal/symptom"
	"github.com/gokiln/gokiln/spec"
)

// explain turns the daemon's word on a failed step into what the user can act
// on. The module step says by its exit status which symptom it saw; the details
// are in its output, which clients show above the error.
func explain(err error, apps ...*spec.Spec) error {
	for _, s := range apps {
		if located := missingSecret(err, s); located != nil {
			return located
		}
	}
	var exit *gatewaypb.ExitError
	if !errors.As(err, &exit) || failedProgram(err) != modstep.Program {
		return err
	}
	code, ok := symptom.FromExit(int(exit.ExitCode))
	if !ok {
		return err
	}
	return fmt.Errorf("%s %s: %w", summary(code), code.Tag(), err)
}

// failedProgram is the program of the command that has failed, "" where it was none.
// BuildKit sends the step's op along with the error.
func failedProgram(err error) string {
	var failed *errdefs.SolveError
	if !errors.As(err, &failed) {
		return ""
	}
	args := failed.Op.GetExec().GetMeta().GetArgs()
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

// summary is what a symptom means for the build; the step's output above it
// names the module, the server and the cure.
func summary(code symptom.Code) string {
	texts := map[symptom.Code]string{
		symptom.Timeout:     "modules could not be downloaded: a server gave no answer in time or cut the connection",
		symptom.Denied:      "modules could not be downloaded: a server refused the credentials, or wants some; see modules.auth",
		symptom.NotFound:    "modules could not be downloaded: no server has a version that go.mod asks for; for a private module see modules.private and modules.auth",
		symptom.Mismatch:    "a module's content is not what go.sum says; nothing of it was kept",
		symptom.MissingSum:  "go.sum lacks an entry; run `go mod tidy` and commit go.sum",
		symptom.NoModule:    "no required module provides a package; run `go mod tidy` and commit go.mod and go.sum",
		symptom.SSH:         "modules could not be downloaded: an SSH server refused the key, or its own key is not in known_hosts",
		symptom.ServerError: "modules could not be downloaded: a server answered with an error of its own",
		symptom.Certificate: "modules could not be downloaded: a server's certificate is of an authority that the step does not trust; pass your company's with --secret id=ca-certificates,src=FILE",
		symptom.NoGit:       "modules could not be downloaded: one comes from its repository and the toolchain image has no git; set modules.image to one that has, or modules.proxy to a proxy",
		symptom.Name:        "modules could not be downloaded: a server's name does not resolve",
		symptom.Offline:     "modules are missing, and modules.proxy allows no download",
		symptom.Answer:      "modules could not be downloaded: a server sent something else than a module's file, such as a login page",
		symptom.Secret:      "modules could not be downloaded: a secret is empty or holds no login for its host",
	}
	if text, ok := texts[code]; ok {
		return text
	}
	return "modules could not be downloaded"
}

// What the daemon and buildx say of a secret or an agent that was not passed.
var (
	noSecretRule = regexp.MustCompile(`secret ([^\s:]+): not found`)
	noAgentRule  = regexp.MustCompile(`(?:unset ssh forward key |no SSH key "?)([^\s"]+)`)
)

// missingSecret points at the entry of modules.auth that wants what the client
// did not pass.
func missingSecret(err error, s *spec.Spec) error {
	secret, agent := firstMatch(noSecretRule, err), firstMatch(noAgentRule, err)
	for i, a := range s.Modules.Auth {
		var key, cure string
		switch {
		case secret != "" && a.Token == secret:
			key, cure = "token", "--secret id="+secret+",env=VARIABLE (or src=FILE)"
		case secret != "" && a.Netrc == secret:
			key, cure = "netrc", "--secret id="+secret+",src=FILE"
		case agent != "" && a.SSH == agent:
			key, cure = "ssh", "--ssh "+agent
		default:
			continue
		}
		return s.Errorf(spec.Key(spec.Index("modules.auth", i), key), "the build got no %q; pass it with %s %s: %w",
			secret+agent, cure, symptom.Secret.Tag(), err)
	}
	return nil
}

func firstMatch(rule *regexp.Regexp, err error) string {
	if m := rule.FindStringSubmatch(err.Error()); m != nil {
		return m[1]
	}
	return ""
}
